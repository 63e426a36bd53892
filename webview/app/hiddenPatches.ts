/** Which patches are hidden from the model, and what that changed. */
import type { Prediction } from '../../extension/engine/requests';
import type { PanelModel } from '../../extension/protocol/panel';

/** ONNX Runtime runs a graph that takes whole pictures. */
export const canHide = (model: PanelModel | null): boolean => model?.engine !== 'onnx';

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

/** The patches of a square of `size` by `size` about one, as far as they are in the grid; ascending. An even size reaches further down and right. */
export function squareAbout(patch: number, size: number, [rows, columns]: readonly [number, number]): number[] {
  const before = (size - 1) >> 1;
  const [row, column] = [Math.floor(patch / columns), patch % columns];
  const square: number[] = [];
  for (let y = Math.max(0, row - before); y < Math.min(rows, row - before + size); y++)
    for (let x = Math.max(0, column - before); x < Math.min(columns, column - before + size); x++)
      square.push(y * columns + x);
  return square;
}

/** Those that are shown hidden, and those that are hidden shown. */
export const inverted = (hidden: readonly number[], count: number): number[] =>
  Array.from({ length: count }, (_, patch) => patch).filter((patch) => !hidden.includes(patch));

/** The `count` patches of the largest values among those that are not hidden; of equal ones the first. Ascending. */
export function hottest(map: ArrayLike<number>, count: number, hidden: readonly number[]): number[] {
  const shown = inverted(hidden, map.length);
  return shown
    .sort((a, b) => map[b]! - map[a]! || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}
