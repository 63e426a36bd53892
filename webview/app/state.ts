/** Everything on screen, in one object; components read it, verbs change it. */
import { methodIds, methods } from '../../extension/engine/methods';
import type { EngineErrorShape, Prediction, RunSummary } from '../../extension/engine/requests';
import type {
  HostEvent,
  Movable,
  PanelImage,
  PanelModel,
  Place,
  View,
  ViewState,
} from '../../extension/protocol/panel';
import { colorMapNames, defaultColorMap, defaultOpacity } from '../../extension/drawing/colorMap';
import { canHide, toggled } from './hiddenPatches';
import { defaultFigure, type FigureOptions } from './figureOptions';
import { hide, noHistory, type History } from './hidden';
import { newSide, reduceSide, type Side } from './side';
import { atLayer, layerOf, withoutLayer } from './stepNames';

/** Choices the host need not know. */
export interface Display {
  scale: 'shared' | 'own';
  /** Of all layers and heads: one for all maps, or each its own. */
  overviewScale: 'shared' | 'own';
  /** Of a comparison: one for both sides, or each its own. */
  compareScale: 'shared' | 'own';
  /** Of a comparison: a map of the difference too. */
  difference: boolean;
  excludeOutliers: boolean;
  /** Tokens whose length stands apart (./sinks.ts) have no part in the colour scale. */
  excludeSinks: boolean;
  /** Patches shown: those that together hold this share of the attention, 0..1. */
  mass: number;
  numbers: boolean;
  /** The lower a value, the more of the picture shows through. */
  fade: boolean;
  /** Patches view: draw what the model was given in place of the picture. */
  modelInput: boolean;
}

export interface AppState {
  image: PanelImage | null;
  model: PanelModel | null;
  run: RunSummary | null;
  busy: string | null;
  failure: { error: EngineErrorShape; retry: boolean } | null;
  view: ViewState;
  display: Display;
  figure: FigureOptions;
  /** Patches hidden from the model, 0-based, ascending; and whether the pointer hides and shows them. */
  hidden: readonly number[];
  history: History;
  brush: boolean;
  /** Patches down and across that the brush covers. */
  brushSize: number;
  /** Predictions with nothing hidden, to compare with. */
  before: readonly Prediction[] | null;
  /** Token under the pointer. */
  hover: number | null;
  /** What the picture is compared with. */
  other: Side | null;
  place: Place;
}

/** More than any model's layers: clamped to the last one when the model is known. The protocol allows no more. */
const lastLayer = 4096;

export const defaultView: ViewState = {
  view: 'attention',
  layer: lastLayer,
  head: 'mean',
  query: 0,
  opacity: defaultOpacity,
  colorMap: defaultColorMap,
  smooth: true,
  grid: true,
  method: 'attention',
  class: null,
  against: null,
};

const defaultDisplay: Display = {
  scale: 'own',
  overviewScale: 'shared',
  compareScale: 'shared',
  difference: true,
  excludeOutliers: false,
  excludeSinks: false,
  mass: 1,
  numbers: true,
  fade: true,
  modelInput: false,
};

export function firstState(): AppState {
  return {
    image: null,
    model: null,
    run: null,
    busy: null,
    failure: null,
    view: defaultView,
    display: defaultDisplay,
    figure: defaultFigure,
    hidden: [],
    history: noHistory,
    brush: false,
    brushSize: 1,
    before: null,
    hover: null,
    other: null,
    place: { pinned: null, restricted: false },
  };
}

/** The most probable class, by itself. */
const noClass = { class: null, against: null };

/** What an event of the host makes of the state. */
export function reduce(state: AppState, event: HostEvent): AppState {
  switch (event.type) {
    case 'image':
      // another picture: the run and what was wrong belonged to the one before
      return {
        ...state,
        image: event.image,
        run: null,
        failure: null,
        hover: null,
        before: null,
        // the first picture may come with what was hidden in it before a reload
        hidden: state.image ? [] : state.hidden,
        view: state.image && state.image.uri !== event.image.uri ? { ...state.view, ...noClass } : state.view,
        history: noHistory,
      };
    case 'busy':
      return { ...state, busy: event.what, failure: event.what === null ? state.failure : null };
    case 'model': {
      // ids begin anew when the engine does: the name has to be the same too
      const { model } = state;
      const same = model !== null && model.id === event.model.id && model.loaded.modelId === event.model.loaded.modelId;
      return {
        ...state,
        model: event.model,
        run: same ? state.run : null,
        failure: null,
        // hidden patches are numbers in one model's grid
        hidden: same || !state.model ? state.hidden : [],
        history: same ? state.history : noHistory,
        before: same ? state.before : null,
        // so are classes in one model's
        view: withStep(
          state.view,
          clampView({ ...keepLast(state), ...(same || !state.model ? {} : noClass) }, event.model),
        ),
      };
    }
    case 'run':
      return {
        ...state,
        run: event.run,
        failure: null,
        before: state.hidden.length === 0 ? event.run.predictions : state.before,
      };
    case 'error':
      return { ...state, busy: null, failure: { error: event.error, retry: event.retry } };
    case 'place':
      return { ...state, place: { pinned: event.pinned, restricted: event.restricted } };
    case 'figure':
      return state;
    case 'compare':
      return { ...state, other: event.with && newSide(event.with) };
    case 'other':
      return state.other ? { ...state, other: reduceSide(state.other, event.event) } : state;
    case 'show': {
      const view = withStep(state.view, readView({ ...state.view, ...event.state }) ?? state.view);
      return { ...state, view: state.model ? clampView(view, state.model) : view };
    }
    case 'move':
      return state.model ? { ...state, view: moved(state.view, event.what, event.by, state.model) } : state;
    case 'token':
      return state.model ? aboutToken(state, event.token, event.use, state.model) : state;
  }
}

function aboutToken(state: AppState, token: number, use: 'query' | 'hide', model: PanelModel): AppState {
  if (use === 'query') return { ...state, view: clampView({ ...state.view, query: token }, model) };
  const patch = token - model.loaded.numPrefix;
  const isPatch = patch >= 0 && token < model.loaded.numTokens;
  return isPatch && canHide(model) ? { ...state, ...hide(state, toggled(state.hidden, patch)) } : state;
}

/** The next layer, head or view, or the one before. Layers end; all heads together are between the last and the first. */
function moved(view: ViewState, what: Movable, by: 1 | -1, model: PanelModel): ViewState {
  const around = <T>(all: readonly T[], present: T) => all[(all.indexOf(present) + by + all.length) % all.length]!;
  switch (what) {
    case 'layer':
      return withStep(view, clampView({ ...view, layer: view.layer + by }, model));
    case 'head': {
      const together = typeof view.head === 'number' ? 'mean' : view.head;
      const heads = [together, ...Array(model.loaded.heads).keys()] as const;
      return clampView({ ...view, head: around(heads, view.head) }, model);
    }
    case 'view':
      return { ...view, view: around(views, view.view) };
  }
}

/** Who looks at the last layer looks at the last one of the next model too. */
function keepLast({ view, model }: AppState): ViewState {
  return model && view.layer === model.loaded.layers - 1 ? { ...view, layer: lastLayer } : view;
}

/** Keeps layer, head and query inside the model. A method with one map for all heads has no single one. */
export function clampView(view: ViewState, model: PanelModel): ViewState {
  const { layers, heads, numTokens } = model.loaded;
  const within = (x: number, count: number) => Math.max(0, Math.min(x, count - 1));
  const head = typeof view.head === 'number' ? within(view.head, heads) : view.head;
  return {
    ...view,
    layer: within(view.layer, layers),
    query: view.query < numTokens ? within(view.query, numTokens) : 0,
    head: typeof head === 'number' && !methods[view.method].perHead ? 'mean' : head,
  };
}

/**
 * Keeps layer and walk-through page together: a page inside a block is one of a layer. What of the two has changed leads;
 * when both have, the page (a link to a step says more than a layer).
 */
export function withStep(before: ViewState, view: ViewState): ViewState {
  if (view.step === undefined) return view;
  const linked = layerOf(view.step);
  if (linked === null || linked === view.layer) return view;
  return view.step === before.step
    ? { ...view, step: atLayer(withoutLayer(view.step), view.layer) }
    : { ...view, layer: linked };
}

const views: readonly View[] = ['attention', 'overview', 'patches', 'walkthrough'];

/** A ViewState from what was stored, by this or an older version: what is unfit falls back; null when it is no object. */
export function readView(stored: unknown): ViewState | null {
  if (typeof stored !== 'object' || stored === null) return null;
  const given = stored as Partial<Record<keyof ViewState, unknown>>;
  const index = (x: unknown) => (Number.isInteger(x) && (x as number) >= 0 ? (x as number) : null);
  const oneOf = <T>(x: unknown, all: readonly T[], otherwise: T) => (all.includes(x as T) ? (x as T) : otherwise);
  const flag = (x: unknown, otherwise: boolean) => (typeof x === 'boolean' ? x : otherwise);
  const { opacity } = given;
  return {
    view: oneOf(given.view, views, defaultView.view),
    layer: index(given.layer) ?? defaultView.layer,
    head: index(given.head) ?? oneOf(given.head, ['mean', 'max', 'min'] as const, 'mean'),
    query: index(given.query) ?? defaultView.query,
    opacity: typeof opacity === 'number' && opacity >= 0 && opacity <= 1 ? opacity : defaultView.opacity,
    colorMap: oneOf<string>(given.colorMap, colorMapNames, defaultView.colorMap),
    smooth: flag(given.smooth, defaultView.smooth),
    grid: flag(given.grid, defaultView.grid),
    // what older versions called raw is attention too
    method: oneOf(given.method, methodIds, 'attention'),
    class: index(given.class),
    against: index(given.against),
    ...(typeof given.step === 'string' && given.step.length <= 200 ? { step: given.step } : {}),
  };
}

/** The same for Display. */
export function readDisplay(stored: unknown): Display {
  const given = (typeof stored === 'object' && stored !== null ? stored : {}) as Partial<Display>;
  const flag = (x: unknown, otherwise: boolean) => (typeof x === 'boolean' ? x : otherwise);
  return {
    scale: given.scale === 'shared' ? 'shared' : 'own',
    overviewScale: given.overviewScale === 'own' ? 'own' : 'shared',
    compareScale: given.compareScale === 'own' ? 'own' : 'shared',
    difference: flag(given.difference, defaultDisplay.difference),
    excludeOutliers: flag(given.excludeOutliers, defaultDisplay.excludeOutliers),
    excludeSinks: flag(given.excludeSinks, defaultDisplay.excludeSinks),
    mass: typeof given.mass === 'number' && given.mass > 0 && given.mass <= 1 ? given.mass : defaultDisplay.mass,
    numbers: flag(given.numbers, defaultDisplay.numbers),
    fade: flag(given.fade, defaultDisplay.fade),
    modelInput: flag(given.modelInput, defaultDisplay.modelInput),
  };
}

/** Why what is shown is not what was asked for last: that failed, or is still being worked on. */
export function staleness({ run, failure, busy }: AppState): 'failed' | 'busy' | null {
  if (!run) return null;
  if (failure) return 'failed';
  return busy === null ? null : 'busy';
}

/** For tests and styles: nothing to see yet, everything there, or something went wrong. */
export function progressOf(state: AppState): 'loading' | 'ready' | 'error' {
  if (state.failure) return 'error';
  return state.run && state.model && state.image ? 'ready' : 'loading';
}

/** Hidden patches from what was stored. */
export function readHidden(stored: unknown): number[] {
  return Array.isArray(stored) ? (stored.filter((patch) => Number.isInteger(patch) && patch >= 0) as number[]) : [];
}
