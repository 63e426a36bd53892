/** What every part of the view is given: the state, the ways to change it, and the host. */
import type { EngineErrorShape } from '../../extension/errors/errorShape';
import type { JobState, OpenedResults, ResultsConversation } from '../../extension/protocol/results';
import type { HostConnection } from '../../extension/protocol/view';
import type { RowQuery } from '../../extension/results/query';
import type { Comparison, LabelsState, ResultsState } from '../../extension/results/requests';
import type { RowWindows } from './rowWindows';

export type Layout = 'table' | 'grid';

export interface ViewState {
  results: OpenedResults | null;
  state: ResultsState | null;
  job: JobState | null;
  failure: EngineErrorShape | null;
  labels: LabelsState | null;
  /** The part of the data set that figures are of; null: all. */
  split: string | null;
  query: RowQuery;
  /** What the rows of the query were chosen by, where that was no filter: a cell, a lasso. */
  chosenBy: string | null;
  layout: Layout;
  /** The row that is looked at, and its place among those found. */
  chosen: { row: number; at: number } | null;
  comparison: Comparison | null;
}

export interface ResultsApp {
  readonly state: ViewState;
  readonly host: HostConnection<ResultsConversation>;
  readonly windows: RowWindows;
  set(change: Partial<ViewState>): void;
  /** Shows other rows; `chosenBy` says what chose them. */
  ask(change: Partial<RowQuery>, chosenBy?: string | null): void;
  announce(text: string, kind?: 'info' | 'error'): void;
  refresh(): void;
}

export interface Part {
  readonly element: HTMLElement;
  update(): void;
}
