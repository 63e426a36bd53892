/** The webview's end of the conversation: requests with their answers, events without. No DOM, no vscode. */
import type { EngineErrorShape } from '../errors/errorShape';
import { SaidError } from '../errors/saidError';
import { verbatim } from '../errors/sentence';
import type { Conversation, Give, RequestName, Take, ToHost, ToView } from './rpc';

/** A request the host refused. */
export class Refusal extends SaidError {
  readonly code: EngineErrorShape['code'];

  constructor({ code, ...said }: EngineErrorShape) {
    super(said);
    this.name = 'Refusal';
    this.code = code;
  }
}

interface Pending {
  resolve(give: never): void;
  reject(error: Refusal): void;
}

export class HostConnection<C extends Conversation> {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  constructor(
    private readonly post: (message: ToHost<C>) => void,
    private readonly onEvent: (event: C['hostEvent']) => void,
  ) {}

  send(event: C['viewEvent']): void {
    this.post({ kind: 'event', event });
  }

  /** Resolves with the host's answer; rejects with a Refusal when the host refuses or cannot be reached. */
  request<K extends RequestName<C>>(name: K, take: Take<C, K>): Promise<Give<C, K>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      try {
        this.post({ kind: 'request', id, name, take } as ToHost<C>);
      } catch (error) {
        this.#pending.delete(id);
        reject(new Refusal({ code: 'ERR_INTERNAL', ...verbatim(String(error)) }));
      }
    });
  }

  /** Give every message event's data to this. */
  receive(message: ToView<C>): void {
    if (message.kind === 'event') {
      this.onEvent(message.event);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return; // answered already: nothing waits for it
    this.#pending.delete(message.id);
    if (message.kind === 'answer') pending.resolve(message.give as never);
    else pending.reject(new Refusal(message.error));
  }
}
