/** The values of one step as a matrix; of (h, N, N) and (h, N, d) one head. */
import * as l10n from '@vscode/l10n';
import { atLayer } from '../../app/stepNames';
import { h } from '../../ui/dom';
import { className, type Name } from '../../ui/names';
import { matrixCount, matrixOf } from '../matrix';
import { MatrixView } from '../matrixView';
import { saveValues } from '../saveValues';
import type { Walk } from '../walk';
import { chooseRow, chosenRow, rowNames, stepSlice } from '../walk';
import { Placeholder, type PageFigure } from './figure';

/** The row of a step that is one list. */
const oneValue: Name = { name: l10n.t('Value'), inside: l10n.t('value'), short: l10n.t('value') };

export class StepMatrix implements PageFigure {
  private readonly note = new Placeholder();
  private readonly view: MatrixView;
  readonly element: HTMLElement;

  constructor(
    private readonly walk: Walk,
    private readonly step: string,
    title?: string,
  ) {
    this.view = new MatrixView(title, () => this.save());
    this.element = h('div', { 'data-step': step }, this.note.element, this.view.element);
  }

  update(): void {
    const { walk, step } = this;
    const peek = stepSlice(walk, step);
    this.note.show(peek.status === 'failed' ? peek.message : null);
    this.view.element.hidden = peek.status === 'failed';
    if (peek.status !== 'ready') return;
    const { shape, values } = peek.slice;
    const heads = matrixCount(shape);
    const matrix = matrixOf(shape, values, Math.min(walk.head, heads - 1));
    const pairs = /\.(scores|weights)$/.test(step);
    const name = rowNames(walk, matrix.rows);
    const { labels } = walk.app.state.model!;
    this.view.show({
      matrix,
      ...colorsOf(step),
      rowName: shape.length > 1 ? name : () => oneValue,
      columnName: pairs ? (column) => l10n.t('to {0}', name(column).inside) : columnNameOf(step, labels),
      // columns of the head are classes
      under: step === 'head' ? (column) => className(labels, column) : null,
      axes: axesOf(matrix.rows, matrix.columns, pairs, shape.length),
      chosen: chosenRow(walk, matrix.rows),
      square: pairs,
      choose: chooseRow(walk, matrix.rows),
    });
  }

  /** All heads of it, as `forward` writes the step. */
  private save(): void {
    const { app } = this.walk;
    const peek = stepSlice(this.walk, this.step);
    if (peek.status === 'ready') saveValues(app, atLayer(this.step, app.state.view.layer), peek.slice);
  }
}

const columnNameOf = (step: string, labels: readonly string[] | null) => (column: number) =>
  step === 'head' ? className(labels, column) : l10n.t('column {0}', column + 1);

/** Shares go from 0 up; scores have a range of their own; everything else is signed. */
function colorsOf(step: string): { colorMap: string; scale: 'range' | 'symmetric' } {
  if (/\.(weights|scores)$/.test(step)) return { colorMap: 'viridis', scale: 'range' };
  return { colorMap: 'puor_r', scale: 'symmetric' };
}

export function axesOf(rows: number, columns: number, pairs: boolean, dimensions: number): string {
  if (pairs) return l10n.t('{0} tokens down look at {1} across', rows, columns);
  if (dimensions <= 1 || rows === 1) return columns === 1 ? l10n.t('1 value') : l10n.t('{0} values', columns);
  return l10n.t('{0} tokens down, {1} values across', rows, columns);
}
