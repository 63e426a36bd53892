/** Which number of a model's output is explained. */
import type { Target } from '../../../native/binding';
import type { Scores } from '../../architecture/scores';
import { EngineError } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';

/** Class indices; `class` null: the most probable one. */
export interface Asked {
  class: number | null;
  against: number | null;
}

export type Chosen = { class: number; against: number | null };

/** Throws ERR_UNSUPPORTED where the model has no classes, ERR_ARGUMENT where it has not this one. */
export function choose(asked: Asked, logits: ArrayLike<number>, scores: Scores | null, name: string): Chosen {
  if (scores === null)
    throw new EngineError(
      'ERR_UNSUPPORTED',
      sentence('{0} gives features, not classes: there is no class to explain.', name),
    );
  const { class: wanted, against } = asked;
  for (const index of [wanted, against]) {
    if (index === null || (Number.isInteger(index) && index >= 0 && index < logits.length)) continue;
    throw new EngineError(
      'ERR_ARGUMENT',
      sentence('There is no class {0}: {1} has classes 0 to {2}.', index, name, logits.length - 1),
    );
  }
  const chosen = { class: wanted ?? largest(logits), against };
  if (chosen.class === against)
    throw new EngineError('ERR_ARGUMENT', sentence('Class {0} cannot be explained against itself.', against));
  return chosen;
}

/** As what the addon differentiates. */
export const targetOf = ({ class: index, against }: Chosen): Target =>
  against === null
    ? [{ index, weight: 1 }]
    : [
        { index, weight: 1 },
        { index: against, weight: -1 },
      ];

/** y of one row of logits. */
export const valueOf = ({ class: index, against }: Chosen, logits: ArrayLike<number>): number =>
  logits[index]! - (against === null ? 0 : logits[against]!);

/** Of equal ones the first. */
function largest(values: ArrayLike<number>): number {
  let index = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[index]!) index = i;
  return index;
}
