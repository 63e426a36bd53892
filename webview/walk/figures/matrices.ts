/** The values of a page's steps as matrices, under what goes into them. */
import * as l10n from '@vscode/l10n';
import { button } from '../../ui/controls';
import { h, icon } from '../../ui/dom';
import type { Walk } from '../walk';
import type { PageFigure } from './figure';
import { Inputs, isSplitConnection } from './inputs';
import { StageHeat } from './stageHeat';
import { StepMatrix } from './stepMatrix';

const letters: Record<string, string> = { q: l10n.t('Q, queries'), k: l10n.t('K, keys'), v: l10n.t('V, values') };

export class Matrices implements PageFigure {
  private readonly inputs: Inputs;
  private readonly matrices: StepMatrix[];
  private heat: StageHeat | null = null;
  readonly element: HTMLElement;

  constructor(private readonly walk: Walk) {
    const { steps, figure, id } = walk.page;
    const sum = isSplitConnection(id) ? 'x + f(x)' : undefined;
    this.inputs = new Inputs(walk);
    this.matrices = steps.map(
      (step) => new StepMatrix(walk, step, sum ?? letters[/\.attn\.([qkv])$/.exec(step)?.[1] ?? '']),
    );
    this.element = h(
      'div',
      { class: 'figures' },
      this.inputs.element,
      h(
        'div',
        { class: steps.length > 1 ? 'figures side-by-side' : 'figures' },
        ...this.matrices.map(({ element }) => element),
      ),
    );
    if (walk.page.stage !== null && steps[0]!.endsWith('.attn.weights')) {
      this.heat = new StageHeat(walk);
      this.element.prepend(this.heat.element);
    }
    if (figure === 'heads' && steps[0]!.startsWith('blocks.') && steps[0]!.endsWith('.weights')) {
      this.element.append(
        button(
          'secondary',
          { class: 'on-picture', onclick: () => this.showOnPicture() },
          icon('eye', 'before-text'),
          l10n.t('See this row on the picture'),
        ),
      );
    }
  }

  update(): void {
    this.heat?.update();
    this.inputs.update();
    for (const matrix of this.matrices) matrix.update();
  }

  private showOnPicture(): void {
    const { app, head, token } = this.walk;
    app.setView({ view: 'attention', method: 'attention', head, query: token });
  }
}
