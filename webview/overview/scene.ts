/** What the grid of all layers and heads shows, on screen and in figures. */
import * as l10n from '@vscode/l10n';
import { colorMapOf } from '../app/attention';
import type { AppState } from '../app/state';
import { layoutOf } from '../drawing/tokenLayout';
import type { Caption, GridScene } from './grid';
import { headsAcross, type Maps } from '../app/layerMaps';

export function gridScene({ model, run, view }: AppState, maps: Maps): GridScene {
  const { layers, heads } = model!.loaded;
  const across = headsAcross(view.method, heads);
  const captions = (count: number, long: (number: number) => string): Caption[] =>
    Array.from({ length: count }, (_, i) => ({ long: long(i + 1), short: String(i + 1) }));
  return {
    maps,
    layout: layoutOf(model!, run!.geometry),
    colorMap: colorMapOf(view),
    smooth: view.smooth,
    rows: captions(layers, (layer) => l10n.t('Layer {0}', layer)),
    columns: across > 1 ? captions(across, (head) => l10n.t('Head {0}', head)) : [{ long: '', short: '' }],
  };
}
