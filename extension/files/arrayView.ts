/** What is shown of an array in a file, as data: one matrix of it, and what all of its values are like. */

/**
 * How a matrix (rows, columns) is read when it is drawn on a picture.
 * grid: it lies over the picture as it is. attention: row q is what token q attends to. lengths: every row is a token,
 * which counts with its Euclidean length. values: one number a token, in a row or in a column.
 */
export type Reading = 'grid' | 'attention' | 'lengths' | 'values';

export interface ArrayView {
  shape: number[];
  /** As in the file: '<f4', '|u1', ... */
  dtype: string;
  /** Of the file. */
  bytes: number;
  /** Matrices in it: what the axes before the last two count. */
  matrices: number;
  /** The one that is here, from 0 on. */
  index: number;
  /** Its last two axes; a list is a matrix of one row. */
  rows: number;
  columns: number;
  /** Row-major. */
  values: Float32Array;
  statistics: {
    count: number;
    mean: number;
    rms: number;
    least: number;
    most: number;
    zeros: number;
    notFinite: number;
  };
}
