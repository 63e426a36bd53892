/** The map of the one side less that of the other, over the patches of the first. */
import * as l10n from '@vscode/l10n';
import { drawnMap, scaleOf, type MapSource, type Shown } from '../app/attention';
import type { AppState } from '../app/state';
import { domainOfMaps } from '../drawing/heat';
import { signedColorMap } from '../../extension/drawing/colorMap';

type Ready = Extract<Shown, { status: 'ready' }>;

export class Difference implements MapSource {
  private last: Ready | null = null;
  private drawn: { key: string; canvas: HTMLCanvasElement } | null = null;

  /** @param both the two maps as they are shown */
  constructor(private readonly both: () => readonly [Shown, Shown]) {}

  shown({ view, display }: AppState): Shown {
    const [one, other] = this.both();
    for (const side of [one, other]) if (side.status !== 'ready') return side;
    const [a, b] = [one as Ready, other as Ready];
    if (a.layout.rows !== b.layout.rows || a.layout.columns !== b.layout.columns)
      return {
        status: 'unavailable',
        reason: l10n.t(
          'There is no difference of maps of {0} × {1} and {2} × {3} patches.',
          ...[a.layout.rows, a.layout.columns, b.layout.rows, b.layout.columns],
        ),
      };
    const key = ['difference', a.key, b.key].join('|');
    if (this.last?.key === key) return this.last;
    const patches = a.heat.patches.map((x, patch) => x - b.heat.patches[patch]!);
    const choice = { ...scaleOf(view, display), signed: true };
    const domain = domainOfMaps([{ map: patches, without: [] }], choice);
    const heat = { patches, prefix: new Float32Array(), domain };
    return (this.last = { status: 'ready', key, rows: [patches], heat, layout: a.layout });
  }

  canvas(state: AppState): HTMLCanvasElement | null {
    const shown = this.shown(state);
    if (shown.status === 'pending') return this.drawn?.canvas ?? null;
    if (shown.status !== 'ready') return (this.drawn = null);
    const { view, display } = state;
    const key = [shown.key, view.smooth, display.mass, display.fade].join('/');
    if (this.drawn?.key !== key)
      this.drawn = { key, canvas: drawnMap(shown, state, signedColorMap, display.fade ? 'middle' : 'none') };
    return this.drawn.canvas;
  }
}
