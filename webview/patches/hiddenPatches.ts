/** Which patches are hidden from the model, and what that changed. */
import type { Prediction } from '../../extension/engine/requests';

/** With `patch` added, or taken away when it is there; ascending. */
export function toggled(hidden: readonly number[], patch: number): number[] {
  return hidden.includes(patch) ? hidden.filter((each) => each !== patch) : [...hidden, patch].sort((a, b) => a - b);
}

/** Change of a class's probability against the run with nothing hidden; null when that run did not list the class. */
export function changeOf(prediction: Prediction, before: readonly Prediction[] | null): number | null {
  const same = before?.find(({ index }) => index === prediction.index);
  const [now, then] = [prediction.probability, same?.probability];
  return now !== null && then !== null && then !== undefined ? now - then : null;
}
