/** Patches view: the chosen patch as the model gets it, enlarged, and what becomes of it. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { h } from '../ui/dom';
import { shape } from '../ui/format';
import { inputCanvas } from './modelInput';
import { patchName } from '../ui/names';
import { QueryPicker } from '../ui/queryPicker';
import { facts, section } from '../ui/section';
import { inputBox, layoutOf, type TokenLayout } from '../drawing/tokenLayout';
import type { Region } from '../../extension/image/preprocessing';

export class PatchDetail implements Component {
  private readonly query: QueryPicker;
  private readonly canvas = h('canvas', { class: 'patch-canvas', role: 'img', width: 1, height: 1 });
  private readonly facts = h('div', {});
  readonly element: HTMLElement;
  private drawn = '';

  constructor(private readonly app: App) {
    this.query = new QueryPicker(app);
    this.element = section(
      l10n.t('Patch'),
      'patch',
      true,
      h('div', { class: 'stack' }, this.query.element, h('div', { class: 'patch-detail' }, this.canvas, this.facts)),
    );
  }

  update(): void {
    this.query.update();
    const { model, run, view, hover } = this.app.state;
    // out of sight it does not ask for the whole input either
    if (!model || !run || view.view !== 'patches') return;
    const input = inputCanvas(this.app);
    const token = hover ?? view.query;
    const drawn = [run.runId, token, input !== null].join('/');
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const layout = layoutOf(model, run.geometry);
    const patch = token - model.loaded.numPrefix;
    this.canvas.hidden = patch < 0 || !input;
    const channels = model.architecture?.image.channels ?? model.preprocessing.channels;
    if (patch < 0)
      return this.facts.replaceChildren(facts([[l10n.t('Token'), l10n.t('not a patch: a learned vector')]]));
    const box = inputBox(layout, patch);
    const [height, width] = [box.bottom - box.top, box.right - box.left];
    if (input) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.getContext('2d')!.drawImage(input, -box.left, -box.top);
      this.canvas.setAttribute('aria-label', patchName(patch).name);
    }
    this.facts.replaceChildren(
      facts([
        [l10n.t('Patch'), l10n.t('{0} of {1}', patch + 1, layout.rows * layout.columns)],
        [l10n.t('Row, column'), `${Math.floor(patch / layout.columns) + 1}, ${(patch % layout.columns) + 1}`],
        [l10n.t('Pixels'), pixelsOf(box, layout)],
        [l10n.t('Shape'), shape([channels, height, width])],
        [
          l10n.t('Token'),
          layout.splits ? l10n.t('receptive field of a soft split') : l10n.t('{0} values', channels * height * width),
        ],
      ]),
    );
  }
}

/** First and last pixel of each axis, counted from 0; and that a window reaches beyond the picture, where it does. */
export function pixelsOf(box: Region, { inputWidth, inputHeight }: TokenLayout): string {
  const range = (begin: number, end: number, length: number) => `${Math.max(0, begin)}–${Math.min(length, end) - 1}`;
  const pixels = `x ${range(box.left, box.right, inputWidth)}, y ${range(box.top, box.bottom, inputHeight)}`;
  const isInside = box.left >= 0 && box.top >= 0 && box.right <= inputWidth && box.bottom <= inputHeight;
  return isInside ? pixels : l10n.t('{0}, and padding beyond the edge', pixels);
}
