/** What a model's last numbers say of a picture. */
import type { ModelDescription } from '../architecture/description';
import { logSumExp, scoresOf, type Scores } from '../architecture/scores';
import type { BackendModel } from './backend';
import type { Prediction, RunSummary } from './requests';

/**
 * How many classes are told where nobody said; package.json has it for the setting, agents/inputs.ts tells it. The most: panel/settings.ts and
 * package.json, agents/inputs.ts, and of a file of results results/limits.ts.
 */
export const DEFAULT_TOP_K = 5;

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

/** The summary's part that comes of one image's logits. */
export function readLogits(
  logits: ArrayLike<number>,
  { model, description }: { model: Pick<BackendModel, 'loaded'>; description: ModelDescription },
  topK: number,
): Pick<RunSummary, 'predictions' | 'scores' | 'energy' | 'unfamiliar'> {
  const { labels, energyThreshold } = description;
  const { scores } = model.loaded;
  const energy = logSumExp(logits);
  return {
    predictions: scores === null ? [] : topPredictions(logits, labels, topK, scores),
    scores,
    energy,
    unfamiliar: scores === 'softmax' && energyThreshold !== undefined && energy < energyThreshold,
  };
}
