/** A matrix drawn as a picture one can zoom and point at, with its colour bar and the value under the pointer. */
import * as l10n from '@vscode/l10n';
import { Bar } from '../attention/colorBar';
import { domainOf, symmetric, type Domain } from '../../extension/drawing/colorScale';
import { button } from '../ui/controls';
import { h, icon, setText } from '../ui/dom';
import { value } from '../ui/format';
import { drawMatrix, gutter, underRoom, type MatrixContent } from './matrixDrawing';
import { cellAt, fitMatrix, heightOf, keepInside, statistics, zoomMatrix, type MatrixViewport } from './matrix';

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
  private window: MatrixViewport | null = null;
  private pointed: { row: number; column: number } | null = null;
  private dragged: { x: number; y: number; moved: boolean } | null = null;

  /** @param save writes the values to a file; absent: there is no button for it */
  constructor(title?: string, save?: () => void) {
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
          button(
            'icon',
            { title: l10n.t('Zoom in (+)'), 'aria-label': l10n.t('Zoom in'), onclick: zoom(2) },
            icon('zoom-in'),
          ),
          button(
            'icon',
            { title: l10n.t('Zoom out (−)'), 'aria-label': l10n.t('Zoom out'), onclick: zoom(0.5) },
            icon('zoom-out'),
          ),
          button(
            'icon',
            { title: l10n.t('Fit (0)'), 'aria-label': l10n.t('Fit'), onclick: () => this.refit() },
            icon('screen-full'),
          ),
          save &&
            button(
              'icon',
              {
                title: l10n.t('Save these values as .npy…'),
                'aria-label': l10n.t('Save these values as .npy…'),
                'data-testid': 'save-matrix',
                onclick: save,
              },
              icon('save'),
            ),
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
        l10n.t('{0} to {1}, mean {2}, standard deviation {3}', value(low), value(high), value(mean), value(deviation)),
      );
    }
    this.bar.show(this.domain, content.colorMap);
    setText(this.axes, content.axes);
    this.canvas.setAttribute(
      'aria-label',
      l10n.t('{0}. Arrow keys move the pointer, plus and minus zoom.', content.axes),
    );
    this.draw();
  }

  private fitted(): MatrixViewport {
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
    const [width, height] = [this.canvas.clientWidth, this.height()];
    const whole = height + underRoom(this.content);
    this.canvas.style.height = `${whole}px`;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(whole * devicePixelRatio);
    const window = keepInside(this.window ?? this.fitted(), this.content.matrix, width - gutter, height);
    if (this.window) this.window = window;
    drawMatrix(this.canvas, {
      content: this.content,
      window,
      domain: this.domain,
      pointed: this.pointed,
      width,
      height,
    });
  }

  private point(cell: { row: number; column: number } | null): void {
    this.pointed = cell;
    const { content } = this;
    if (!cell || !content) {
      setText(this.readout, '');
      this.bar.point(null, this.domain);
    } else {
      const at = content.matrix.values[cell.row * content.matrix.columns + cell.column]!;
      setText(
        this.readout,
        l10n.t('{0}, {1}: {2}', content.rowName(cell.row).name, content.columnName(cell.column), value(at)),
      );
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
