/** Draws a matrix: its cells, the names of its rows, numbers where there is room, and what is chosen or pointed at. */
import { colorTable } from '../../extension/drawing/colorMap';
import { position, type Domain } from '../../extension/drawing/colorScale';
import { value } from '../ui/format';
import { theme } from '../drawing/theme';
import type { Name } from '../ui/names';
import { paintMatrix, type Matrix, type MatrixViewport } from './matrix';

export interface MatrixContent {
  matrix: Matrix;
  colorMap: string;
  /** fixed; or from the data: its range, or as much on both sides of zero. */
  scale: Domain | 'range' | 'symmetric';
  /** What a row is called in the readout and in the margin. */
  rowName: (row: number) => Name;
  /** What a column is called in the readout, inside a text: 'column 3'. */
  columnName: (column: number) => string;
  /** Written under each column where there is room; null: nothing is. */
  under?: ((column: number) => string) | null;
  /** Under the picture: what goes down and across. */
  axes: string;
  /** Row set off from the others; null for none. */
  chosen: number | null;
  /** Cells stay square (images, attention). */
  square?: boolean;
  choose?: (row: number, column: number) => void;
}

/** What is in sight, in CSS pixels. */
interface MatrixScene {
  content: MatrixContent;
  window: MatrixViewport;
  domain: Domain;
  pointed: { row: number; column: number } | null;
  width: number;
  /** Of the cells, without what is written under them. */
  height: number;
}

/** Margin at the left, for the names of the rows. */
export const gutter = 40;

/** Room under the cells for the names of columns, of which the longest are cut. */
export const underRoom = ({ under }: MatrixContent): number => (under ? 84 : 0);

/** The canvas already has its size in device pixels. */
export function drawMatrix(canvas: HTMLCanvasElement, scene: MatrixScene): void {
  const { content, window, domain, width } = scene;
  const scale = devicePixelRatio;
  const context = canvas.getContext('2d')!;
  const inner = Math.max(1, Math.round((width - gutter) * scale));
  const table = colorTable(content.colorMap);
  const cells = Math.max(1, Math.round(scene.height * scale));
  const pixels = paintMatrix(content.matrix, window, domain, table, inner, cells, scale);
  context.putImageData(new ImageData(pixels, inner, cells), Math.round(gutter * scale), 0);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  drawRowNames(context, scene);
  drawColumnNames(context, scene);
  drawValues(context, scene);
  frameChosen(context, scene);
  framePointed(context, scene);
}

function drawRowNames(context: CanvasRenderingContext2D, { content, window, height }: MatrixScene): void {
  const { matrix, chosen, rowName } = content;
  // the first name may be pushed down by half a line to stay inside: room for that, too
  const every = Math.max(1, Math.ceil(17 / window.cellHeight));
  context.font = `10px ${theme().font}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  const name = (row: number, strong: boolean) => {
    const y = (row + 0.5 - window.row) * window.cellHeight;
    if (row < 0 || row >= matrix.rows || y < 0 || y > height) return;
    context.fillStyle = strong ? theme().foreground : theme().muted;
    context.fillText(rowName(row).short, gutter - 5, Math.max(6, Math.min(height - 6, y)), gutter - 6);
  };
  const first = Math.ceil(window.row / every) * every;
  for (let row = first; row < window.row + height / window.cellHeight; row += every) {
    if (chosen === null || Math.abs(row - chosen) * window.cellHeight >= 15) name(row, false);
  }
  if (chosen !== null) name(chosen, true);
}

/** Turned, so that the next column has room for its own. */
function drawColumnNames(context: CanvasRenderingContext2D, { content, window, width, height }: MatrixScene): void {
  if (!content.under || window.cellWidth < 12) return;
  context.font = `11px ${theme().font}`;
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  context.fillStyle = theme().foreground;
  const end = Math.min(content.matrix.columns, window.column + (width - gutter) / window.cellWidth);
  for (let column = Math.ceil(window.column); column < end; column++) {
    context.save();
    context.translate(gutter + (column + 0.5 - window.column) * window.cellWidth, height + 6);
    context.rotate(-Math.PI / 2.6);
    context.fillText(content.under(column), 0, 0, underRoom(content) - 8);
    context.restore();
  }
}

/** Numbers in cells that have room for them: black on light colours, white on dark ones. */
function drawValues(context: CanvasRenderingContext2D, { content, window, domain, width, height }: MatrixScene): void {
  if (window.cellWidth < 40 || window.cellHeight < 14) return;
  const { matrix, colorMap } = content;
  const table = colorTable(colorMap);
  context.font = `11px ${theme().font}`;
  context.textAlign = 'center';
  const end = Math.min(matrix.rows, window.row + height / window.cellHeight);
  for (let row = Math.floor(window.row); row < end; row++) {
    for (let column = Math.floor(window.column); column < matrix.columns; column++) {
      const x = gutter + (column + 0.5 - window.column) * window.cellWidth;
      if (x > width) break;
      const cell = matrix.values[row * matrix.columns + column]!;
      const entry = Math.round(position(cell, domain) * 255) * 3;
      const light = 0.3 * table[entry]! + 0.59 * table[entry + 1]! + 0.11 * table[entry + 2]!;
      context.fillStyle = light > 128 ? '#000000' : '#ffffff';
      context.fillText(value(cell), x, (row + 0.5 - window.row) * window.cellHeight, window.cellWidth - 4);
    }
  }
}

function frameChosen(context: CanvasRenderingContext2D, { content, window, width }: MatrixScene): void {
  const { chosen, matrix } = content;
  if (chosen === null) return;
  const right = Math.min(width, gutter + (matrix.columns - window.column) * window.cellWidth);
  const y = (chosen - window.row) * window.cellHeight;
  context.strokeStyle = theme().focus;
  context.lineWidth = 1.5;
  context.strokeRect(gutter - 1, y - 1, right - gutter + 1, window.cellHeight + 2);
}

function framePointed(context: CanvasRenderingContext2D, { window, pointed }: MatrixScene): void {
  if (!pointed || window.cellWidth < 6) return;
  context.strokeStyle = theme().foreground;
  context.lineWidth = 1;
  context.strokeRect(
    gutter + (pointed.column - window.column) * window.cellWidth,
    (pointed.row - window.row) * window.cellHeight,
    window.cellWidth,
    window.cellHeight,
  );
}
