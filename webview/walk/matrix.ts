/** A matrix as a picture: which part is in sight, which cell is where, and its pixels. No DOM. */
import type { ColorTable } from '../../extension/drawing/colorMap';
import { position, type Domain } from '../../extension/drawing/colorScale';

export interface Matrix {
  rows: number;
  columns: number;
  /** Row by row; may be a part of a larger array. */
  values: Float32Array;
}

/** The cells in sight: column and row at the top left (fractions allowed) and the size of a cell in pixels. */
export interface MatrixViewport {
  row: number;
  column: number;
  cellWidth: number;
  cellHeight: number;
}

/** The matrix of one head of (..., rows, columns); vectors become one row. `head` counts over all leading axes. */
export function matrixOf(shape: readonly number[], values: Float32Array, head = 0): Matrix {
  const columns = shape.at(-1) ?? 1;
  const rows = shape.length > 1 ? shape.at(-2)! : 1;
  const begin = head * rows * columns;
  return { rows, columns, values: values.subarray(begin, begin + rows * columns) };
}

/** How many matrices lie in a shape: the product of all axes but the last two. */
export const matrixCount = (shape: readonly number[]): number => shape.slice(0, -2).reduce((a, b) => a * b, 1);

const largestCell = 28;

/**
 * The whole matrix in `width` pixels: cells as wide as fits (28 at most); as tall as wide where the height allows,
 * less where it does not, and never so flat that a row is lost if it can be helped.
 */
export function fitMatrix(
  { rows, columns }: { rows: number; columns: number },
  width: number,
  mostHeight: number,
): MatrixViewport {
  const cellWidth = Math.min(largestCell, width / columns);
  const tallest = Math.min(largestCell, mostHeight / rows);
  // few rows are made tall enough to see, name and point at
  const least = Math.max(3, Math.min(18, 200 / rows));
  return { row: 0, column: 0, cellWidth, cellHeight: Math.min(tallest, Math.max(cellWidth, least)) };
}

export function heightOf({ rows }: { rows: number }, { cellHeight }: MatrixViewport): number {
  return Math.max(1, Math.round(rows * cellHeight));
}

/** Enlarges columns and rows about a point; cells stay at least as large as fitted and at most 64 pixels. */
export function zoomMatrix(
  window: MatrixViewport,
  factor: number,
  x: number,
  y: number,
  fitted: MatrixViewport,
): MatrixViewport {
  const cellWidth = Math.min(64, Math.max(fitted.cellWidth, window.cellWidth * factor));
  // rows grow only once columns are as tall as they are wide
  const cellHeight = Math.min(Math.max(fitted.cellHeight, cellWidth * 0.6), 64);
  return {
    row: window.row + y / window.cellHeight - y / cellHeight,
    column: window.column + x / window.cellWidth - x / cellWidth,
    cellWidth,
    cellHeight,
  };
}

/** Moves a window so that it shows no more emptiness than it must. */
export function keepInside(
  window: MatrixViewport,
  matrix: { rows: number; columns: number },
  width: number,
  height: number,
): MatrixViewport {
  const within = (at: number, count: number, inSight: number) => Math.max(0, Math.min(at, count - inSight));
  return {
    ...window,
    row: within(window.row, matrix.rows, height / window.cellHeight),
    column: within(window.column, matrix.columns, width / window.cellWidth),
  };
}

export function cellAt(window: MatrixViewport, matrix: { rows: number; columns: number }, x: number, y: number) {
  const row = Math.floor(window.row + y / window.cellHeight);
  const column = Math.floor(window.column + x / window.cellWidth);
  return row >= 0 && row < matrix.rows && column >= 0 && column < matrix.columns ? { row, column } : null;
}

/** RGBA of what is in sight, `width` by `height` device pixels of `scale` to one. Outside the matrix: transparent. */
export function paintMatrix(
  matrix: Matrix,
  window: MatrixViewport,
  domain: Domain,
  table: ColorTable,
  width: number,
  height: number,
  scale: number,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(width * height * 4);
  const columns = new Int32Array(width);
  for (let x = 0; x < width; x++) columns[x] = Math.floor(window.column + (x + 0.5) / scale / window.cellWidth);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(window.row + (y + 0.5) / scale / window.cellHeight);
    if (row < 0 || row >= matrix.rows) continue;
    for (let x = 0; x < width; x++) {
      const column = columns[x]!;
      if (column < 0 || column >= matrix.columns) continue;
      const value = matrix.values[row * matrix.columns + column]!;
      if (Number.isNaN(value)) continue;
      const entry = Math.round(position(value, domain) * 255) * 3;
      const at = (y * width + x) * 4;
      pixels[at] = table[entry]!;
      pixels[at + 1] = table[entry + 1]!;
      pixels[at + 2] = table[entry + 2]!;
      pixels[at + 3] = 255;
    }
  }
  return pixels;
}

/** Cosine of the angle between row `chosen` and every row, -1..1; 0 where a row is all zeros. */
export function similarity({ rows, columns, values }: Matrix, chosen: number): Float32Array {
  const dot = (a: number, b: number) => {
    let sum = 0;
    for (let i = 0; i < columns; i++) sum += values[a * columns + i]! * values[b * columns + i]!;
    return sum;
  };
  const own = Math.sqrt(dot(chosen, chosen));
  return Float32Array.from({ length: rows }, (_, row) => {
    const length = Math.sqrt(dot(row, row)) * own;
    return length > 0 ? dot(chosen, row) / length : 0;
  });
}

interface Statistics {
  mean: number;
  deviation: number;
  low: number;
  high: number;
}

/** Mean, population standard deviation and range of all finite values. */
export function statistics(values: Float32Array): Statistics {
  let [count, sum, squares, low, high] = [0, 0, 0, Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    squares += value * value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (count === 0) return { mean: NaN, deviation: NaN, low: NaN, high: NaN };
  const mean = sum / count;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / count - mean * mean)), low, high };
}
