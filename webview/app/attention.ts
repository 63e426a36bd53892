/** The attention on screen: which slice it needs, the map made of it, and its pixels. */
import type { SliceRequest } from '../../extension/engine/requests';
import { colorTable } from '../drawing/colorMap';
import { heatOf, headRows, keepMass, type Heat } from '../drawing/heat';
import { enlarge, paint, type Field } from '../drawing/raster';
import type { Slices } from './slices';
import type { AppState } from './state';
import { layoutOf, spread, type TokenLayout } from '../drawing/tokenLayout';

export type Shown =
  | { status: 'none' }
  | { status: 'pending' }
  | { status: 'unavailable'; reason: string }
  | { status: 'ready'; key: string; rows: Float32Array[]; heat: Heat; layout: TokenLayout };

/** Pixels wide or high at most; more than a grid of patches can show. */
const finestPixels = 768;

export class Attention {
  private last: Shown = { status: 'none' };
  private drawn: { key: string; canvas: HTMLCanvasElement } | null = null;

  constructor(private readonly slices: Slices) {}

  /** What can be shown now; asks for the slice when it is not here yet. */
  shown({ model, run, view, display }: AppState): Shown {
    if (!model || !run) return (this.last = { status: 'none' });
    if (model.loaded.attention !== true) return (this.last = { status: 'unavailable', reason: model.loaded.attention });
    const { layer, head, query, method } = view;
    const key = [run.runId, layer, head, query, method, display.scale, display.excludeOutliers].join('/');
    if (this.last.status === 'ready' && this.last.key === key) return this.last;
    const what: SliceRequest =
      method === 'raw'
        ? { kind: 'attention-rows', layer, query }
        : {
            kind: 'rollout',
            query,
            from: 0,
            to: layer,
            fusion: typeof head === 'number' ? 'mean' : head,
            discardRatio: 0,
          };
    const peek = this.slices.peek(what);
    if (peek.status === 'failed') return (this.last = { status: 'unavailable', reason: peek.message });
    if (peek.status === 'pending') return { status: 'pending' };
    const rows = method === 'raw' ? headRows(peek.slice.values, peek.slice.shape[0]!) : [peek.slice.values];
    const heat = heatOf(rows, method === 'raw' ? head : 'mean', model.loaded.numPrefix, display);
    return (this.last = { status: 'ready', key, rows, heat, layout: layoutOf(model, run.geometry) });
  }

  /** The map's pixels over the model's input, or null when there is none. While a new one is on its way: the one before. */
  canvas(state: AppState): HTMLCanvasElement | null {
    const shown = this.shown(state);
    if (shown.status === 'pending') return this.drawn?.canvas ?? null;
    if (shown.status !== 'ready') return (this.drawn = null);
    const { view, display } = state;
    const key = [shown.key, view.colorMap, view.smooth, display.mass].join('/');
    if (this.drawn?.key !== key) {
      const kept = keepMass(shown.heat.patches, display.mass);
      const field = fieldOf(shown.layout, kept, view.smooth);
      this.drawn = { key, canvas: pixels(field, shown.heat.domain, view.colorMap) };
    }
    return this.drawn.canvas;
  }
}

/** Patch values as a field over the whole input: cells, smoothed cells, or a soft split's overlapping boxes. */
export function fieldOf(layout: TokenLayout, values: Float32Array, smooth: boolean, finest = finestPixels): Field {
  if (layout.splits) {
    return spread(layout, values, Math.max(1, Math.ceil(Math.max(layout.inputWidth, layout.inputHeight) / finest)));
  }
  const cells: Field = { rows: layout.rows, columns: layout.columns, values };
  if (!smooth) return cells;
  return enlarge(cells, Math.max(1, Math.min(32, Math.floor(finest / Math.max(layout.rows, layout.columns)))));
}

export function pixels(field: Field, domain: Heat['domain'], colorMap: string): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = field.columns;
  canvas.height = field.rows;
  const image = new ImageData(paint(field, domain, colorTable(colorMap)), field.columns, field.rows);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
  return canvas;
}
