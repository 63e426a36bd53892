/** What goes into a page's steps, folded over what comes out; of a split connection it is open, as x and f(x). */
import * as l10n from '@vscode/l10n';
import { atLayer } from '../../app/stepNames';
import { h } from '../../ui/dom';
import { shape as shapeText } from '../../ui/format';
import { inputsOf } from '../inputs';
import type { Walk } from '../walk';
import type { PageFigure } from './figure';
import { StepMatrix } from './stepMatrix';

/** Opened on one page, it is open on the next. */
let wanted = false;

export class Inputs implements PageFigure {
  private readonly names = h('span', { class: 'walk-inputs' });
  private readonly body = h('div', { class: 'figures side-by-side' });
  readonly element: HTMLDetailsElement;
  private readonly isSplit: boolean;
  private shown = '';
  private matrices: StepMatrix[] = [];

  constructor(private readonly walk: Walk) {
    this.isSplit = isSplitConnection(walk.page.id);
    this.element = h(
      'details',
      { class: 'walk-goes-in', 'data-testid': 'goes-in', open: this.isSplit || wanted },
      h('summary', {}, l10n.t('What goes in'), this.names),
      this.body,
    );
    this.element.addEventListener('toggle', () => {
      if (!this.isSplit) wanted = this.element.open;
      this.update();
    });
  }

  update(): void {
    const { page, app } = this.walk;
    const { steps } = app.state.model!.loaded;
    const all = steps.map(({ name }) => name);
    const inputs = [...new Set(page.steps.flatMap((step) => inputsOf(all, atLayer(step, app.state.view.layer))))];
    this.element.hidden = inputs.length === 0;
    const shown = inputs.join();
    if (shown !== this.shown) {
      this.shown = shown;
      const sizes = (name: string) => shapeText(steps.find((step) => step.name === name)?.shape ?? []);
      this.names.replaceChildren(
        ...inputs.map((name) => h('code', { class: 'caption', 'data-testid': 'input-name' }, `${name} ${sizes(name)}`)),
      );
      this.matrices = [];
    }
    if (!this.element.open) return;
    if (this.matrices.length === 0) {
      this.matrices = inputs.map((name, i) => new StepMatrix(this.walk, name, this.isSplit ? titleOf(i) : name));
      this.body.replaceChildren(...this.matrices.map(({ element }) => element));
    }
    for (const matrix of this.matrices) matrix.update();
  }
}

/** Where what entered is added again. */
export const isSplitConnection = (page: string): boolean => /\.residual$/.test(page);

/** What entered first, then what was made of it: of each branch where there are several. */
const titleOf = (input: number) => (input === 0 ? 'x' : 'f(x)');
