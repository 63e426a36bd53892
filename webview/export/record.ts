/** The map on screen as JSON: the numbers, and all that is needed to say what they are. */
import { version } from '../../package.json';
import { methods, takes } from '../../extension/engine/methods';
import type { Slice, WeightFiles } from '../../extension/engine/requests';
import { colorMapOf, sliceOf, type Shown } from '../app/attention';
import type { AppState } from '../app/state';

type Ready = Extract<Shown, { status: 'ready' }>;

/**
 * Layers, heads and patches are counted from 1, as in the panel; classes from 0, as there too. `values`: one row of N tokens a head,
 * prefix tokens first, or one row over the patches; `map`: what is drawn, one value a patch, row by row.
 * @param slice what the map was made of
 */
export function recordOf(state: AppState, { rows, layout, heat }: Ready, slice: Slice, weights: WeightFiles): object {
  const { image, model, run, view, display } = state;
  const { method, layer, head, query } = view;
  const { evidence } = slice;
  const prefixes = layout.prefixNames;
  return {
    program: 'ViT Inspector',
    version,
    picture: image!.name,
    model: model!.name,
    family: model!.family,
    engine: model!.engine,
    weights,
    preprocessing: model!.preprocessing,
    region: run!.geometry.region,
    predictions: run!.predictions,
    hiddenPatches: state.hidden.map((patch) => patch + 1),
    method,
    parameters: sliceOf(view),
    ...(takes(method, 'layer') && { layer: layer + 1 }),
    ...(takes(method, 'from') && { layers: [1, layer + 1] }),
    ...((methods[method].perHead || takes(method, 'fusion')) && {
      head: typeof head === 'number' ? head + 1 : head,
    }),
    ...(takes(method, 'query') && { query: prefixes[query] ?? `patch ${query - prefixes.length + 1}`, token: query }),
    ...(evidence && {
      ...{ class: evidence.class, label: model!.labels?.[evidence.class] ?? null },
      ...(evidence.against !== null && {
        ...{ against: evidence.against, againstLabel: model!.labels?.[evidence.against] ?? null },
      }),
      y: evidence.y,
      ...(evidence.completeness !== undefined && { completeness: evidence.completeness }),
    }),
    scale: {
      domain: heat.domain,
      colors: colorMapOf(view),
      shared: display.scale === 'shared',
      outliersExcluded: display.excludeOutliers,
      sinksExcluded: display.excludeSinks,
      mass: display.mass,
    },
    prefix: prefixes,
    grid: [layout.rows, layout.columns],
    map: Array.from(heat.patches),
    values: rows.map((row) => Array.from(row)),
  };
}
