/** Attention does not see order: an example in whole numbers small enough to check by hand. */

export type Rows = readonly (readonly number[])[];

const times = (a: Rows, b: Rows): number[][] =>
  a.map((row) => b[0]!.map((_, column) => row.reduce((sum, value, i) => sum + value * b[i]![column]!, 0)));

const transposed = (rows: Rows): number[][] => rows[0]!.map((_, column) => rows.map((row) => row[column]!));

/** Scores X Xᵀ of tokens that are their own queries and keys, and what attention makes of them as values, without the softmax. */
export function attended(tokens: Rows): { scores: number[][]; out: number[][] } {
  const scores = times(tokens, transposed(tokens));
  return { scores, out: times(scores, tokens) };
}

export const plus = (a: Rows, b: Rows): number[][] => a.map((row, i) => row.map((value, j) => value + b[i]![j]!));

/** Row `order[i]` in place i. */
export const reordered = <T>(rows: readonly T[], order: ArrayLike<number>): T[] =>
  Array.from(order, (from) => rows[from]!);

/** Three tokens of length 2, and the positions that are added to the first, second and third of them. */
export const exampleTokens: Rows = [
  [1, 2],
  [3, 0],
  [0, 1],
];
export const examplePositions: Rows = [
  [0, 1],
  [1, 0],
  [2, 2],
];
/** Another order of them. */
export const exampleOrder = [2, 0, 1] as const;
