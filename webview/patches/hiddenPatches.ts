/** Which patches are hidden from the model, and what that changed. */
import type { Prediction } from '../../extension/engine/requests';

/** With `patch` added, or taken away when it is there; ascending. */
export function toggled(hidden: readonly number[], patch: number): number[] {
  return hidden.includes(patch) ? hidden.filter((each) => each !== patch) : [...hidden, patch].sort((a, b) => a - b);
}

/**
 * Change against the run with nothing hidden: of a class's probability, or of its value where the model gives no
 * probabilities; null when that run did not list the class.
 */
export function changeOf(prediction: Prediction, before: readonly Prediction[] | null): number | null {
  const same = before?.find(({ index }) => index === prediction.index);
  if (!same) return null;
  const { probability, logit } = prediction;
  return probability === null || same.probability === null ? logit - same.logit : probability - same.probability;
}
