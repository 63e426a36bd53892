import type { Prediction } from '../requests';

/** log(sum_i exp(x_i)), without overflow. Its negative is the energy score of Liu et al. 2020 (eq. 4) at temperature 1. */
export function logSumExp(logits: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let i = 0; i < logits.length; i++) largest = Math.max(largest, logits[i]!);
  if (!Number.isFinite(largest)) return largest;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - largest);
  return largest + Math.log(sum);
}

/** exp(x_i) / sum_j exp(x_j) in float64. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const normalizer = logSumExp(logits);
  return Float64Array.from(logits, (logit) => Math.exp(logit - normalizer));
}

/** The k most probable classes, best first; equal ones in index order. */
export function topPredictions(logits: ArrayLike<number>, labels: readonly string[] | null, k: number): Prediction[] {
  const probabilities = softmax(logits);
  return Array.from(probabilities.keys())
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, Math.max(0, k))
    .map((index) => ({
      index,
      label: labels?.[index] ?? `class ${index}`,
      probability: probabilities[index]!,
      logit: logits[index]!,
    }));
}
