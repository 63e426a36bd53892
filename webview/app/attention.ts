/** The attention on screen: which slice it needs, the map made of it, and its pixels. */
import * as l10n from '@vscode/l10n';
import { say } from './words';
import { splitHeads } from '../../extension/engine/headFusion';
import {
  methodDefaults,
  methods,
  methodSlice,
  takes,
  type MethodId,
  type MethodSlice,
} from '../../extension/engine/methods';
import type { Slice } from '../../extension/engine/requests';
import type { PanelModel, ViewState } from '../../extension/protocol/panel';
import type { Domain } from '../../extension/drawing/colorScale';
import { signedColorMap } from '../../extension/drawing/colorMap';
import { heatOf, keepMass, type Heat, type ScaleChoice } from '../drawing/heat';
import type { Fade } from '../../extension/drawing/raster';
import { fieldOf, finestPixels, pixels } from '../drawing/fieldCanvas';
import type { Slices } from './slices';
import type { AppState, Display } from './state';
import { sinksOf } from './sinks';
import { layoutOf, type TokenLayout } from '../drawing/tokenLayout';

export type Shown =
  | { status: 'none' }
  | { status: 'pending' }
  | { status: 'unavailable'; reason: string }
  | { status: 'ready'; key: string; rows: Float32Array[]; heat: Heat; layout: TokenLayout };

/** A map that lies over a picture. */
export interface MapSource {
  /** What can be shown now; asks for what is missing. */
  shown(state: AppState): Shown;
  /** Its pixels over the model's input; null where there is none. */
  canvas(state: AppState): HTMLCanvasElement | null;
}

export class Attention implements MapSource {
  private last: Shown = { status: 'none' };
  private joined: Extract<Shown, { status: 'ready' }> | null = null;
  private drawn: { key: string; canvas: HTMLCanvasElement } | null = null;

  /**
   * @param partner another map that the scale is shared with: of what the picture is compared with
   */
  constructor(
    private readonly slices: Slices,
    private readonly partner: () => Shown = () => ({ status: 'none' }),
  ) {}

  /** What can be shown now; asks for the slice when it is not here yet. */
  shown(state: AppState): Shown {
    const own = this.own(state);
    const partner = own.status === 'ready' ? this.partner() : own;
    if (own.status !== 'ready' || partner.status !== 'ready') return own;
    const [one, two] = [own.heat.domain, partner.heat.domain];
    const domain: Domain = [Math.min(one[0], two[0]), Math.max(one[1], two[1])];
    const key = `${own.key}/${domain.join()}`;
    if (this.joined?.key !== key) this.joined = { ...own, key, heat: { ...own.heat, domain } };
    return this.joined;
  }

  /** The same with the scale of this map alone. */
  own(state: AppState): Shown {
    const { model, run, view, display } = state;
    if (!model || !run) return (this.last = { status: 'none' });
    const { layer, head, query, method, class: chosen, against } = view;
    const reason = whyNot(method, model);
    if (reason !== null) return (this.last = { status: 'unavailable', reason });
    const key = [
      run.runId,
      layer,
      head,
      query,
      method,
      chosen,
      against,
      display.scale,
      display.excludeOutliers,
      display.excludeSinks,
    ].join('/');
    if (this.last.status === 'ready' && this.last.key === key) return this.last;
    const peek = this.slices.peek(sliceOf(view));
    if (peek.status === 'failed') return (this.last = { status: 'unavailable', reason: peek.message });
    if (peek.status === 'pending') return { status: 'pending' };
    const sinks = this.sinks(state);
    if (sinks === null) return { status: 'pending' };
    const map = mapOf(peek.slice, view, model, scaleOf(view, display, sinks));
    return (this.last = { status: 'ready', key, ...map, layout: layoutOf(model, run.geometry) });
  }

  /**
   * Patches left out of the scale because they are sinks where the map is of (at any depth, where it is of no layer); none where nobody
   * asks; null while that is not known.
   */
  sinks({ model, view, display }: AppState): readonly number[] | null {
    if (!display.excludeSinks || model?.loaded.tokens !== true) return [];
    const peek = this.slices.peek({ kind: 'token-norms' });
    if (peek.status === 'pending') return null;
    if (peek.status === 'failed') return [];
    const { numPrefix, numTokens, layers } = model.loaded;
    const at = (depth: number) =>
      sinksOf(peek.slice.values.subarray(depth * numTokens + numPrefix, (depth + 1) * numTokens));
    // attention looks at the tokens that enter its block
    if (takes(view.method, 'layer')) return at(methods[view.method].needs === 'tokens' ? view.layer + 1 : view.layer);
    return [...new Set(Array.from({ length: layers + 1 }, (_, depth) => at(depth)).flat())];
  }

  /** How the colour scale of maps is chosen, for pictures beside the large one. */
  scale(state: AppState): ScaleChoice {
    return scaleOf(state.view, state.display, this.sinks(state) ?? []);
  }

  /** The map's pixels over the model's input, or null when there is none. While a new one is on its way: the one before. */
  canvas(state: AppState): HTMLCanvasElement | null {
    const shown = this.shown(state);
    if (shown.status === 'pending') return this.drawn?.canvas ?? null;
    if (shown.status !== 'ready') return (this.drawn = null);
    const { view, display } = state;
    const colorMap = colorMapOf(view);
    const key = [shown.key, colorMap, view.smooth, display.mass, display.fade].join('/');
    if (this.drawn?.key !== key) {
      this.drawn = { key, canvas: drawnMap(shown, state, colorMap, fadeOf(state)) };
    }
    return this.drawn.canvas;
  }
}

/** The map of a slice that `sliceOf` asked for: a row for each head, and the heat of the one, or the fusion, that is shown. */
export function mapOf({ values, shape }: Slice, view: ViewState, { loaded }: PanelModel, scale: ScaleChoice) {
  const { perHead, over } = methods[view.method];
  const rows = perHead ? splitHeads(values, shape[0]!) : [values];
  const prefixes = over === 'tokens' ? loaded.numPrefix : 0;
  return { rows, heat: heatOf(rows, perHead ? view.head : 'mean', prefixes, scale) };
}

/** Why a model's runs cannot give what a method is computed from; null when they can. */
export function whyNot(method: MethodId, { loaded }: PanelModel): string | null {
  const { needs } = methods[method];
  if (needs === 'tokens') return loaded.tokens === true ? null : l10n.t('This model does not hand out its tokens.');
  const possible = needs === 'maps' ? loaded.attention : loaded.explains;
  return possible === true ? null : say(possible);
}

/** What shows the view's method at its layer and query. Of rollout: from the first layer to this one. */
export function sliceOf({ method, layer, head, query, class: chosen, against }: ViewState): MethodSlice {
  const fusion = typeof head === 'number' ? 'mean' : head;
  const places = { layer, query, from: 0, to: layer, fusion };
  return methodSlice(method, { ...methodDefaults, ...places, class: chosen, against });
}

export const scaleOf = (
  { method }: ViewState,
  { scale, excludeOutliers }: Display,
  without: readonly number[] = [],
): ScaleChoice => ({
  scale,
  excludeOutliers,
  without,
  signed: methods[method].signed,
});

/** The chosen colours, or those whose middle is zero. */
export const colorMapOf = ({ method, colorMap }: ViewState): string =>
  methods[method].signed ? signedColorMap : colorMap;

/** What fades of a map that lies over the picture. */
export const fadeOf = ({ view, display }: AppState): Fade =>
  !display.fade ? 'none' : methods[view.method].signed ? 'middle' : 'low';

/** The pixels of a map as the view draws it. */
export function drawnMap(
  { heat, layout }: Extract<Shown, { status: 'ready' }>,
  { view, display }: AppState,
  colorMap: string,
  fade: Fade,
): HTMLCanvasElement {
  const kept = keepMass(heat.patches, display.mass);
  const field = fieldOf(layout, heat.patches, view.smooth, finestPixels, kept);
  return pixels(field, heat.domain, colorMap, fade);
}
