/** A matrix drawn as a picture one can zoom and point at, with its colour bar and the value under the pointer. */
import { Bar } from '../colorBar';
import { colorTable } from '../colorMap';
import { domainOf, symmetric, type Domain } from '../colorScale';
import { button } from '../controls';
import { h, icon, setText } from '../dom';
import { value } from '../format';
import { theme } from '../theme';
import {
  cellAt,
  fitMatrix,
  heightOf,
  keepInside,
  paintMatrix,
  statistics,
  zoomMatrix,
  type Matrix,
  type Window,
} from './matrix';

export interface MatrixContent {
  matrix: Matrix;
  colorMap: string;
  /** fixed; or from the data: its range, or as much on both sides of zero. */
  scale: Domain | 'range' | 'symmetric';
  /** What a row or column is called in the readout: 'patch 12', 'column 3'. */
  rowName: (row: number) => string;
  columnName: (column: number) => string;
  /** Under the picture: what goes down and across. */
  axes: string;
  /** Row set off from the others; null for none. */
  chosen: number | null;
  /** Cells stay square (images, attention). */
  square?: boolean;
  choose?: (row: number, column: number) => void;
}

const gutter = 40;
const outliers = 0.005;

export class MatrixView {
  private readonly canvas = h('canvas', {
    class: 'matrix-canvas',
    tabindex: 0,
    role: 'application',
    'data-testid': 'matrix',
  });
  private readonly bar = new Bar();
  private readonly readout = h('output', { class: 'readout-value', 'data-testid': 'matrix-readout' });
  private readonly axes = h('span', { class: 'caption' });
  private readonly statistics = h('span', { class: 'caption' });
  readonly element: HTMLElement;
  private content: MatrixContent | null = null;
  private domain: Domain = [0, 1];
  private window: Window | null = null;
  private pointed: { row: number; column: number } | null = null;
  private dragged: { x: number; y: number; moved: boolean } | null = null;

  constructor(title?: string) {
    const zoom = (factor: number) => () => this.zoom(factor, (this.canvas.clientWidth - gutter) / 2, this.height() / 2);
    this.element = h(
      'figure',
      { class: 'matrix' },
      h(
        'figcaption',
        { class: 'matrix-head' },
        h('span', { class: 'matrix-title' }, title ?? ''),
        this.axes,
        h(
          'span',
          { class: 'matrix-zoom' },
          button('icon', { title: 'Zoom in (+)', 'aria-label': 'Zoom in', onclick: zoom(2) }, icon('zoom-in')),
          button('icon', { title: 'Zoom out (−)', 'aria-label': 'Zoom out', onclick: zoom(0.5) }, icon('zoom-out')),
          button('icon', { title: 'Fit (0)', 'aria-label': 'Fit', onclick: () => this.refit() }, icon('screen-full')),
        ),
      ),
      this.canvas,
      h(
        'div',
        { class: 'matrix-foot' },
        h('div', { class: 'readout' }, this.readout, this.statistics),
        this.bar.element,
      ),
    );
    new ResizeObserver(() => this.draw()).observe(this.element);
    this.listen();
  }

  show(content: MatrixContent): void {
    const fresh = content.matrix.values !== this.content?.matrix.values || content.scale !== this.content.scale;
    const { rows, columns, values } = content.matrix;
    if (this.content?.matrix.rows !== rows || this.content.matrix.columns !== columns) this.window = null;
    this.content = content;
    if (fresh) {
      this.domain =
        content.scale === 'range'
          ? domainOf([values])
          : content.scale === 'symmetric'
            ? symmetric(domainOf([values], values.length > 1000 ? outliers : 0))
            : content.scale;
      const { mean, deviation, low, high } = statistics(values);
      setText(
        this.statistics,
        `${value(low)} to ${value(high)}, mean ${value(mean)}, standard deviation ${value(deviation)}`,
      );
    }
    this.bar.show(this.domain, content.colorMap);
    setText(this.axes, content.axes);
    this.canvas.setAttribute('aria-label', `${content.axes}. Arrow keys move the pointer, plus and minus zoom.`);
    this.draw();
  }

  private fitted(): Window {
    const { matrix, square } = this.content!;
    const most = Math.max(160, Math.min(440, innerHeight * 0.5));
    const fitted = fitMatrix(matrix, this.canvas.clientWidth - gutter, most);
    if (!square) return fitted;
    const cell = Math.min(fitted.cellWidth, most / matrix.rows);
    return { ...fitted, cellWidth: cell, cellHeight: cell };
  }

  private height(): number {
    return this.content ? heightOf(this.content.matrix, this.fitted()) : 0;
  }

  private draw(): void {
    if (!this.content || this.canvas.clientWidth === 0) return;
    const { matrix, colorMap, chosen } = this.content;
    const scale = devicePixelRatio;
    const height = this.height();
    const width = this.canvas.clientWidth;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    const window = keepInside(this.window ?? this.fitted(), matrix, width - gutter, height);
    if (this.window) this.window = window;
    const context = this.canvas.getContext('2d')!;
    const inner = Math.max(1, Math.round((width - gutter) * scale));
    const pixels = paintMatrix(matrix, window, this.domain, colorTable(colorMap), inner, this.canvas.height, scale);
    context.putImageData(new ImageData(pixels, inner, this.canvas.height), Math.round(gutter * scale), 0);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.drawRowNames(context, window, height);
    this.drawValues(context, window, width, height);
    const right = gutter + (matrix.columns - window.column) * window.cellWidth;
    if (chosen !== null) this.frameRow(context, window, chosen, Math.min(right, width));
    this.drawPointed(context, window);
  }

  private drawRowNames(context: CanvasRenderingContext2D, window: Window, height: number): void {
    const { matrix, chosen, rowName } = this.content!;
    const every = Math.max(1, Math.ceil(13 / window.cellHeight));
    context.font = `10px ${theme().font}`;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const name = (row: number, strong: boolean) => {
      const y = (row + 0.5 - window.row) * window.cellHeight;
      if (row < 0 || row >= matrix.rows || y < 0 || y > height) return;
      context.fillStyle = strong ? theme().foreground : theme().muted;
      context.fillText(shortName(rowName(row)), gutter - 5, Math.max(6, Math.min(height - 6, y)), gutter - 6);
    };
    const first = Math.ceil(window.row / every) * every;
    for (let row = first; row < window.row + height / window.cellHeight; row += every) {
      if (chosen === null || Math.abs(row - chosen) * window.cellHeight >= 15) name(row, false);
    }
    if (chosen !== null) name(chosen, true);
  }

  /** Numbers in cells that have room for them: black on light colours, white on dark ones. */
  private drawValues(context: CanvasRenderingContext2D, window: Window, width: number, height: number): void {
    if (window.cellWidth < 40 || window.cellHeight < 14) return;
    const { matrix, colorMap } = this.content!;
    const table = colorTable(colorMap);
    context.font = `11px ${theme().font}`;
    context.textAlign = 'center';
    for (
      let row = Math.floor(window.row);
      row < Math.min(matrix.rows, window.row + height / window.cellHeight);
      row++
    ) {
      for (let column = Math.floor(window.column); ; column++) {
        const x = gutter + (column + 0.5 - window.column) * window.cellWidth;
        if (column >= matrix.columns || x > width) break;
        const cell = matrix.values[row * matrix.columns + column]!;
        const share = (cell - this.domain[0]) / (this.domain[1] - this.domain[0] || 1);
        const entry = Math.round(Math.min(1, Math.max(0, share)) * 255) * 3;
        const light = 0.3 * table[entry]! + 0.59 * table[entry + 1]! + 0.11 * table[entry + 2]!;
        context.fillStyle = light > 128 ? '#000000' : '#ffffff';
        context.fillText(value(cell), x, (row + 0.5 - window.row) * window.cellHeight, window.cellWidth - 4);
      }
    }
  }

  private frameRow(context: CanvasRenderingContext2D, window: Window, row: number, right: number): void {
    const y = (row - window.row) * window.cellHeight;
    context.strokeStyle = theme().focus;
    context.lineWidth = 1.5;
    context.strokeRect(gutter - 1, y - 1, right - gutter + 1, window.cellHeight + 2);
  }

  private drawPointed(context: CanvasRenderingContext2D, window: Window): void {
    if (!this.pointed || window.cellWidth < 6) return;
    context.strokeStyle = theme().foreground;
    context.lineWidth = 1;
    context.strokeRect(
      gutter + (this.pointed.column - window.column) * window.cellWidth,
      (this.pointed.row - window.row) * window.cellHeight,
      window.cellWidth,
      window.cellHeight,
    );
  }

  private point(cell: { row: number; column: number } | null): void {
    this.pointed = cell;
    const { content } = this;
    if (!cell || !content) {
      setText(this.readout, '');
      this.bar.point(null, this.domain);
    } else {
      const at = content.matrix.values[cell.row * content.matrix.columns + cell.column]!;
      setText(this.readout, `${content.rowName(cell.row)}, ${content.columnName(cell.column)}: ${value(at)}`);
      this.bar.point(at, this.domain);
    }
    this.draw();
  }

  private zoom(factor: number, x: number, y: number): void {
    if (!this.content) return;
    const fitted = this.fitted();
    const next = zoomMatrix(this.window ?? fitted, factor, x, y, fitted);
    this.window = next.cellWidth <= fitted.cellWidth * 1.001 ? null : next;
    this.draw();
  }

  private refit(): void {
    this.window = null;
    this.draw();
  }

  private at(event: MouseEvent) {
    const window = this.window ?? this.fitted();
    return this.content && cellAt(window, this.content.matrix, event.offsetX - gutter, event.offsetY);
  }

  private listen(): void {
    const { canvas } = this;
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.dragged = { x: event.offsetX, y: event.offsetY, moved: false };
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!this.content) return;
      const { dragged, window } = this;
      if (dragged && window) {
        const [dx, dy] = [event.offsetX - dragged.x, event.offsetY - dragged.y];
        if (!dragged.moved && Math.hypot(dx, dy) < 4) return;
        this.dragged = { x: event.offsetX, y: event.offsetY, moved: true };
        this.window = {
          ...window,
          column: window.column - dx / window.cellWidth,
          row: window.row - dy / window.cellHeight,
        };
        this.draw();
      } else this.point(this.at(event));
    });
    canvas.addEventListener('pointerup', (event) => {
      const cell = !this.dragged?.moved && this.at(event);
      this.dragged = null;
      if (cell) this.content?.choose?.(cell.row, cell.column);
    });
    canvas.addEventListener('pointerleave', () => this.point(null));
    canvas.addEventListener(
      'wheel',
      (event) => {
        // without Ctrl the page scrolls: a matrix is one of several figures on it
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.zoom(Math.exp(-event.deltaY * 0.01), event.offsetX - gutter, event.offsetY);
      },
      { passive: false },
    );
    canvas.addEventListener('keydown', (event) => this.onKey(event));
  }

  private onKey(event: KeyboardEvent): void {
    if (!this.content || event.ctrlKey || event.altKey || event.metaKey) return;
    const { rows, columns } = this.content.matrix;
    const from = this.pointed ?? { row: this.content.chosen ?? 0, column: 0 };
    const to = (row: number, column: number) => () =>
      this.point({
        row: Math.max(0, Math.min(rows - 1, from.row + row)),
        column: Math.max(0, Math.min(columns - 1, from.column + column)),
      });
    const middle = [(this.canvas.clientWidth - gutter) / 2, this.height() / 2] as const;
    const keys: Record<string, () => void> = {
      ArrowLeft: to(0, -1),
      ArrowRight: to(0, 1),
      ArrowUp: to(-1, 0),
      ArrowDown: to(1, 0),
      Enter: () => this.content?.choose?.(from.row, from.column),
      '+': () => this.zoom(2, ...middle),
      '=': () => this.zoom(2, ...middle),
      '-': () => this.zoom(0.5, ...middle),
      '0': () => this.refit(),
    };
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}

/** 'Patch 12' -> '12', 'Class token' -> 'class': the margin is narrow. */
function shortName(name: string): string {
  return name
    .replace(/^(Patch|Token|Row|Position|y) /, '')
    .replace(/^Register /, 'reg ')
    .replace(/ token$/, '')
    .toLowerCase();
}
