/** Entry of the view of results: wires the host, the state and the parts. */
import '../app/words';
import './results.css';
import * as l10n from '@vscode/l10n';
import {
  RESULTS_PROTOCOL_VERSION,
  type ResultsConversation,
  type ResultsHostEvent,
} from '../../extension/protocol/results';
import type { ToView } from '../../extension/protocol/rpc';
import { HostConnection } from '../../extension/protocol/view';
import { everything } from '../../extension/results/query';
import { sayError } from '../app/words';
import { onThemeChange } from '../drawing/theme';
import { RowWindows } from './rowWindows';
import type { ResultsApp, ViewState } from './app';
import { ResultsView } from './resultsView';
import { provideControls } from '../ui/controls';

/** Given to every webview by VS Code. */
declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

provideControls();
const api = acquireVsCodeApi();
const host = new HostConnection<ResultsConversation>((message) => api.postMessage(message), receive);
const windows = new RowWindows(host, refreshRows, (error) => app.announce(sayError(error), 'error'));

const stored = (api.getState() ?? {}) as Partial<Record<'layout', unknown>>;

let state: ViewState = {
  results: null,
  state: null,
  job: null,
  failure: null,
  labels: null,
  split: null,
  query: everything,
  chosenBy: null,
  layout: stored.layout === 'grid' ? 'grid' : 'table',
  chosen: null,
  comparison: null,
};

const app: ResultsApp = {
  get state() {
    return state;
  },
  host,
  windows,
  set(change) {
    state = { ...state, ...change };
    if (change.layout) api.setState({ uri: document.body.dataset.uri, layout: state.layout });
    refresh();
  },
  ask(change, chosenBy = null) {
    state = { ...state, query: { ...state.query, ...change }, chosenBy, chosen: null };
    windows.ask(state.query);
    refresh();
  },
  announce(text, kind = 'info') {
    view.notice.show(text, kind);
  },
  refresh,
};

const root = document.body.appendChild(document.createElement('div'));
root.id = 'root';
const view = new ResultsView(app, root);

function receive(event: ResultsHostEvent): void {
  switch (event.type) {
    case 'opened':
      app.set({ results: event.results, failure: null });
      document.title = event.results.name;
      windows.ask(state.query);
      view.opened();
      break;
    case 'state':
      app.set({ state: event.state });
      windows.changed();
      break;
    case 'job':
      app.set({ job: event.job });
      break;
    case 'error':
      app.set({ failure: event.error });
      break;
  }
}

let asked: 'nothing' | 'rows' | 'all' = 'nothing';
/** Draws once before the next frame, however much has changed until then. */
function refresh(): void {
  draw('all');
}

/** Rows come while somebody scrolls: nothing else is drawn again for them. */
function refreshRows(counted: boolean): void {
  draw(counted ? 'all' : 'rows');
}

function draw(what: 'rows' | 'all'): void {
  const isAsked = asked !== 'nothing';
  if (asked !== 'all') asked = what;
  if (isAsked) return;
  requestAnimationFrame(() => {
    const all = asked === 'all';
    asked = 'nothing';
    if (all) view.update();
    else view.updateRows();
  });
}

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  // others post to this window too (the webview's own frame, browser extensions)
  if (typeof data === 'object' && data !== null && 'kind' in data) host.receive(data as ToView<ResultsConversation>);
});
onThemeChange(refresh);
document.title = l10n.t('Results');
refresh();
host.send({ type: 'ready', version: RESULTS_PROTOCOL_VERSION });
