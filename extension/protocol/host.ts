/** The host's end of the conversation: every message is checked, every request is answered exactly once. */
import { toErrorShape } from '../errors/engineError';
import { verbatim } from '../errors/sentence';
import type { Checks, Conversation, Give, Progress, RequestName, Take, ToView } from './rpc';
import { decode } from './rpc';

/** What a handler may use while it works. */
export interface Work<P> {
  /** Aborted when the view does not wait any more. */
  signal: AbortSignal;
  report: (progress: P) => void;
}

export interface HostHandlers<C extends Conversation> {
  event(event: C['viewEvent']): void;
  requests: { [K in RequestName<C>]: (take: Take<C, K>, work: Work<Progress<C, K>>) => Promise<Give<C, K>> };
  /** Something arrived that no version of the webview sends, or a handler failed in a way nobody foresaw. */
  problem(sentence: string): void;
}

/** Requests that are worked on, by id; one for each webview. Abort them all when it is gone. */
export type Running = Map<number, AbortController>;

/** Acts on one message from the webview. Never rejects: a handler that throws becomes a refusal. */
export async function receive<C extends Conversation>(
  checks: Checks<C>,
  value: unknown,
  handlers: HostHandlers<C>,
  post: (message: ToView<C>) => void,
  running: Running = new Map(),
): Promise<void> {
  const decoded = decode(checks, value);
  if ('problem' in decoded) {
    handlers.problem(decoded.problem);
    if (decoded.id !== null) {
      post({ kind: 'refusal', id: decoded.id, error: { code: 'ERR_ARGUMENT', ...verbatim(decoded.problem) } });
    }
    return;
  }
  const { message } = decoded;
  if (message.kind === 'event') {
    try {
      handlers.event(message.event);
    } catch (error) {
      handlers.problem(toErrorShape(error).message);
    }
    return;
  }
  const { id } = message;
  if (message.kind === 'cancel') {
    running.get(id)?.abort();
    return;
  }
  const stop = new AbortController();
  running.set(id, stop);
  try {
    // One handler for each request name: the compiler cannot see that take and handler belong together.
    const handler = handlers.requests[message.name];
    const report = (progress: Progress<C, RequestName<C>>) => {
      if (!stop.signal.aborted) post({ kind: 'progress', id, progress });
    };
    post({ kind: 'answer', id, give: await handler(message.take, { signal: stop.signal, report }) });
  } catch (error) {
    post({ kind: 'refusal', id, error: toErrorShape(error) });
  } finally {
    if (running.get(id) === stop) running.delete(id);
  }
}
