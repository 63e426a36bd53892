/** Reads a model's weights: for values that are not numbers, with which a model computes nothing else, and for what each kind is like. */
import type { Binding } from '../../native/binding';
import type { Finding, ModelDescription } from '../architecture/description';
import { sentence, type Sentence } from '../errors/sentence';
import { bytesOf, nonFiniteIn, placeIn, type NonFinite } from '../files/finite';
import { emptySummary, joined } from '../files/values';
import { storedWeights, type StoredWeight } from './storedWeights';
import { WeightKinds, type KindStatistics } from './weightKinds';

export interface TensorNotFinite extends NonFinite {
  /** As the file calls it. */
  name: string;
  shape: readonly number[];
}

/** Tensors that are named before the rest are counted. */
const MOST_NAMED = 20;

export interface WeightsRead {
  /** One for each tensor that holds NaN or infinities, and for what is odd among its kind. */
  findings: Finding[];
  kinds: KindStatistics[];
}

/** Throws ModelError when a file cannot be read. */
export async function readWeights(
  description: ModelDescription,
  addon: Pick<Binding, 'summarise'>,
): Promise<WeightsRead> {
  const findings: Finding[] = [];
  const kinds = new WeightKinds();
  let more = 0;
  for await (const { canonical, name, shape, dtype, first, pieces } of storedWeights(description)) {
    let summary = emptySummary();
    for await (const bytes of pieces()) summary = joined(summary, addon.summarise({ bytes, dtype }));
    kinds.add({ canonical, name, summary });
    const { notFinite: count, firstNotFinite } = summary;
    if (count === 0) continue;
    if (findings.length >= MOST_NAMED) more++;
    else {
      const said = saidOf({ name, shape, count, first: first + firstNotFinite });
      findings.push({ severity: 'error', code: 'not-finite', ...said, subject: name });
    }
  }
  if (more > 0) {
    const said = sentence('{0} more tensors hold values that are not numbers.', more);
    findings.push({ severity: 'error', code: 'not-finite', ...said });
  }
  return { findings: [...findings, ...kinds.findings().slice(0, MOST_NAMED)], kinds: kinds.statistics() };
}

/** The first such tensor, in the order of the computation where that is known. Throws ModelError when a file cannot be read. */
export async function firstTensorNotFinite(description: ModelDescription): Promise<TensorNotFinite | null> {
  for await (const weight of storedWeights(description)) {
    const found = await notFiniteIn(weight);
    if (found) return { name: weight.name, shape: weight.shape, ...found };
  }
  return null;
}

async function notFiniteIn({ dtype, first, pieces }: StoredWeight): Promise<NonFinite | null> {
  let [count, at, seen] = [0, -1, 0];
  for await (const piece of pieces()) {
    const found = nonFiniteIn(piece, dtype);
    if (found && count === 0) at = first + seen + found.first;
    count += found?.count ?? 0;
    seen += piece.length / bytesOf(dtype);
  }
  return count === 0 ? null : { count, first: at };
}

function saidOf({ name, shape, count, first }: TensorNotFinite): Sentence {
  const place = placeIn(shape, first);
  return count === 1
    ? sentence('Tensor {0} holds a value that is not a number (NaN or infinity), at {1}.', name, place)
    : sentence(
        'Tensor {0} holds {1} values that are not numbers (NaN or infinity), the first at {2}.',
        name,
        count,
        place,
      );
}
