/** What the tokens of one depth are like: their lengths, how alike they are, and the three directions in which they differ most. */

/** Euclidean length of each of n tokens (n, D). */
export function tokenNorms(tokens: Float32Array, n: number): Float32Array {
  const length = tokens.length / n;
  return Float32Array.from({ length: n }, (_, i) => Math.sqrt(dot(tokens, i * length, tokens, i * length, length)));
}

/** Cosine of token `query` to each of n tokens (n, D): -1..1; 0 where a token is zero. */
export function cosines(tokens: Float32Array, n: number, query: number): Float32Array {
  const length = tokens.length / n;
  const norms = tokenNorms(tokens, n);
  return Float32Array.from({ length: n }, (_, i) => {
    const scale = norms[i]! * norms[query]!;
    return scale > 0 ? dot(tokens, i * length, tokens, query * length, length) / scale : 0;
  });
}

const COMPONENTS = 3;
/** Enough for three digits where eigenvalues differ by a few percent. */
const ROUNDS = 60;

/**
 * Scores of n tokens (n, D) on their first three principal components, (n, 3), by subspace iteration on the centred tokens; of components
 * that do not exist: 0. The sign of each is that its largest score in absolute value is positive.
 */
export function principalScores(tokens: Float32Array, n: number): Float32Array {
  const length = tokens.length / n;
  const centred = centre(tokens, n, length);
  const axes = Array.from({ length: COMPONENTS }, (_, c) =>
    // any start that is not orthogonal to an axis; fixed, so that the colours are the same every time
    Float64Array.from({ length }, (_value, d) => Math.cos(1 + d * (c + 1) * 0.7) + (d === c ? 1 : 0)),
  );
  const scores = new Float64Array(n * COMPONENTS);
  for (let round = 0; round <= ROUNDS; round++) {
    orthonormalise(axes);
    axes.forEach((axis, c) => {
      for (let i = 0; i < n; i++) scores[i * COMPONENTS + c] = dot(centred, i * length, axis, 0, length);
    });
    if (round === ROUNDS) break;
    axes.forEach((axis, c) => {
      axis.fill(0);
      for (let i = 0; i < n; i++) {
        const score = scores[i * COMPONENTS + c]!;
        for (let d = 0; d < length; d++) axis[d]! += score * centred[i * length + d]!;
      }
    });
  }
  for (let c = 0; c < COMPONENTS; c++) {
    let largest = 0;
    for (let i = 0; i < n; i++) {
      const score = scores[i * COMPONENTS + c]!;
      if (Math.abs(score) > Math.abs(largest)) largest = score;
    }
    if (largest < 0) for (let i = 0; i < n; i++) scores[i * COMPONENTS + c]! *= -1;
  }
  return Float32Array.from(scores);
}

function centre(tokens: Float32Array, n: number, length: number): Float64Array {
  const mean = new Float64Array(length);
  for (let i = 0; i < tokens.length; i++) mean[i % length]! += tokens[i]! / n;
  return Float64Array.from(tokens, (value, i) => value - mean[i % length]!);
}

/** Gram-Schmidt, in place; an axis that depends on those before it becomes zero. */
function orthonormalise(axes: readonly Float64Array[]): void {
  axes.forEach((axis, c) => {
    const before = Math.sqrt(dot(axis, 0, axis, 0, axis.length));
    for (const other of axes.slice(0, c)) {
      const along = dot(axis, 0, other, 0, axis.length);
      for (let d = 0; d < axis.length; d++) axis[d]! -= along * other[d]!;
    }
    const norm = Math.sqrt(dot(axis, 0, axis, 0, axis.length));
    const scale = norm > 1e-9 * before ? 1 / norm : 0;
    for (let d = 0; d < axis.length; d++) axis[d]! *= scale;
  });
}

function dot(a: ArrayLike<number>, fromA: number, b: ArrayLike<number>, fromB: number, length: number): number {
  let sum = 0;
  for (let d = 0; d < length; d++) sum += a[fromA + d]! * b[fromB + d]!;
  return sum;
}
