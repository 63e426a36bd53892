/**
 * What the extension host and a view of results say to each other. Plain types; ./resultsChecks.ts checks what arrives. The webview
 * asks for windows of rows; the host tells how far the file is read, and how far the job is that writes it.
 */
import type { EngineErrorShape } from '../errors/errorShape';
import type { Neighbour } from '../results/neighbours';
import type { RowQuery } from '../results/query';
import type {
  Comparison,
  ExportFormat,
  LabelledEvaluation,
  LabelsState,
  ResultsMap,
  ResultsOverview,
  ResultsState,
  RowsWindow,
  ShownRow,
} from '../results/requests';
import type { Tag } from '../results/format';
import type { LabelSource } from '../results/labels';
import type { Conversation } from './rpc';

export const RESULTS_PROTOCOL_VERSION = 1;

/** A row with what the webview can load of its picture; null: nothing (a format browsers do not know, a place it may not read). */
export interface PicturedRow extends ShownRow {
  source: string | null;
}

export type OpenedResults = Omit<ResultsOverview, 'resultsId'> & { name: string };

/** The job that writes the file. */
export interface JobState {
  state: 'running' | 'paused' | 'ended' | 'failed';
  done: number;
  total: number;
  failed: number;
  /** Pictures a second, and seconds until the end; null: not known yet. */
  rate: number | null;
  remaining: number | null;
  error: EngineErrorShape | null;
}

export type ResultsHostEvent =
  | { type: 'opened'; results: OpenedResults }
  | { type: 'state'; state: ResultsState }
  /** null: no job writes this file. */
  | { type: 'job'; job: JobState | null }
  | { type: 'error'; error: EngineErrorShape };

export type ResultsViewEvent =
  | { type: 'ready'; version: number }
  /** Opens a row's picture in its panel, among the rows that the query finds. */
  | { type: 'open-row'; row: number; at: number; query: RowQuery }
  | { type: 'job'; act: 'pause' | 'resume' | 'cancel' }
  | { type: 'retry' };

// a type and not an interface: those do not pass for a Record (rpc.ts)
export type ResultsViewRequests = {
  rows: {
    take: { query: RowQuery; from: number; count: number };
    give: Omit<RowsWindow, 'rows'> & { rows: PicturedRow[] };
  };
  /** `choose`: asks the user for a list; null when none was chosen. */
  label: { take: { source: LabelSource | { kind: 'choose' } }; give: LabelsState | null };
  evaluate: { take: { split: string | null }; give: LabelledEvaluation };
  similar: { take: { row: number; count: number }; give: (Neighbour & { picture: PicturedRow })[] };
  duplicates: { take: { cosine: number }; give: { groups: Uint32Array[] }; progress: number };
  map: { take: { method: 'pca' | 'umap' }; give: ResultsMap; progress: number };
  /** Asks for the other file; null when none was chosen. */
  compare: { take: null; give: Comparison | null };
  tag: { take: { rows: Uint32Array; tag: Tag | null }; give: ResultsState };
  /** Asks where to; false when nothing was chosen. */
  export: { take: { query: RowQuery; format: ExportFormat }; give: { saved: boolean } };
  copy: { take: { text: string }; give: null };
};

export interface ResultsConversation extends Conversation {
  hostEvent: ResultsHostEvent;
  viewEvent: ResultsViewEvent;
  requests: ResultsViewRequests;
}
