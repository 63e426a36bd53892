/** Embeddings on a plane. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { UMAP } from 'umap-js';
import { randomNumbers } from '../system/random';

/**
 * Scores of n vectors (n, length) on their first `count` principal components, (n, count); of components that do not exist: 0. The sign
 * of each is that its largest score in absolute value is positive.
 */
export function principalScores(vectors: Float32Array, n: number, count: number): Float32Array {
  const length = n === 0 ? 0 : vectors.length / n;
  const mean = new Float64Array(length);
  for (let i = 0; i < n; i++) for (let d = 0; d < length; d++) mean[d]! += vectors[i * length + d]! / n;
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(covariance(vectors, n, mean), {
    assumeSymmetric: true,
  });
  // they come in ascending order
  const largest = Math.max(0, ...realEigenvalues);
  const scores = new Float32Array(n * count);
  for (let c = 0; c < Math.min(count, length); c++) {
    const column = length - 1 - c;
    if (!(realEigenvalues[column]! > 1e-12 * largest)) continue;
    const axis = Float64Array.from({ length }, (_, d) => eigenvectorMatrix.get(d, column));
    let most = 0;
    for (let i = 0; i < n; i++) {
      let score = 0;
      for (let d = 0; d < length; d++) score += axis[d]! * (vectors[i * length + d]! - mean[d]!);
      scores[i * count + c] = score;
      if (Math.abs(score) > Math.abs(most)) most = score;
    }
    if (most < 0) for (let i = 0; i < n; i++) scores[i * count + c]! *= -1;
  }
  return scores;
}

function covariance(vectors: Float32Array, n: number, mean: Float64Array): Matrix {
  const { length } = mean;
  const sums = new Float64Array(length * length);
  const centred = new Float64Array(length);
  for (let i = 0; i < n; i++) {
    for (let d = 0; d < length; d++) centred[d] = vectors[i * length + d]! - mean[d]!;
    for (let a = 0; a < length; a++) {
      const value = centred[a]!;
      for (let b = a; b < length; b++) sums[a * length + b]! += value * centred[b]!;
    }
  }
  const matrix = Matrix.zeros(length, length);
  for (let a = 0; a < length; a++) {
    for (let b = a; b < length; b++) {
      matrix.set(a, b, sums[a * length + b]! / Math.max(1, n));
      matrix.set(b, a, sums[a * length + b]! / Math.max(1, n));
    }
  }
  return matrix;
}

/** The most vectors that UMAP takes: some seconds on one core. */
export const MOST_FOR_UMAP = 4000;

/** Principal components that UMAP begins with: distances in them are those of the vectors, nearly. */
const COMPONENTS = 32;
const NEIGHBOURS = 15;

/**
 * UMAP (McInnes et al. 2018) of n vectors of unit length, (n, 2), in a fixed order of random numbers, so that the same pictures give the
 * same map. `step` is asked between rounds, with the share that is done; it throws to end the work.
 */
export async function umap(
  vectors: Float32Array,
  n: number,
  step: (done: number) => Promise<void>,
): Promise<Float32Array> {
  if (n < 4) return principalScores(vectors, n, 2);
  const count = Math.min(COMPONENTS, vectors.length / n);
  const scores = principalScores(vectors, n, count);
  const points = Array.from({ length: n }, (_, i) => Array.from(scores.subarray(i * count, (i + 1) * count)));
  const map = new UMAP({ nComponents: 2, nNeighbors: Math.min(NEIGHBOURS, n - 1), random: randomNumbers(1) });
  const rounds = map.initializeFit(points);
  for (let round = 0; round < rounds; round++) {
    map.step();
    if (round % 10 === 0) await step(round / rounds);
  }
  return Float32Array.from(map.getEmbedding().flat());
}

/** Of so many rows `most`, evenly taken; all where they are no more. */
export function evenly(total: number, most: number): Uint32Array {
  const every = Math.max(1, total / most);
  return Uint32Array.from({ length: Math.min(total, most) }, (_, i) => Math.floor(i * every));
}
