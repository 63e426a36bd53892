/** What a process that has results files open can be asked (engine/requests.ts), as plain types. */
import type { Sentence } from '../errors/sentence';
import type { Scores } from '../architecture/scores';
import type { Agreement } from './comparison';
import type { Evaluation } from './evaluation';
import type { ResultPrediction, Tag } from './format';
import type { LabelSource } from './labels';
import type { Neighbour } from './neighbours';
import type { RowQuery } from './query';

export interface ResultsOverview {
  resultsId: number;
  /** The folder of the pictures: the header's where it is there, else the file's own. */
  root: string;
  model: string;
  created: string;
  engine: string;
  scores: Scores | null;
  classes: string[];
  hasEmbeddings: boolean;
}

/** How far a file is read, and what is in it. */
export interface ResultsState {
  /** Grows with every change. */
  version: number;
  rows: number;
  failed: number;
  unfamiliar: number;
  tagged: number;
  /** Whole lines that are none of the format. */
  odd: number;
  /** There is more in the file than a table takes. */
  isFull: boolean;
  /** Read up to the end the file had. */
  isRead: boolean;
}

export interface LabelsState {
  source: LabelSource;
  /** Lists of labels that lie with the pictures; whether the labels come from a list. */
  lists: string[];
  isListed: boolean;
  /** By label: its name, and the model's class it means (-1: none). */
  names: string[];
  classOf: Int32Array;
  splits: string[];
  labelled: number;
}

/** With the names that its numbers of labels mean. */
export interface LabelledEvaluation extends Evaluation {
  names: string[];
}

export interface ShownRow {
  row: number;
  id: string;
  /** Absolute path of the picture. */
  image: string;
  label: string | null;
  /** null: nothing to compare. */
  right: boolean | null;
  tag: Tag | null;
  size: [width: number, height: number] | null;
  predictions: ResultPrediction[];
  energy: number | null;
  unfamiliar: boolean;
  error: Sentence | null;
  /** What the file it is compared with says: its best class and that one's score. */
  other: { label: string; score: number } | null;
}

export interface RowsWindow {
  version: number;
  /** Rows that the query finds. */
  total: number;
  from: number;
  rows: ShownRow[];
}

export interface Comparison {
  /** Of the other file. */
  model: string;
  /** Pictures that both have a class for. */
  common: number;
  /** Rows whose class differs. */
  changed: Uint32Array;
  /** Of those with a label that both models know; null where there is none. */
  agreement: Agreement | null;
  /** McNemar's test. */
  p: number | null;
}

/** A point a row, in the plane. */
export interface ResultsMap {
  rows: Uint32Array;
  /** (rows, 2) */
  points: Float32Array;
  /** Predicted classes, -1: none. */
  classes: Int32Array;
  /** Rows with an embedding; more than `rows` where only some are shown. */
  total: number;
}

export const exportFormats = ['csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

// a type and not an interface: those do not pass for a Record
export type ResultsRequests = {
  'open-results': { take: { file: string }; give: ResultsOverview };
  'close-results': { take: { resultsId: number }; give: null };
  /** Reads what came since. Answers within half a second, whatever is left. */
  'read-results': { take: { resultsId: number }; give: ResultsState };
  'results-rows': { take: { resultsId: number; query: RowQuery; from: number; count: number }; give: RowsWindow };
  /** Chooses where labels come from. */
  'label-results': { take: { resultsId: number; source: LabelSource }; give: LabelsState };
  'evaluate-results': { take: { resultsId: number; split: string | null }; give: LabelledEvaluation };
  'similar-results': { take: { resultsId: number; row: number; count: number }; give: Neighbour[] };
  'duplicate-results': {
    take: { resultsId: number; cosine: number };
    give: { groups: Uint32Array[] };
    progress: number;
  };
  'map-results': { take: { resultsId: number; method: 'pca' | 'umap' }; give: ResultsMap; progress: number };
  'compare-results': { take: { resultsId: number; file: string }; give: Comparison };
  'tag-results': { take: { resultsId: number; rows: Uint32Array; tag: Tag | null }; give: ResultsState };
  /** Rows a query finds, in its order. */
  'export-results': {
    take: { resultsId: number; query: RowQuery; format: ExportFormat; file: string };
    give: { rows: number };
  };
};
