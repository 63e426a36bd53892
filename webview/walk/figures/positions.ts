/** The position table, and how alike the positions are to the chosen one. */
import { h } from '../../ui/dom';
import { similarity } from '../matrix';
import { MatrixView } from '../matrixView';
import { rowNames, stepSlice, type Walk } from '../walk';
import { Placeholder, type PageFigure } from './figure';

export class PositionsFigure implements PageFigure {
  private readonly note = new Placeholder();
  private readonly table = new MatrixView('Position table');
  private readonly map = new MatrixView('Similarity');
  readonly element = h('div', { class: 'figures' }, this.note.element, this.table.element, this.map.element);
  private computed: { values: Float32Array; row: number; similar: Float32Array } | null = null;

  constructor(private readonly walk: Walk) {}

  update(): void {
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
      scale: architecture?.position.kind === 'sinusoid' ? sinusoidScale : 'symmetric',
      rowName: before === loaded.numPrefix ? rowNames(this.walk, loaded.numTokens) : (at) => `Position ${at + 1}`,
      columnName: (column) => `column ${column + 1}`,
      axes: `${rows} positions down, ${columns} values across`,
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
      rowName: (at) => `Row ${at + 1}`,
      columnName: (column) => `column ${column + 1}`,
      axes: `Cosine of every patch's position with patch ${patch + 1}'s; click to compare with another`,
      chosen: null,
      square: true,
      choose: (at, column) => this.walk.choosePatch(at * gridColumns + column),
    });
  }
}

const sinusoidScale: [number, number] = [-1, 1];
