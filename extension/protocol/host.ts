/** The host's end of the conversation: every message is checked, every request is answered exactly once. */
import { toErrorShape } from '../errors/engineError';
import { verbatim } from '../errors/sentence';
import { decode, type Checks, type Conversation, type Give, type RequestName, type Take, type ToView } from './rpc';

export interface HostHandlers<C extends Conversation> {
  event(event: C['viewEvent']): void;
  requests: { [K in RequestName<C>]: (take: Take<C, K>) => Promise<Give<C, K>> };
  /** Something arrived that no version of the webview sends, or a handler failed in a way nobody foresaw. */
  problem(sentence: string): void;
}

/** Acts on one message from the webview. Never rejects: a handler that throws becomes a refusal. */
export async function receive<C extends Conversation>(
  checks: Checks<C>,
  value: unknown,
  handlers: HostHandlers<C>,
  post: (message: ToView<C>) => void,
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
  try {
    // One handler for each request name: the compiler cannot see that take and handler belong together.
    const handler = handlers.requests[message.name];
    post({ kind: 'answer', id: message.id, give: await handler(message.take) });
  } catch (error) {
    post({ kind: 'refusal', id: message.id, error: toErrorShape(error) });
  }
}
