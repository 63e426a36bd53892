/** The values of a page's steps as matrices; of (h, N, N) and (h, N, d) one head. */
import { button } from '../../ui/controls';
import { h, icon } from '../../ui/dom';
import { matrixCount, matrixOf } from '../matrix';
import { MatrixView } from '../matrixView';
import type { Walk } from '../walk';
import { chooseRow, chosenRow, rowNames, stepSlice } from '../walk';
import { Placeholder, type PageFigure } from './figure';
import { StageHeat } from './stageHeat';

const letters: Record<string, string> = { q: 'Q, queries', k: 'K, keys', v: 'V, values' };

export class Matrices implements PageFigure {
  private readonly views: { step: string; view: MatrixView; note: Placeholder }[];
  private heat: StageHeat | null = null;
  readonly element: HTMLElement;

  constructor(private readonly walk: Walk) {
    const { steps, figure } = walk.page;
    this.views = steps.map((step) => ({
      step,
      view: new MatrixView(letters[/\.attn\.([qkv])$/.exec(step)?.[1] ?? '']),
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
          'See this row on the picture',
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
        rowName: shape.length > 1 ? name : () => 'Value',
        columnName: pairs ? (column) => `to ${name(column).toLowerCase()}` : this.columnName(step),
        axes: axesOf(matrix.rows, matrix.columns, pairs, shape.length),
        chosen: chosenRow(this.walk, matrix.rows),
        square: pairs,
        choose: chooseRow(this.walk, matrix.rows),
      });
    }
  }

  /** Columns of the head are classes. */
  private columnName(step: string): (column: number) => string {
    const labels = step === 'head' ? this.walk.app.state.model!.labels : null;
    return (column) => labels?.[column] ?? (step === 'head' ? `class ${column}` : `column ${column + 1}`);
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
  if (pairs) return `${rows} tokens down look at ${columns} across`;
  if (dimensions <= 1 || rows === 1) return `${columns} ${columns === 1 ? 'value' : 'values'}`;
  return `${rows} tokens down, ${columns} values across`;
}
