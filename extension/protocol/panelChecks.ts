/**
 * Checks what arrives from the panel's webview before anything acts on it: kinds, ranges and sizes, nothing unknown.
 * The types it checks are in ./panel.ts; the two change together (a field without a check does not compile).
 */
import { methodBounds, methods, type MethodParameters, type MethodSlice } from '../engine/methods';
import type { SliceRequest } from '../engine/requests';
import {
  boolean,
  float32Array,
  integer,
  list,
  literal,
  nullable,
  number,
  record,
  text,
  uint8Array,
  uint32Array,
  variant,
} from './checks';
import type { Check } from './checks';
import { MOST_TAKEN_BYTES, type PanelConversation, type ViewEvent, type ViewRequests } from './panel';
import type { Checks } from './rpc';

const MAX_LAYERS = 4096;
const MAX_TOKENS = 1 << 20;
const MAX_CLASSES = 1 << 24;
const MAX_SEED = 2 ** 32 - 1;
const MAX_SAVED_BYTES = 1 << 28;
const MAX_COPIED_CHARACTERS = 1 << 22;
const MAX_URI = 32_768;
const MAX_DROPPED = 20;

const layer = integer(0, MAX_LAYERS);
const query = integer(0, MAX_TOKENS);
const fusion = literal('mean', 'max', 'min');
const classIndex = nullable(integer(0, MAX_CLASSES));
const seed = integer(0, MAX_SEED);
const tensorName = text(200);

type SliceOf<K extends SliceRequest['kind']> = Extract<SliceRequest, { kind: K }>;

const parameters: { [P in keyof MethodParameters]: Check<MethodParameters[P]> } = {
  layer,
  query,
  from: layer,
  to: layer,
  fusion,
  discardRatio: number(0, 1),
  class: classIndex,
  against: classIndex,
  steps: integer(...methodBounds.steps),
  samples: integer(...methodBounds.samples),
  seed,
};

const ascendingLayers: Check<MethodSlice> = (value) => {
  const { from = 0, to = from } = value as Partial<MethodParameters>;
  return from <= to ? null : 'from must not be above to';
};

/** By kind of slice: each method's parameters, and nothing else. */
const methodSlices = Object.fromEntries(
  Object.values(methods).map(({ slice, params }) => {
    const fields = Object.fromEntries(params.map((name) => [name, parameters[name]]));
    return [slice, all(record({ kind: literal(slice), ...fields }), ascendingLayers)];
  }),
) as unknown as { [K in MethodSlice['kind']]: Check<SliceOf<K>> };

function all<T>(...checks: Check<T>[]): Check<T> {
  return (value) => {
    for (const check of checks) {
      const wrong = check(value);
      if (wrong !== null) return wrong;
    }
    return null;
  };
}

const sliceRequest: Check<SliceRequest> = variant<SliceRequest, 'kind'>('kind', {
  logits: record<SliceOf<'logits'>>({ kind: literal('logits') }),
  ...methodSlices,
  attention: record<SliceOf<'attention'>>({ kind: literal('attention'), layer }),
  'attention-gradient': record<SliceOf<'attention-gradient'>>({
    kind: literal('attention-gradient'),
    layer,
    class: classIndex,
    against: classIndex,
  }),
  'stage-attention-rows': record<SliceOf<'stage-attention-rows'>>({
    kind: literal('stage-attention-rows'),
    stage: integer(0, MAX_LAYERS),
    query,
  }),
  tokens: record<SliceOf<'tokens'>>({ kind: literal('tokens'), layer }),
  'prediction-by-depth': record<SliceOf<'prediction-by-depth'>>({ kind: literal('prediction-by-depth') }),
  'token-norms': record<SliceOf<'token-norms'>>({ kind: literal('token-norms') }),
  'token-components': record<SliceOf<'token-components'>>({ kind: literal('token-components'), layer }),
  'head-statistics': record<SliceOf<'head-statistics'>>({ kind: literal('head-statistics') }),
  step: record<SliceOf<'step'>>({ kind: literal('step'), name: tensorName }),
  tensor: record<SliceOf<'tensor'>>({ kind: literal('tensor'), name: tensorName }),
  input: record<SliceOf<'input'>>({ kind: literal('input') }),
});

const sourceLine = {
  // Only the extension's own sources: no leading slash, no '..', no backslash.
  file: text(200, /^native\/(?:[\w-]+\/)*[\w-]+\.(?:cc|h|d\.ts)$/),
  line: integer(1, 100_000),
};

type Event<K extends ViewEvent['type']> = Extract<ViewEvent, { type: K }>;

const viewEvent: Check<ViewEvent> = variant<ViewEvent, 'type'>('type', {
  // any version passes, with whatever it carries: the panel answers another version with a message of its own
  ready: (value) => {
    const wrong = integer(0, Number.MAX_SAFE_INTEGER)((value as Event<'ready'>).version);
    return wrong && `version ${wrong}`;
  },
  retry: record<Event<'retry'>>({ type: literal('retry') }),
  cancel: record<Event<'cancel'>>({ type: literal('cancel') }),
  'open-source': record<Event<'open-source'>>({
    type: literal('open-source'),
    ...sourceLine,
  }),
  'select-model': record<Event<'select-model'>>({ type: literal('select-model') }),
  'inspect-model': record<Event<'inspect-model'>>({ type: literal('inspect-model') }),
  'open-settings': record<Event<'open-settings'>>({
    type: literal('open-settings'),
    setting: text(60, /^vit(?:\.[A-Za-z]+)*$/),
  }),
  'pin-model': record<Event<'pin-model'>>({ type: literal('pin-model'), pinned: boolean }),
  'manage-trust': record<Event<'manage-trust'>>({ type: literal('manage-trust') }),
  'open-pictures': record<Event<'open-pictures'>>({
    type: literal('open-pictures'),
    uris: list(text(MAX_URI), MAX_DROPPED),
  }),
  compare: record<Event<'compare'>>({
    type: literal('compare'),
    with: literal('picture', 'model', 'last-commit', 'nothing'),
  }),
  'retry-other': record<Event<'retry-other'>>({ type: literal('retry-other') }),
  mask: record<Event<'mask'>>({ type: literal('mask'), patches: uint32Array(MAX_TOKENS) }),
});

const runId = integer(0, Number.MAX_SAFE_INTEGER);

export const panelChecks: Checks<PanelConversation> = {
  event: viewEvent,
  requests: {
    slice: record<ViewRequests['slice']['take']>({ runId, what: sliceRequest }),
    faithfulness: record<ViewRequests['faithfulness']['take']>({
      runId,
      class: classIndex,
      map: float32Array(MAX_TOKENS),
      random: boolean,
      seed,
    }),
    'weight-files': record<ViewRequests['weight-files']['take']>({ runId }),
    source: record<ViewRequests['source']['take']>(sourceLine),
    save: record<ViewRequests['save']['take']>({
      // A file name, not a path: the dialog decides where it goes.
      suggestedName: text(200, /^[^/\\\0]+$/),
      bytes: uint8Array(MAX_SAVED_BYTES),
    }),
    copy: record<ViewRequests['copy']['take']>({ text: text(MAX_COPIED_CHARACTERS) }),
    'take-picture': record<ViewRequests['take-picture']['take']>({
      name: text(200, /^[^/\\\0]+$/),
      bytes: uint8Array(MOST_TAKEN_BYTES),
    }),
  },
};
