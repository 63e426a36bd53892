/** Entry: wires the host, the state and the panel. */
import './app/words';
import './main.css';
import { PROTOCOL_VERSION, type HostEvent, type PanelConversation } from '../extension/protocol/panel';
import type { ToView } from '../extension/protocol/rpc';
import { HostConnection } from '../extension/protocol/view';
import type { App } from './app/app';
import { Attention, type Shown } from './app/attention';
import { otherApp } from './compare/otherApp';
import { otherState } from './compare/sameView';
import { sendHidden } from './patches/occlusion';
import { listenToDrops } from './patches/drops';
import { FirstDrawing } from './app/firstDrawing';
import { Panel } from './panel';
import { Slices } from './app/slices';
import { clampView, firstState, readDisplay, readHidden, readView, reduce, withStep, type AppState } from './app/state';
import { readFigure } from './app/figureOptions';
import { onThemeChange } from './drawing/theme';

/** Given to every webview by VS Code. */
declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

const api = acquireVsCodeApi();
const host = new HostConnection<PanelConversation>((message) => api.postMessage(message), receive);
const slices = new Slices(host, refresh);
const besideSlices = new Slices(host, refresh);
const attention = new Attention(slices, () => partner(beside.attention, otherState(state)));
const besideAttention = new Attention(besideSlices, () => partner(attention, state));

const stored = (api.getState() ?? {}) as Partial<
  Record<'view' | 'display' | 'figure' | 'hidden' | 'other' | 'pinned', unknown>
>;
let saidOther = false;
let saidPlace = false;
const storedView = readView(stored.view);
let state: AppState = firstState();
state = {
  ...state,
  view: storedView ?? state.view,
  display: readDisplay(stored.display),
  figure: readFigure(stored.figure),
  hidden: readHidden(stored.hidden),
};

const app: App = {
  get state() {
    return state;
  },
  host,
  slices,
  attention,
  set(change) {
    become({ ...state, ...change });
  },
  setView(change) {
    const view = withStep(state.view, { ...state.view, ...change });
    become({ ...state, view: state.model ? clampView(view, state.model) : view });
  },
  setDisplay(change) {
    become({ ...state, display: { ...state.display, ...change } });
  },
  announce(text, kind = 'info') {
    panel?.notice.show(text, kind);
  },
  refresh,
};

/** What the picture is compared with. */
const beside = otherApp(app, besideSlices, besideAttention);

/** The other map of a comparison, where both have one scale. */
const partner = (maps: Attention, of: AppState | null): Shown =>
  state.other && of && state.display.compareScale === 'shared' ? maps.own(of) : { status: 'none' };

const root = document.getElementById('root') ?? document.body.appendChild(document.createElement('div'));
root.id = 'root';
// out of sight until there is something to see: an empty panel would be laid out, and its icons' font loaded, before the map
root.hidden = true;
let panel: Panel | null = null;
const first = new FirstDrawing(attention, refresh);

function receive(event: HostEvent): void {
  const { hidden } = state;
  if (event.type === 'compare') saidOther = true;
  if (event.type === 'place') {
    saidPlace = true;
    // after the events that come with it
    setTimeout(sayReady);
  }
  become(reduce(state, event));
  if (event.type === 'token' && state.hidden !== hidden) sendHidden(app);
  if (event.type === 'figure') panel?.figure(event.to);
  // asked for at once, not when the frame is drawn that says that a run is there
  if (event.type === 'run') first.ask(state);
}

function become(next: AppState): void {
  const before = state;
  state = next;
  slices.forRun(state.run?.runId ?? null);
  besideSlices.forRun(state.other?.run?.runId ?? null);
  // the document was made for the picture it began with
  if (state.image) document.body.dataset.uri = state.image.uri;
  const kept = ['image', 'view', 'display', 'figure', 'hidden', 'other', 'place'] as const;
  if (kept.some((part) => state[part] !== before[part])) remember();
  refresh();
}

/** What a reload brings back: the picture by its URI, and the controls. */
function remember(): void {
  api.setState({
    uri: document.body.dataset.uri,
    model: document.body.dataset.model,
    // until the host has said what is compared: as before the reload
    other: saidOther ? state.other?.what : stored.other,
    pinned: saidPlace ? (state.place.pinned ?? undefined) : stored.pinned,
    view: state.view,
    display: state.display,
    figure: state.figure,
    hidden: state.hidden,
  });
}

let asked = false;
/** Draws once before the next frame, however much has changed until then. */
function refresh(): void {
  if (asked || !panel) return;
  if (first.waits(state)) return panel.prepare();
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    root.hidden = false;
    panel?.update();
    // in the next frame: the map is on screen before what is beside it is made
    if (panel?.isComplete === false) requestAnimationFrame(() => panel?.complete());
  });
}

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  // others post to this window too (the webview's own frame, browser extensions)
  if (typeof data === 'object' && data !== null && 'kind' in data) host.receive(data as ToView<PanelConversation>);
});
listenToDrops(app);
onThemeChange(refresh);
remember();
/** After the page has loaded: from then on VS Code hands on what the host posted before, unless that was lost. */
const HANDED_ON_MS = 150;
let isLoaded = false;
let saidReady = false;
function sayReady(): void {
  if (!isLoaded || saidReady) return;
  saidReady = true;
  host.send({ type: 'ready', version: PROTOCOL_VERSION, heard: saidPlace });
  // the host may be another than the one that was told which patches are hidden; the one that was ignores the repetition
  if (state.hidden.length > 0) sendHidden(app);
}
window.addEventListener('load', () => {
  isLoaded = true;
  setTimeout(sayReady, saidPlace ? 0 : HANDED_ON_MS);
});
// made while the host answers: the frame around this page, which forwards the messages, shares its thread
setTimeout(() => {
  panel = new Panel(app, beside, root);
  refresh();
}, 5);
