/** What every component is given: the state, the ways to change it, and the host. */
import type { PanelConversation, ViewState } from '../../extension/protocol/panel';
import type { HostConnection } from '../../extension/protocol/view';
import type { Slices } from './slices';
import type { AppState, Display } from './state';
import type { Attention } from './attention';

export interface App {
  readonly state: AppState;
  readonly host: HostConnection<PanelConversation>;
  readonly slices: Slices;
  readonly attention: Attention;
  set(change: Partial<AppState>): void;
  setView(change: Partial<ViewState>): void;
  setDisplay(change: Partial<Display>): void;
  /** Says something for a few seconds, at the foot of the panel and to screen readers. */
  announce(text: string, kind?: 'info' | 'error'): void;
  /** Draws again: something arrived that is not in the state. */
  refresh(): void;
}

export interface Component {
  readonly element: HTMLElement;
  update(): void;
}
