/** The numbers on screen, and those of every layer and head, as they are saved. */
import * as l10n from '@vscode/l10n';
import { joined, splitHeads } from '../../extension/engine/headFusion';
import { methods } from '../../extension/engine/methods';
import type { App } from '../app/app';
import { sliceOf, type Shown } from '../app/attention';
import { recordOf } from './record';
import type { Values } from './values';

type Ready = Extract<Shown, { status: 'ready' }>;

/** What is drawn: one value a patch, (rows, columns). */
export const mapValues = ({ heat, layout }: Ready): Values => ({
  shape: [layout.rows, layout.columns],
  values: heat.patches.slice(),
  axes: ['row', 'column'],
});

/** Every layer and head for the query on screen: (layers, heads, tokens), prefix tokens first; one head where a method joins them. */
export async function allValues({ state, slices }: App): Promise<Values> {
  const { model, view } = state;
  const { layers } = model!.loaded;
  const rows: Float32Array[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const slice = await slices.wait(sliceOf({ ...view, layer }));
    if (!slice) throw new Error(l10n.t('Layer {0} cannot be had.', layer + 1));
    rows.push(...(methods[view.method].perHead ? splitHeads(slice.values, slice.shape[0]!) : [slice.values]));
  }
  const values = joined(rows);
  const heads = rows.length / layers;
  return { shape: [layers, heads, values.length / rows.length], values, axes: ['layer', 'head', 'token'] };
}

export async function jsonText({ state, slices, host }: App, ready: Ready): Promise<string> {
  const weights = await host.request('weight-files', { runId: state.run!.runId });
  const slice = await slices.wait(sliceOf(state.view));
  if (!slice) throw new Error(l10n.t('The values are gone: a newer run has replaced this one.'));
  return `${JSON.stringify(recordOf(state, ready, slice, weights), null, 1)}\n`;
}
