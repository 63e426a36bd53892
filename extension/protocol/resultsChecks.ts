/**
 * Checks what arrives from a view of results before anything acts on it. The types it checks are in ./results.ts; the two change
 * together (a field without a check does not compile).
 */
import { TAGS } from '../results/format';
import type { LabelSource } from '../results/labels';
import { ROW_KINDS, SORT_KEYS, type RowQuery } from '../results/query';
import { MOST_ROWS } from '../results/limits';
import { exportFormats } from '../results/requests';
import { boolean, integer, literal, nullable, number, record, text, uint32Array, variant, type Check } from './checks';
import type { ResultsConversation, ResultsViewEvent, ResultsViewRequests } from './results';
import type { Checks } from './rpc';

const MOST_CLASSES = 1 << 24;
const MOST_SHOWN = 500;
const MOST_COPIED = 1 << 20;

const row = integer(0, MOST_ROWS);
const name = text(1000);
const tag = nullable(literal(...TAGS));

const range: Check<readonly [number, number]> = (value) =>
  Array.isArray(value) && value.length === 2 && value.every((end) => typeof end === 'number' && !Number.isNaN(end))
    ? null
    : 'must be two numbers';

const query = record<RowQuery>({
  sort: literal(...SORT_KEYS),
  descending: boolean,
  kind: literal(...ROW_KINDS),
  class: nullable(integer(0, MOST_CLASSES)),
  label: nullable(name),
  tag,
  confidence: nullable(range),
  margin: nullable(range),
  text: name,
  rows: nullable(uint32Array(MOST_ROWS)),
});

type Event<K extends ResultsViewEvent['type']> = Extract<ResultsViewEvent, { type: K }>;

const viewEvent: Check<ResultsViewEvent> = variant<ResultsViewEvent, 'type'>('type', {
  // any version passes, with whatever it carries: the host answers another version with a message of its own
  ready: (value) => {
    const wrong = integer(0, Number.MAX_SAFE_INTEGER)((value as Event<'ready'>).version);
    return wrong && `version ${wrong}`;
  },
  'open-row': record<Event<'open-row'>>({ type: literal('open-row'), row, at: row, query }),
  job: record<Event<'job'>>({ type: literal('job'), act: literal('pause', 'resume', 'cancel') }),
  retry: record<Event<'retry'>>({ type: literal('retry') }),
});

type Source = LabelSource | { kind: 'choose' };
type SourceOf<K extends Source['kind']> = Extract<Source, { kind: K }>;

const source: Check<Source> = variant<Source, 'kind'>('kind', {
  none: record<SourceOf<'none'>>({ kind: literal('none') }),
  found: record<SourceOf<'found'>>({ kind: literal('found') }),
  folders: record<SourceOf<'folders'>>({ kind: literal('folders') }),
  file: record<SourceOf<'file'>>({ kind: literal('file'), file: text(32_768) }),
  choose: record<SourceOf<'choose'>>({ kind: literal('choose') }),
});

export const resultsChecks: Checks<ResultsConversation> = {
  event: viewEvent,
  requests: {
    rows: record<ResultsViewRequests['rows']['take']>({ query, from: row, count: integer(1, MOST_SHOWN) }),
    label: record<ResultsViewRequests['label']['take']>({ source }),
    evaluate: record<ResultsViewRequests['evaluate']['take']>({ split: nullable(name) }),
    similar: record<ResultsViewRequests['similar']['take']>({ row, count: integer(1, 100) }),
    duplicates: record<ResultsViewRequests['duplicates']['take']>({ cosine: number(0.5, 1) }),
    map: record<ResultsViewRequests['map']['take']>({ method: literal('pca', 'umap') }),
    compare: literal(null),
    tag: record<ResultsViewRequests['tag']['take']>({ rows: uint32Array(MOST_ROWS), tag }),
    export: record<ResultsViewRequests['export']['take']>({ query, format: literal(...exportFormats) }),
    copy: record<ResultsViewRequests['copy']['take']>({ text: text(MOST_COPIED) }),
  },
};
