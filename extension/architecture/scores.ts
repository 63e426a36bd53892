/** What the last numbers of a model mean, and how they become the scores that are shown. */

/**
 * softmax: one class of many. sigmoid: every class by itself (multi-label, or a single logit).
 * value: the number is the answer (regression).
 */
export type Scores = 'softmax' | 'sigmoid' | 'value';

/**
 * By a config's problem_type and the number of classes, as transformers' pipelines choose; null without a classifier.
 * https://github.com/huggingface/transformers (pipelines/image_classification.py, text_classification.py)
 */
export function scoresFor(problemType: string, classes: number): Scores | null {
  if (classes === 0) return null;
  if (problemType === 'regression') return 'value';
  return problemType === 'multi_label_classification' || classes === 1 ? 'sigmoid' : 'softmax';
}

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

/** One score a class, in float64: probabilities, or the values themselves. */
export function scoresOf(logits: ArrayLike<number>, scores: Scores): Float64Array {
  if (scores === 'softmax') return softmax(logits);
  return Float64Array.from(logits, (logit) => (scores === 'value' ? logit : 1 / (1 + Math.exp(-logit))));
}

/** The class with the largest score; of equal ones the first. */
export function best(logits: ArrayLike<number>, scores: Scores): { index: number; score: number } {
  let index = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[index]!) index = i;
  return { index, score: scoresOf(logits, scores)[index]! };
}
