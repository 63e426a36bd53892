/** The values of a page's steps as matrices; of (h, N, N) and (h, N, d) one head. */
import * as l10n from '@vscode/l10n';
import { atLayer } from '../../app/stepNames';
import { sayError } from '../../app/words';
import { npyFile } from '../../export/values';
import { stemOf } from '../../export/names';
import { button } from '../../ui/controls';
import { h, icon } from '../../ui/dom';
import { className, type Name } from '../../ui/names';
import { matrixCount, matrixOf } from '../matrix';
import { MatrixView } from '../matrixView';
import type { Walk } from '../walk';
import { chooseRow, chosenRow, rowNames, stepSlice } from '../walk';
import { Placeholder, type PageFigure } from './figure';
import { StageHeat } from './stageHeat';

const letters: Record<string, string> = { q: l10n.t('Q, queries'), k: l10n.t('K, keys'), v: l10n.t('V, values') };

/** The row of a step that is one list. */
const oneValue: Name = { name: l10n.t('Value'), inside: l10n.t('value'), short: l10n.t('value') };

export class Matrices implements PageFigure {
  private readonly views: { step: string; view: MatrixView; note: Placeholder }[];
  private heat: StageHeat | null = null;
  readonly element: HTMLElement;

  constructor(private readonly walk: Walk) {
    const { steps, figure } = walk.page;
    this.views = steps.map((step) => ({
      step,
      view: new MatrixView(letters[/\.attn\.([qkv])$/.exec(step)?.[1] ?? ''], () => this.save(step)),
      note: new Placeholder(),
    }));
    this.element = h(
      'div',
      { class: steps.length > 1 ? 'figures side-by-side' : 'figures' },
      ...this.views.flatMap(({ view, note }) => [h('div', {}, note.element, view.element)]),
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
    for (const { step, view, note } of this.views) {
      const peek = stepSlice(this.walk, step);
      note.show(peek.status === 'failed' ? peek.message : null);
      view.element.hidden = peek.status === 'failed';
      if (peek.status !== 'ready') continue;
      const { shape, values } = peek.slice;
      const heads = matrixCount(shape);
      const matrix = matrixOf(shape, values, Math.min(this.walk.head, heads - 1));
      const pairs = /\.(scores|weights)$/.test(step);
      const name = rowNames(this.walk, matrix.rows);
      view.show({
        matrix,
        ...colorsOf(step),
        rowName: shape.length > 1 ? name : () => oneValue,
        columnName: pairs ? (column) => l10n.t('to {0}', name(column).inside) : this.columnName(step),
        axes: axesOf(matrix.rows, matrix.columns, pairs, shape.length),
        chosen: chosenRow(this.walk, matrix.rows),
        square: pairs,
        choose: chooseRow(this.walk, matrix.rows),
      });
    }
  }

  /** All heads of it, as `forward` writes the step. */
  private save(step: string): void {
    const { app } = this.walk;
    const peek = stepSlice(this.walk, step);
    if (peek.status !== 'ready') return;
    const { shape, values } = peek.slice;
    const suggestedName = `${stemOf(app.state)}-${atLayer(step, app.state.view.layer)}.npy`;
    app.host
      .request('save', { suggestedName, bytes: npyFile({ shape, values, axes: [] }) })
      .catch((error: unknown) => app.announce(sayError(error), 'error'));
  }

  /** Columns of the head are classes. */
  private columnName(step: string): (column: number) => string {
    const { labels } = this.walk.app.state.model!;
    return step === 'head' ? (column) => className(labels, column) : (column) => l10n.t('column {0}', column + 1);
  }

  private showOnPicture(): void {
    const { app, head } = this.walk;
    app.setView({ view: 'attention', method: 'attention', head });
  }
}

/** Shares go from 0 up; scores have a range of their own; everything else is signed. */
function colorsOf(step: string): { colorMap: string; scale: 'range' | 'symmetric' } {
  if (step.endsWith('.weights')) return { colorMap: 'viridis', scale: 'range' };
  if (step.endsWith('.scores')) return { colorMap: 'viridis', scale: 'range' };
  return { colorMap: 'puor_r', scale: 'symmetric' };
}

export function axesOf(rows: number, columns: number, pairs: boolean, dimensions: number): string {
  if (pairs) return l10n.t('{0} tokens down look at {1} across', rows, columns);
  if (dimensions <= 1 || rows === 1) return columns === 1 ? l10n.t('1 value') : l10n.t('{0} values', columns);
  return l10n.t('{0} tokens down, {1} values across', rows, columns);
}
