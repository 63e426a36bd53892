/** The colour scale in numbers, with a mark where the value under the pointer lies. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { colorMapOf, whyNot } from '../app/attention';
import { pixels } from '../drawing/fieldCanvas';
import { hasLayers, type LayerMaps } from '../app/layerMaps';
import { position, type Domain } from '../../extension/drawing/colorScale';
import { h, setText } from '../ui/dom';
import { value } from '../ui/format';

/** A colour bar by itself. */
export class Bar {
  private readonly gradient = h('canvas', { class: 'color-bar-gradient', width: 256, height: 1 });
  private readonly mark = h('span', { class: 'color-bar-mark', hidden: true });
  private readonly numbers = [0, 0.5, 1].map(() => h('span', {}));
  readonly element = h(
    'div',
    { class: 'color-bar', role: 'img' },
    h('div', { class: 'color-bar-track' }, this.gradient, this.mark),
    h('div', { class: 'color-bar-numbers' }, ...this.numbers),
  );
  private drawn = '';

  show([low, high]: Domain, colorMap: string): void {
    const texts = [low, (low + high) / 2, high].map(value);
    this.numbers.forEach((number, i) => setText(number, texts[i]!));
    this.element.setAttribute('aria-label', l10n.t('Color scale from {0} to {1}', texts[0]!, texts[2]!));
    if (this.drawn === colorMap) return;
    this.drawn = colorMap;
    this.gradient.getContext('2d')!.drawImage(gradient(colorMap), 0, 0);
  }

  point(at: number | null, domain: Domain): void {
    this.mark.hidden = at === null;
    if (at !== null) this.mark.style.left = `${position(at, domain) * 100}%`;
  }
}

/** The one under the picture. */
export class ColorBar implements Component {
  private readonly bar = new Bar();
  readonly element = this.bar.element;

  constructor(
    private readonly app: App,
    private readonly all: LayerMaps,
  ) {
    this.element.dataset.testid = 'color-bar';
  }

  update(): void {
    const { state } = this.app;
    const domain = this.domain();
    this.element.hidden = domain === null;
    if (domain === null || domain === 'unknown') return;
    this.bar.show(domain, colorMapOf(state.view));
    const shown = state.view.view === 'attention' ? this.app.attention.shown(state) : null;
    const patch = state.hover === null ? null : state.hover - state.model!.loaded.numPrefix;
    const value = shown?.status === 'ready' && patch !== null ? (shown.heat.patches[patch] ?? null) : null;
    this.bar.point(value, domain);
  }

  /** Of what is on the stage; null: nothing that has a scale. */
  private domain(): Domain | 'unknown' | null {
    const { state } = this.app;
    const { view, model, run } = state;
    if (view.view === 'overview') {
      const possible = model && run && hasLayers(view.method) && whyNot(view.method, model) === null;
      return possible ? this.all.get().domain : null;
    }
    const shown = this.app.attention.shown(state);
    if (view.view !== 'attention' || shown.status === 'none' || shown.status === 'unavailable') return null;
    return shown.status === 'ready' ? shown.heat.domain : 'unknown';
  }
}

/** A colour map as a canvas of 256 by 1 pixels, lowest value first. */
export function gradient(colorMap: string): HTMLCanvasElement {
  const values = Array.from({ length: 256 }, (_, i) => i);
  return pixels({ rows: 1, columns: 256, values }, [0, 255], colorMap);
}
