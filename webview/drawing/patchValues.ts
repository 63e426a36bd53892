/** What a matrix that somebody saved says of the patches of a picture: one value for each cell of a grid that lies over it. */
import type { Field } from '../../extension/drawing/raster';
import type { Reading } from '../../extension/files/arrayView';

export interface ArrayMatrix {
  /** Of the whole array. */
  shape: readonly number[];
  /** Its last two axes; a list is a matrix of one row. */
  rows: number;
  columns: number;
  /** Row-major. */
  values: Float32Array;
}

export interface PatchValues {
  field: Field;
  /** One value a prefix token. */
  prefix: Float32Array;
}

/** Of a grid: more than a canvas can be wide or high everywhere. */
export const MOST_CELLS = 4096;
/** Class, distillation and register tokens before the patches; no published model has more. */
const MOST_PREFIXES = 16;
/** What published models have: none, class, class and distillation, class and four registers. */
const USUAL_PREFIXES = [0, 1, 2, 5];
/** From so many tokens on a square matrix without rows of shares is taken for one of all tokens by all, not for a grid. */
const MANY_TOKENS = 50;
const SHARES = 1e-2;

/** Numbers of prefix tokens with which so many tokens leave a square of patches, fewest first. */
export function prefixCounts(tokens: number): number[] {
  const counts: number[] = [];
  for (let count = 0; count <= MOST_PREFIXES && count < tokens; count++)
    if (Number.isInteger(Math.sqrt(tokens - count))) counts.push(count);
  return counts;
}

/** How many tokens a matrix is about, read like that. */
export const tokensOf = (reading: Reading, { rows, columns }: Pick<ArrayMatrix, 'rows' | 'columns'>): number =>
  reading === 'values' ? Math.max(rows, columns) : reading === 'grid' ? 0 : rows;

/**
 * The ways in which a matrix can be read, the likeliest first.
 * @param aspect the picture's width over its height: a matrix of the same form is a grid over it
 */
export function readingsOf(matrix: ArrayMatrix, aspect: number): Reading[] {
  const { rows, columns } = matrix;
  if (rows === 0 || columns === 0) return [];
  const square = (tokens: number) => prefixCounts(tokens).length > 0;
  const grid: Reading[] = Math.max(rows, columns) <= MOST_CELLS ? ['grid'] : [];
  const usual = (tokens: number) => prefixCounts(tokens).some((count) => USUAL_PREFIXES.includes(count));
  if (rows === 1 || columns === 1) {
    const values: Reading[] = square(Math.max(rows, columns)) ? ['values'] : [];
    return usual(Math.max(rows, columns)) ? ['values', ...grid] : [...grid, ...values];
  }
  if (!square(rows)) return grid;
  if (rows === columns) {
    const isAttention = usual(rows) && (rows >= MANY_TOKENS || rowsAreShares(matrix));
    return isAttention ? ['attention', ...grid, 'lengths'] : [...grid, 'attention', 'lengths'];
  }
  const form = columns / rows / aspect;
  const isGrid = !usual(rows) || (form > 0.88 && form < 1.14);
  return isGrid ? [...grid, 'lengths'] : ['lengths', ...grid];
}

/** As softmax leaves them: nothing below zero, and a sum of one. */
function rowsAreShares({ rows, columns, values }: ArrayMatrix): boolean {
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column]!;
      if (!(value >= 0)) return false;
      sum += value;
    }
    if (Math.abs(sum - 1) > SHARES) return false;
  }
  return true;
}

/** @param query the row, of attention; @param prefixes one of prefixCounts(tokensOf(reading, matrix)) */
export function patchValues(matrix: ArrayMatrix, reading: Reading, prefixes: number, query: number): PatchValues {
  const { rows, columns, values } = matrix;
  if (reading === 'grid') return { field: { rows, columns, values }, prefix: new Float32Array() };
  const tokens =
    reading === 'values'
      ? values
      : reading === 'lengths'
        ? lengths(matrix)
        : values.subarray(query * columns, (query + 1) * columns);
  const side = Math.sqrt(tokens.length - prefixes);
  return {
    field: { rows: side, columns: side, values: tokens.subarray(prefixes) },
    prefix: tokens.subarray(0, prefixes),
  };
}

function lengths({ rows, columns, values }: ArrayMatrix): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) => {
    let squares = 0;
    for (let column = 0; column < columns; column++) squares += values[row * columns + column]! ** 2;
    return Math.sqrt(squares);
  });
}
