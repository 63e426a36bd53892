/** The position table, and how alike the positions are to the chosen one. */
import * as l10n from '@vscode/l10n';
import { h } from '../../ui/dom';
import { numberedRow, type Name } from '../../ui/names';
import { similarity } from '../matrix';
import { MatrixView } from '../matrixView';
import { saveMatrix, saveValues } from '../saveValues';
import { rowNames, stepSlice, type Walk } from '../walk';
import { Placeholder, type PageFigure } from './figure';
import { OrderFigure } from './order';

export class PositionsFigure implements PageFigure {
  private readonly note = new Placeholder();
  private readonly table = new MatrixView(l10n.t('Position table'), () => this.saveTable());
  private readonly map = new MatrixView(l10n.t('Similarity'), () => this.saveSimilarity());
  private readonly order: OrderFigure;
  readonly element: HTMLElement;
  private computed: { values: Float32Array; row: number; similar: Float32Array } | null = null;

  constructor(private readonly walk: Walk) {
    this.order = new OrderFigure(walk);
    const { note, table, map, order } = this;
    this.element = h('div', { class: 'figures' }, note.element, table.element, map.element, order.element);
  }

  private saveTable(): void {
    const peek = stepSlice(this.walk, 'pos_embed');
    if (peek.status === 'ready') saveValues(this.walk.app, 'pos_embed', peek.slice);
  }

  private saveSimilarity(): void {
    const { app, patch } = this.walk;
    const [rows, columns] = app.state.model!.loaded.grid;
    if (this.computed) saveMatrix(app, `pos_embed-similarity-${patch + 1}`, rows, columns, this.computed.similar);
  }

  update(): void {
    this.order.update();
    const { app, patch } = this.walk;
    const { loaded, architecture } = app.state.model!;
    const peek = stepSlice(this.walk, 'pos_embed');
    this.note.show(peek.status === 'failed' ? peek.message : null);
    if (peek.status !== 'ready') return;
    const { values, shape } = peek.slice;
    const [rows, columns] = shape.slice(-2) as [number, number];
    const [gridRows, gridColumns] = loaded.grid;
    // rows of prefix tokens come first, where the table has any
    const before = rows - gridRows * gridColumns;
    const row = patch + before;
    this.table.show({
      matrix: { rows, columns, values },
      colorMap: 'puor_r',
      scale: architecture?.position.kind.startsWith('sinusoid') ? sinusoidScale : 'symmetric',
      rowName: before === loaded.numPrefix ? rowNames(this.walk, loaded.numTokens) : positionName,
      columnName: (column) => l10n.t('column {0}', column + 1),
      axes: l10n.t('{0} positions down, {1} values across', rows, columns),
      chosen: row,
      choose: (chosen) => this.walk.choosePatch(Math.max(0, chosen - before)),
    });
    if (this.computed?.values !== values || this.computed.row !== row) {
      const similar = similarity({ rows, columns, values }, row).slice(before);
      this.computed = { values, row, similar };
    }
    this.map.show({
      matrix: { rows: gridRows, columns: gridColumns, values: this.computed.similar },
      colorMap: 'viridis',
      scale: 'range',
      rowName: numberedRow,
      columnName: (column) => l10n.t('column {0}', column + 1),
      axes: l10n.t("Cosine of every patch's position with patch {0}'s; click to compare with another", patch + 1),
      chosen: null,
      square: true,
      choose: (at, column) => this.walk.choosePatch(at * gridColumns + column),
    });
  }
}

const sinusoidScale: [number, number] = [-1, 1];

const positionName = (position: number): Name => ({
  name: l10n.t('Position {0}', position + 1),
  inside: l10n.t('position {0}', position + 1),
  short: String(position + 1),
});
