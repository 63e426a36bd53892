import { scoresOf, type Scores } from '../../architecture/scores';
import type { Prediction } from '../requests';

/** The k classes with the largest scores, best first; equal ones in index order. */
export function topPredictions(
  logits: ArrayLike<number>,
  labels: readonly string[] | null,
  k: number,
  scores: Scores,
): Prediction[] {
  const shares = scoresOf(logits, scores);
  return Array.from(shares.keys())
    .sort((a, b) => logits[b]! - logits[a]! || a - b)
    .slice(0, Math.max(0, k))
    .map((index) => ({
      index,
      label: labels?.[index] || null,
      probability: scores === 'value' ? null : shares[index]!,
      logit: logits[index]!,
    }));
}
