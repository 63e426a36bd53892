/** The webview's end of the conversation: requests with their answers, events without. No DOM, no vscode. */
import type { EngineErrorShape } from '../errors/errorShape';
import { SaidError } from '../errors/saidError';
import { sentence, verbatim } from '../errors/sentence';
import type { Conversation, Give, Progress, RequestName, Take, ToHost, ToView } from './rpc';

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
  progress(progress: never): void;
  resolve(give: never): void;
  reject(error: Refusal): void;
}

/** What the one who gave up is told. */
const given = (): Refusal => new Refusal({ code: 'ERR_CANCELLED', ...sentence('The request was cancelled.') });

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

  /**
   * Resolves with the host's answer; rejects with a Refusal when the host refuses or cannot be reached, and as soon as the signal
   * aborts, which tells the host.
   */
  request<K extends RequestName<C>>(
    name: K,
    take: Take<C, K>,
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (progress: Progress<C, K>) => void } = {},
  ): Promise<Give<C, K>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(given());
        return;
      }
      this.#pending.set(id, { resolve, reject, progress: (progress) => onProgress?.(progress) });
      signal?.addEventListener('abort', () => this.#giveUp(id), { once: true });
      try {
        this.post({ kind: 'request', id, name, take } as ToHost<C>);
      } catch (error) {
        this.#pending.delete(id);
        reject(new Refusal({ code: 'ERR_INTERNAL', ...verbatim(String(error)) }));
      }
    });
  }

  #giveUp(id: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    this.post({ kind: 'cancel', id });
    pending.reject(given());
  }

  /** Give every message event's data to this. */
  receive(message: ToView<C>): void {
    if (message.kind === 'event') {
      this.onEvent(message.event);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (!pending) return; // answered already: nothing waits for it
    if (message.kind === 'progress') {
      pending.progress(message.progress as never);
      return;
    }
    this.#pending.delete(message.id);
    if (message.kind === 'answer') pending.resolve(message.give as never);
    else pending.reject(new Refusal(message.error));
  }
}
