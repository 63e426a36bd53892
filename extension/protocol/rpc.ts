/**
 * Events and requests between the extension host and a webview, for any two vocabularies: a kind of view is a
 * Conversation (its types, ./panel.ts for the picture's panel) and its Checks (./panelChecks.ts). ./host.ts and ./view.ts
 * are the two ends.
 */
import type { EngineErrorShape } from '../errors/errorShape';
import { integer, literal, record, text, type Check } from './checks';

/** What the two ends of a webview say to each other. */
export interface Conversation {
  /** Host to view, without an answer. */
  hostEvent: { type: string };
  /** View to host, without an answer. */
  viewEvent: { type: string };
  /** View to host, with an answer, and what some report while they run. */
  requests: Record<string, { take: unknown; give: unknown; progress?: unknown }>;
}

export type RequestName<C extends Conversation> = keyof C['requests'] & string;
export type Take<C extends Conversation, K extends RequestName<C>> = C['requests'][K]['take'];
export type Give<C extends Conversation, K extends RequestName<C>> = C['requests'][K]['give'];

/** What a request reports while it runs; never: nothing. */
export type Progress<C extends Conversation, K extends RequestName<C>> = C['requests'][K] extends { progress: infer P }
  ? P
  : never;

export type ToHost<C extends Conversation> =
  | { kind: 'event'; event: C['viewEvent'] }
  /** Nobody waits for that request any more. */
  | { kind: 'cancel'; id: number }
  | { [K in RequestName<C>]: { kind: 'request'; id: number; name: K; take: Take<C, K> } }[RequestName<C>];

export type ToView<C extends Conversation> =
  | { kind: 'event'; event: C['hostEvent'] }
  /** Of a request that is worked on; any number of them before its answer. */
  | { kind: 'progress'; id: number; progress: Progress<C, RequestName<C>> }
  | { kind: 'answer'; id: number; give: Give<C, RequestName<C>> }
  | { kind: 'refusal'; id: number; error: EngineErrorShape };

/** What the host checks of everything that arrives: a request without its check does not compile. */
export interface Checks<C extends Conversation> {
  event: Check<C['viewEvent']>;
  requests: { [K in RequestName<C>]: Check<Take<C, K>> };
}

export type Decoded<C extends Conversation> =
  | { message: ToHost<C> }
  /** `id` is the request's, when it could be read: the sender waits for an answer to it. */
  | { problem: string; id: number | null };

const id = integer(0, Number.MAX_SAFE_INTEGER);

/** Never throws, whatever the webview sends. */
export function decode<C extends Conversation>(checks: Checks<C>, value: unknown): Decoded<C> {
  if (typeof value !== 'object' || value === null) return { problem: 'A message must be an object.', id: null };
  const fields = value as Record<string, unknown>;
  if (fields.kind === 'event') {
    const wrong = record({ kind: literal('event'), event: checks.event })(value);
    return wrong === null ? { message: value as ToHost<C> } : { problem: `Event: ${wrong}.`, id: null };
  }
  if (fields.kind === 'cancel') {
    const wrong = record({ kind: literal('cancel'), id })(value);
    return wrong === null ? { message: value as ToHost<C> } : { problem: `Cancel: ${wrong}.`, id: null };
  }
  if (fields.kind !== 'request') return { problem: 'A message is an event, a request or a cancel.', id: null };
  if (id(fields.id) !== null) return { problem: `Request: id ${id(fields.id)}.`, id: null };
  const known = fields.id as number;
  const { name } = fields;
  if (typeof name !== 'string' || !Object.hasOwn(checks.requests, name)) {
    return { problem: `Request: name must be one of ${Object.keys(checks.requests).join(', ')}.`, id: known };
  }
  const take = checks.requests[name as RequestName<C>] as Check<unknown>;
  const wrong = record({ kind: literal('request'), id, name: text(20), take })(value);
  return wrong === null ? { message: value as ToHost<C> } : { problem: `Request ${name}: ${wrong}.`, id: known };
}
