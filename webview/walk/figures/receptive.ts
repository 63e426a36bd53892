/** The last soft split's projection: its tokens, and what of the picture the chosen one is made of. */
import { h } from '../../ui/dom';
import { layoutOf } from '../../drawing/tokenLayout';
import { inputPicture } from '../inputPicture';
import { PatchGrid } from '../patchGrid';
import type { Walk } from '../walk';
import type { PageFigure } from './figure';
import { Matrices } from './matrices';

export class ReceptiveFigure implements PageFigure {
  private readonly grid = new PatchGrid();
  private readonly matrices: Matrices;
  readonly element: HTMLElement;

  constructor(private readonly walk: Walk) {
    this.matrices = new Matrices(walk);
    this.element = h('div', { class: 'figures' }, this.grid.element, this.matrices.element);
  }

  update(): void {
    const { app, patch } = this.walk;
    const { model, run } = app.state;
    const input = app.slices.peek({ kind: 'input' });
    if (input.status === 'ready') {
      this.grid.show({
        source: inputPicture(input.slice, model!.preprocessing),
        layout: layoutOf(model!, run!.geometry),
        chosen: patch,
        choose: (chosen) => this.walk.choosePatch(chosen),
      });
    }
    this.matrices.update();
  }
}
