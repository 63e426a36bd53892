/** Everything known about a model without running it. */
import { canonicalTensors, prefixCount, prefixNames } from '../architecture/tensors';
import type { Step } from '../../native/binding';
import type { Architecture, ModelDescription } from '../architecture/description';
import { LIMITS } from '../architecture/limits';
import { sentence, type Sentence } from '../errors/sentence';
import { familyTitle } from './families';
import { gridOf } from '../architecture/grid';
import { shapesOf } from '../architecture/steps';
import type { KindStatistics } from './weightKinds';
import type { Report } from './report';

/** `steps`: of its architecture, as the addon lists them; `kinds`: of its weights, where they were read. */
export function reportOf(description: ModelDescription, steps: readonly Step[], kinds: KindStatistics[] = []): Report {
  const { architecture, weights, findings } = description;
  return {
    id: description.id,
    name: description.name,
    path: description.path,
    family: description.family,
    familyTitle: familyTitle(description.family),
    runnable: !findings.some(({ severity }) => severity === 'error'),
    architecture,
    parameters: architecture && parameterCount(architecture),
    tokens: architecture && {
      total: gridOf(architecture)[0] * gridOf(architecture)[1] + prefixCount(architecture.prefix),
      prefix: prefixNames(architecture),
      grid: gridOf(architecture),
    },
    weights: {
      source: weights.kind,
      dtypes: description.dtypes,
      bytes: description.bytes,
      ...(weights.kind === 'seed' ? { seed: weights.seed } : {}),
    },
    preprocessing: description.preprocessing,
    classes: architecture?.classes ?? null,
    labels: description.labels,
    noWeightDecay: description.noWeightDecay ?? [],
    shapes: architecture && steps.length > 0 ? shapesOf(architecture, steps) : [],
    kinds,
    findings,
  };
}

/** Of weights that are drawn from a seed: that they are too many. The addon refuses to load them in the same words. */
export function tooManyToDraw(architecture: Architecture): Sentence | null {
  const weights = parameterCount(architecture);
  if (weights <= LIMITS.seededValues) return null;
  const millions = (count: number): number => Math.trunc(count / 1e6);
  return sentence(
    '{0} million weights are more than the {1} million that are drawn from a seed.',
    millions(weights),
    millions(LIMITS.seededValues),
  );
}

export function parameterCount(architecture: Architecture): number {
  return canonicalTensors(architecture)
    .filter(({ optional }) => !optional)
    .reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
}
