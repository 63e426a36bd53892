/**
 * Checks what arrives from the webview before anything acts on it: kinds, ranges and sizes, nothing unknown.
 * The types it checks are in ./messages.ts; the two change together (a field without a check does not compile).
 */
import { methodIds, methods, type MethodParameters, type MethodSlice } from '../engine/methods';
import type { SliceRequest } from '../engine/requests';
import { either, flag, integer, literal, number, record, text, uint8Array, uint32Array, variant } from './checks';
import type { Check } from './checks';
import type { ToHost, ViewEvent, ViewRequests, ViewState } from './messages';

const MAX_LAYERS = 4096;
const MAX_TOKENS = 1 << 20;
const MAX_HEADS = 4096;
const MAX_SAVED_BYTES = 1 << 28;
const MAX_COPIED_CHARACTERS = 1 << 22;

const layer = integer(0, MAX_LAYERS);
const query = integer(0, MAX_TOKENS);
const fusion = literal('mean', 'max', 'min');
const tensorName = text(200);

const viewState: Check<ViewState> = record<ViewState>({
  view: literal('attention', 'patches', 'walkthrough'),
  layer,
  head: either(integer(0, MAX_HEADS), fusion),
  query,
  opacity: number(0, 1),
  colorMap: text(40),
  smooth: flag,
  grid: flag,
  method: literal(...methodIds),
  step: (value) => (value === undefined ? null : tensorName(value)),
});

type Slice<K extends SliceRequest['kind']> = Extract<SliceRequest, { kind: K }>;

const parameters: { [P in keyof MethodParameters]: Check<MethodParameters[P]> } = {
  layer,
  query,
  from: layer,
  to: layer,
  fusion,
  discardRatio: number(0, 1),
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
) as unknown as { [K in MethodSlice['kind']]: Check<Slice<K>> };

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
  logits: record<Slice<'logits'>>({ kind: literal('logits') }),
  ...methodSlices,
  attention: record<Slice<'attention'>>({ kind: literal('attention'), layer }),
  'stage-attention-rows': record<Slice<'stage-attention-rows'>>({
    kind: literal('stage-attention-rows'),
    stage: integer(0, MAX_LAYERS),
    query,
  }),
  tokens: record<Slice<'tokens'>>({ kind: literal('tokens'), layer }),
  'prediction-by-depth': record<Slice<'prediction-by-depth'>>({ kind: literal('prediction-by-depth') }),
  step: record<Slice<'step'>>({ kind: literal('step'), name: tensorName }),
  tensor: record<Slice<'tensor'>>({ kind: literal('tensor'), name: tensorName }),
  input: record<Slice<'input'>>({ kind: literal('input') }),
});

type Event<K extends ViewEvent['type']> = Extract<ViewEvent, { type: K }>;

const viewEvent: Check<ViewEvent> = variant<ViewEvent, 'type'>('type', {
  // Any version passes: the panel answers another version with a message of its own.
  ready: record<Event<'ready'>>({
    type: literal('ready'),
    version: integer(0, Number.MAX_SAFE_INTEGER),
    state: either(literal(null), viewState),
  }),
  retry: record<Event<'retry'>>({ type: literal('retry') }),
  cancel: record<Event<'cancel'>>({ type: literal('cancel') }),
  state: record<Event<'state'>>({ type: literal('state'), state: viewState }),
  'open-source': record<Event<'open-source'>>({
    type: literal('open-source'),
    // Only the extension's own sources: no leading slash, no '..', no backslash.
    file: text(200, /^native\/(?:[\w-]+\/)*[\w-]+\.(?:cc|h|d\.ts)$/),
    line: integer(1, 100_000),
  }),
  'select-model': record<Event<'select-model'>>({ type: literal('select-model') }),
  'open-settings': record<Event<'open-settings'>>({
    type: literal('open-settings'),
    setting: text(60, /^vit(?:\.[A-Za-z]+)*$/),
  }),
  mask: record<Event<'mask'>>({ type: literal('mask'), patches: uint32Array(MAX_TOKENS) }),
});

const id = integer(0, Number.MAX_SAFE_INTEGER);

const requests: { [K in keyof ViewRequests]: Check<ViewRequests[K]['take']> } = {
  slice: record<ViewRequests['slice']['take']>({ runId: id, what: sliceRequest }),
  save: record<ViewRequests['save']['take']>({
    // A file name, not a path: the dialog decides where it goes.
    suggestedName: text(200, /^[^/\\\0]+$/),
    bytes: uint8Array(MAX_SAVED_BYTES),
  }),
  copy: record<ViewRequests['copy']['take']>({ text: text(MAX_COPIED_CHARACTERS) }),
};

export type Decoded =
  | { message: ToHost }
  /** `id` is the request's, when it could be read: the sender waits for an answer to it. */
  | { problem: string; id: number | null };

/** Never throws, whatever the webview sends. */
export function decodeToHost(value: unknown): Decoded {
  if (typeof value !== 'object' || value === null) return { problem: 'A message must be an object.', id: null };
  const fields = value as Record<string, unknown>;
  if (fields.kind === 'event') {
    const wrong = record<{ kind: 'event'; event: ViewEvent }>({ kind: literal('event'), event: viewEvent })(value);
    return wrong === null ? { message: value as ToHost } : { problem: `Event: ${wrong}.`, id: null };
  }
  if (fields.kind !== 'request') return { problem: 'A message is an event or a request.', id: null };
  if (id(fields.id) !== null) return { problem: `Request: id ${id(fields.id)}.`, id: null };
  const known = fields.id as number;
  const { name } = fields;
  if (typeof name !== 'string' || !Object.hasOwn(requests, name)) {
    return { problem: `Request: name must be one of ${Object.keys(requests).join(', ')}.`, id: known };
  }
  const take = requests[name as keyof ViewRequests] as Check<unknown>;
  const wrong = record({ kind: literal('request'), id, name: text(20), take })(value);
  return wrong === null ? { message: value as ToHost } : { problem: `Request ${name}: ${wrong}.`, id: known };
}
