/** Every head of the chosen layer, small, side by side; a click shows it on the picture. */
import * as l10n from '@vscode/l10n';
import { methods } from '../../extension/engine/methods';
import type { App, Component } from '../app/app';
import { colorMapOf } from '../app/attention';
import { fieldOf, pixels } from '../drawing/fieldCanvas';
import { attribute, h, rove } from '../ui/dom';
import { heatOf } from '../drawing/heat';

/** Pixels of a thumbnail's longer side. */
const size = 96;

export class Thumbnails implements Component {
  readonly element = h('div', { class: 'thumbs', role: 'radiogroup', 'aria-label': l10n.t('Heads of this layer') });
  private drawn = '';

  constructor(private readonly app: App) {
    const perRow = () => getComputedStyle(this.element).gridTemplateColumns.split(' ').length;
    rove(this.element, () => [...this.element.children] as HTMLElement[], perRow, true);
  }

  update(): void {
    const { state } = this.app;
    const { view, display } = state;
    const heads = methods[view.method].perHead ? (state.model?.loaded.heads ?? 0) : 0;
    this.element.hidden = heads === 0;
    while (this.element.childElementCount > heads) this.element.lastElementChild!.remove();
    while (this.element.childElementCount < heads) this.element.append(this.thumb(this.element.childElementCount));
    [...this.element.children].forEach((thumb, head) => {
      attribute(thumb, 'aria-checked', view.head === head ? 'true' : 'false');
      (thumb as HTMLElement).tabIndex = view.head === head || (typeof view.head === 'string' && head === 0) ? 0 : -1;
    });
    const shown = this.app.attention.shown(state);
    if (shown.status !== 'ready' || heads === 0) return;
    const { runId } = state.run!;
    const drawn = [
      runId,
      view.layer,
      view.query,
      display.scale,
      display.excludeOutliers,
      display.excludeSinks,
      view.method,
      colorMapOf(view),
      view.smooth,
    ].join('/');
    if (drawn === this.drawn || shown.rows.length !== heads) return;
    this.drawn = drawn;
    const scale = this.app.attention.scale(state);
    shown.rows.forEach((_, head) => {
      const { patches, domain } = heatOf(shown.rows, head, state.model!.loaded.numPrefix, scale);
      const source = pixels(fieldOf(shown.layout, patches, view.smooth, size), domain, colorMapOf(view));
      const canvas = this.element.children[head]!.querySelector('canvas')!;
      const aspect = shown.layout.inputWidth / shown.layout.inputHeight;
      canvas.width = Math.round(size * Math.min(1, aspect));
      canvas.height = Math.round(size / Math.max(1, aspect));
      const context = canvas.getContext('2d')!;
      context.imageSmoothingEnabled = view.smooth;
      context.drawImage(source, 0, 0, canvas.width, canvas.height);
    });
  }

  private thumb(head: number): HTMLElement {
    return h(
      'button',
      {
        class: 'thumb',
        type: 'button',
        role: 'radio',
        'data-testid': 'head-thumb',
        'data-head': head,
        'aria-label': l10n.t('Head {0}', head + 1),
        title: l10n.t('Head {0}', head + 1),
        onclick: () => this.app.setView({ head: this.app.state.view.head === head ? 'mean' : head }),
      },
      h('canvas', { width: 1, height: 1 }),
      h('span', { class: 'thumb-number' }, String(head + 1)),
    );
  }
}
