/** Checks what arrives from the view of a weight file before anything acts on it. The types it checks are in ./checkpoint.ts. */
import type { CheckpointConversation, CheckpointViewEvent } from './checkpoint';
import { literal, record, variant } from './checks';
import type { Checks } from './rpc';

type Event<K extends CheckpointViewEvent['type']> = Extract<CheckpointViewEvent, { type: K }>;

export const checkpointChecks: Checks<CheckpointConversation> = {
  event: variant<CheckpointViewEvent, 'type'>('type', {
    ready: record<Event<'ready'>>({ type: literal('ready') }),
    'use-model': record<Event<'use-model'>>({ type: literal('use-model') }),
    'text-report': record<Event<'text-report'>>({ type: literal('text-report') }),
    'read-values': record<Event<'read-values'>>({ type: literal('read-values') }),
    retry: record<Event<'retry'>>({ type: literal('retry') }),
  }),
  requests: {},
};
