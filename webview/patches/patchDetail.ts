/** Patches view: the chosen patch as the model gets it, enlarged, and what becomes of it. */
import type { App, Component } from '../app/app';
import { h } from '../ui/dom';
import { shape } from '../ui/format';
import { inputCanvas } from './modelInput';
import { Occlusion } from './occlusion';
import { QueryPicker } from '../ui/queryPicker';
import { facts, section } from '../ui/section';
import { inputBox, layoutOf } from '../drawing/tokenLayout';

export class PatchDetail implements Component {
  private readonly query: QueryPicker;
  private readonly occlusion: Occlusion;
  private readonly canvas = h('canvas', { class: 'patch-canvas', role: 'img', width: 1, height: 1 });
  private readonly facts = h('div', {});
  readonly element: HTMLElement;
  private drawn = '';

  constructor(private readonly app: App) {
    this.query = new QueryPicker(app);
    this.occlusion = new Occlusion(app);
    this.element = section(
      'Patch',
      'patch',
      true,
      h(
        'div',
        { class: 'stack' },
        this.query.element,
        this.occlusion.element,
        h('div', { class: 'patch-detail' }, this.canvas, this.facts),
      ),
    );
  }

  update(): void {
    this.query.update();
    this.occlusion.update();
    const { model, run, view, hover } = this.app.state;
    if (!model || !run) return;
    const input = inputCanvas(this.app);
    const token = hover ?? view.query;
    const drawn = [run.runId, token, input !== null].join('/');
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const layout = layoutOf(model, run.geometry);
    const patch = token - model.loaded.numPrefix;
    this.canvas.hidden = patch < 0 || !input;
    const channels = model.architecture?.image.channels ?? model.preprocessing.channels;
    if (patch < 0) return this.facts.replaceChildren(facts([['Token', 'not a patch: a learned vector']]));
    const box = inputBox(layout, patch);
    const [height, width] = [box.bottom - box.top, box.right - box.left];
    if (input) {
      this.canvas.width = width;
      this.canvas.height = height;
      this.canvas.getContext('2d')!.drawImage(input, -box.left, -box.top);
      this.canvas.setAttribute('aria-label', `Patch ${patch + 1}`);
    }
    this.facts.replaceChildren(
      facts([
        ['Patch', `${patch + 1} of ${layout.rows * layout.columns}`],
        ['Row, column', `${Math.floor(patch / layout.columns) + 1}, ${(patch % layout.columns) + 1}`],
        ['Pixels', `x ${box.left}–${box.right}, y ${box.top}–${box.bottom}`],
        ['Shape', shape([channels, height, width])],
        ['Token', layout.splits ? 'receptive field of a soft split' : `${channels * height * width} values`],
      ]),
    );
  }
}
