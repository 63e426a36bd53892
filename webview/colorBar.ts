/** The colour scale in numbers, with a mark where the value under the pointer lies. */
import type { App, Component } from './app';
import { colorTable } from './colorMap';
import { position, type Domain } from './colorScale';
import { h, setText } from './dom';
import { value } from './format';

export class ColorBar implements Component {
  private readonly gradient = h('canvas', { class: 'color-bar-gradient', width: 256, height: 1 });
  private readonly mark = h('span', { class: 'color-bar-mark', hidden: true });
  private readonly numbers = [0, 0.5, 1].map(() => h('span', {}));
  readonly element = h(
    'div',
    { class: 'color-bar', role: 'img', 'data-testid': 'color-bar' },
    h('div', { class: 'color-bar-track' }, this.gradient, this.mark),
    h('div', { class: 'color-bar-numbers' }, ...this.numbers),
  );
  private drawn = '';

  constructor(readonly app: App) {}

  update(): void {
    const { state } = this.app;
    const shown = this.app.attention.shown(state);
    this.element.hidden = state.view.view !== 'attention' || shown.status === 'none' || shown.status === 'unavailable';
    if (shown.status !== 'ready') return;
    const { domain, patches } = shown.heat;
    this.show(domain, state.view.colorMap);
    const patch = state.hover === null ? null : state.hover - state.model!.loaded.numPrefix;
    this.point(patch === null ? null : (patches[patch] ?? null), domain);
  }

  show([low, high]: Domain, colorMap: string): void {
    const texts = [low, (low + high) / 2, high].map(value);
    this.numbers.forEach((number, i) => setText(number, texts[i]!));
    this.element.setAttribute('aria-label', `Color scale from ${texts[0]} to ${texts[2]}`);
    if (this.drawn === colorMap) return;
    this.drawn = colorMap;
    const table = colorTable(colorMap);
    const image = new ImageData(256, 1);
    for (let i = 0; i < 256; i++) image.data.set([table[i * 3]!, table[i * 3 + 1]!, table[i * 3 + 2]!, 255], i * 4);
    this.gradient.getContext('2d')!.putImageData(image, 0, 0);
  }

  point(at: number | null, domain: Domain): void {
    this.mark.hidden = at === null;
    if (at !== null) this.mark.style.left = `${position(at, domain) * 100}%`;
  }
}
