/** The maps of every layer and head for the chosen query, and the one scale they share. */
import { splitHeads } from '../../extension/engine/headFusion';
import { methods, takes, type MethodId } from '../../extension/engine/methods';
import type { Domain } from '../../extension/drawing/colorScale';
import type { App } from './app';
import { scaleOf, sliceOf, whyNot } from './attention';
import { domainOfMaps } from '../drawing/heat';

/** Layers asked for at a time, so that what the main picture needs is never far back in the queue. */
const atOnce = 2;

export interface Maps {
  /** Another one when anything in them is. */
  key: string;
  /** By layer and head, one value a patch; null: on its way, or not to be had. */
  layers: readonly (readonly Float32Array[] | null)[];
  /** Of all of them, as far as they are here; null: each has its own. */
  domain: Domain | null;
  domainOf: (layer: number, head: number) => Domain;
}

/** Whether a method has a map for each layer. */
export const hasLayers = (method: MethodId): boolean => takes(method, 'layer') || takes(method, 'to');

/** Maps across: one for each head, or one where the method joins them. */
export const headsAcross = (method: MethodId, heads: number): number => (methods[method].perHead ? heads : 1);

export class LayerMaps {
  private last: Maps | null = null;

  constructor(private readonly app: App) {}

  /** All of them are here: they can be saved as one figure. */
  get complete(): boolean {
    const { model, run, view } = this.app.state;
    const possible = model !== null && run !== null && hasLayers(view.method) && whyNot(view.method, model) === null;
    return possible && !this.get().layers.includes(null);
  }

  /** What is here; asks for the next ones. There are a model and a run. */
  get(): Maps {
    const { state, attention } = this.app;
    const { view, display, run } = state;
    const layers = this.layers();
    const without = layers.map((maps, layer) =>
      maps ? (attention.sinks({ ...state, view: { ...view, layer } }) ?? []) : [],
    );
    const { overviewScale, excludeOutliers } = display;
    const arrived = layers.map((maps) => maps !== null);
    const about = [run!.runId, view.method, view.query, view.head, view.class, view.against];
    const key = JSON.stringify([about, overviewScale, excludeOutliers, arrived, without]);
    if (this.last?.key === key) return this.last;
    const comparable = (layer: number) => (layers[layer] ?? []).map((map) => ({ map, without: without[layer]! }));
    const choice = scaleOf(view, display);
    const all = layers.flatMap((_, layer) => comparable(layer));
    const domain = overviewScale === 'shared' ? domainOfMaps(all, choice) : null;
    const domainOf = (layer: number, head: number) => domain ?? domainOfMaps([comparable(layer)[head]!], choice);
    return (this.last = { key, layers, domain, domainOf });
  }

  private layers(): (Float32Array[] | null)[] {
    const { state, slices } = this.app;
    const { perHead, over } = methods[state.view.method];
    const { layers, numPrefix } = state.model!.loaded;
    let waiting = 0;
    return Array.from({ length: layers }, (_, layer) => {
      if (waiting >= atOnce) return null;
      const peek = slices.peek(sliceOf({ ...state.view, layer }));
      if (peek.status === 'pending') waiting++;
      if (peek.status !== 'ready') return null;
      const { values, shape } = peek.slice;
      const rows = perHead ? splitHeads(values, shape[0]!) : [values];
      return rows.map((row) => row.subarray(over === 'tokens' ? numPrefix : 0));
    });
  }
}
