/** Which rows of a table are shown, and in which order. */
import type { Labels } from './labels';
import type { Tag } from './format';
import { TAGS } from './format';
import type { ResultsTable } from './table';

export const SORT_KEYS = ['added', 'name', 'class', 'label', 'confidence', 'margin', 'energy'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

export const ROW_KINDS = ['all', 'right', 'wrong', 'unfamiliar', 'failed', 'tagged'] as const;
export type RowKind = (typeof ROW_KINDS)[number];

export interface RowQuery {
  sort: SortKey;
  descending: boolean;
  kind: RowKind;
  /** Predicted as that class; labelled so; tagged so. null: any. */
  class: number | null;
  label: string | null;
  tag: Tag | null;
  /** Ranges of confidence and margin, inclusive; null: any, unknown ones too. */
  confidence: readonly [from: number, to: number] | null;
  margin: readonly [from: number, to: number] | null;
  /** In the picture's id, whatever the case. */
  text: string;
  /** Only these; null: any. */
  rows: Uint32Array | null;
}

export const everything: RowQuery = {
  sort: 'added',
  descending: false,
  kind: 'all',
  class: null,
  label: null,
  tag: null,
  confidence: null,
  margin: null,
  text: '',
  rows: null,
};

/** What a query looks at. */
export interface Queried {
  table: ResultsTable;
  labels: Labels;
  /** By label: the class it means, -1: none the model knows. */
  classOf: Int32Array;
  /** By class: its place among the classes in order of their names. */
  classOrder: Int32Array;
}

/** Numbers of the rows, in order. Rows without the value that is sorted by come last, in either direction. */
export function select(query: RowQuery, queried: Queried): Uint32Array {
  const found = filter(query, queried);
  if (query.sort === 'added') return query.descending ? found.reverse() : found;
  const key = keyOf(query.sort, queried);
  const sign = query.descending ? -1 : 1;
  return found.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) return a - b;
    if (Number.isNaN(x)) return 1;
    if (Number.isNaN(y)) return -1;
    return sign * (x - y);
  });
}

function keyOf(sort: Exclude<SortKey, 'added'>, { table, labels, classOrder }: Queried): (row: number) => number {
  const known = (number: number): number => (number < 0 ? NaN : number);
  switch (sort) {
    case 'name': {
      const order = Uint32Array.from({ length: table.rows }, (_, i) => i);
      // by code units: a locale's rules take a hundred times as long
      order.sort((a, b) => (table.ids[a]! < table.ids[b]! ? -1 : 1));
      const place = new Uint32Array(table.rows);
      order.forEach((row, i) => (place[row] = i));
      return (row) => place[row]!;
    }
    case 'class':
      return (row) => (table.predicted.get(row) < 0 ? NaN : classOrder[table.predicted.get(row)]!);
    case 'label':
      return (row) => known(labels.of[row] ?? -1);
    case 'confidence':
    case 'margin':
    case 'energy':
      return (row) => table[sort].get(row);
  }
}

function filter(query: RowQuery, queried: Queried): Uint32Array {
  const { table, labels } = queried;
  const { confidence, margin } = query;
  const text = query.text.trim().toLowerCase();
  const label = query.label === null ? null : labels.names.indexOf(query.label);
  const tag = query.tag === null ? null : TAGS.indexOf(query.tag) + 1;
  const candidates = query.rows ?? new Uint32Array(table.rows).map((_, i) => i);
  if (query.rows === null && isUnfiltered(query, text)) return candidates;
  return candidates.filter(
    (row) =>
      row < table.rows &&
      isOfKind(row, query.kind, queried) &&
      (query.class === null || table.predicted.get(row) === query.class) &&
      (label === null || (label >= 0 && labels.of[row] === label)) &&
      (tag === null || table.tag.get(row) === tag) &&
      (confidence === null || isWithin(table.confidence.get(row), confidence)) &&
      (margin === null || isWithin(table.margin.get(row), margin)) &&
      (text === '' || table.ids[row]!.toLowerCase().includes(text)),
  );
}

const isUnfiltered = (query: RowQuery, text: string): boolean =>
  query.kind === 'all' &&
  text === '' &&
  [query.class, query.label, query.tag, query.confidence, query.margin].every((wanted) => wanted === null);

const isWithin = (value: number, [from, to]: readonly [number, number]): boolean => value >= from && value <= to;

function isOfKind(row: number, kind: RowKind, queried: Queried): boolean {
  switch (kind) {
    case 'all':
      return true;
    case 'right':
      return isRight(row, queried) === true;
    case 'wrong':
      return isRight(row, queried) === false;
    case 'unfamiliar':
      return queried.table.isUnfamiliar(row);
    case 'failed':
      return queried.table.isFailed(row);
    case 'tagged':
      return queried.table.tag.get(row) > 0;
  }
}

/** Whether a row's label is its most probable class; null where it has no label that the model knows, or no prediction. */
export function isRight(row: number, { table, labels, classOf }: Omit<Queried, 'classOrder'>): boolean | null {
  const [label, predicted] = [labels.of[row] ?? -1, table.predicted.get(row)];
  const wanted = label < 0 ? -1 : classOf[label]!;
  return wanted < 0 || predicted < 0 ? null : wanted === predicted;
}
