/** Checks what arrives from the view of a .npy file before anything acts on it. The types it checks are in ./array.ts. */
import type { ArrayConversation, ArrayViewEvent } from './array';
import { integer, literal, record, variant } from './checks';
import type { Checks } from './rpc';

type Event<K extends ArrayViewEvent['type']> = Extract<ArrayViewEvent, { type: K }>;

export const arrayChecks: Checks<ArrayConversation> = {
  event: variant<ArrayViewEvent, 'type'>('type', {
    ready: record<Event<'ready'>>({ type: literal('ready') }),
    matrix: record<Event<'matrix'>>({ type: literal('matrix'), index: integer(0, Number.MAX_SAFE_INTEGER) }),
    'choose-picture': record<Event<'choose-picture'>>({ type: literal('choose-picture') }),
    'no-picture': record<Event<'no-picture'>>({ type: literal('no-picture') }),
    retry: record<Event<'retry'>>({ type: literal('retry') }),
  }),
  requests: {},
};
