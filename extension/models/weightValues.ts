/** Reads a model's weights: for values that are not numbers, with which a model computes nothing else, and for what each kind is like. */
import type { DType, Finding, ModelDescription, TensorSource } from '../architecture/description';
import { fileError } from '../errors/modelError';
import { sentence, type Sentence } from '../errors/sentence';
import { bytesOf, nonFiniteIn, placeIn, type NonFinite } from '../files/finite';
import { emptySummary, summarise, type ValueSummary } from '../files/values';
import { withRegularFile, type RegularFile } from '../files/regularFile';
import { initializersOf } from '../onnx/initializers';
import { WeightKinds, type KindStatistics, type TensorValues } from './weightKinds';
import { readSafetensorsHeader } from './files/safetensors';

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
export async function readWeights(description: ModelDescription): Promise<WeightsRead> {
  const findings: Finding[] = [];
  const kinds = new WeightKinds();
  let more = 0;
  for await (const { canonical, name, shape, summary } of tensorsOf(description)) {
    kinds.add({ canonical, name, summary });
    const { notFinite: count, firstNotFinite: first } = summary;
    if (count === 0) continue;
    if (findings.length >= MOST_NAMED) more++;
    else
      findings.push({ severity: 'error', code: 'not-finite', ...saidOf({ name, shape, count, first }), subject: name });
  }
  if (more > 0) {
    const said = sentence('{0} more tensors hold values that are not numbers.', more);
    findings.push({ severity: 'error', code: 'not-finite', ...said });
  }
  return { findings: [...findings, ...kinds.findings().slice(0, MOST_NAMED)], kinds: kinds.statistics() };
}

interface TensorRead extends TensorValues {
  shape: readonly number[];
}

/** Every weight of the file that the model has, whole. */
async function* tensorsOf({ weights }: ModelDescription): AsyncGenerator<TensorRead> {
  if (weights.kind === 'seed') return;
  if (weights.kind === 'onnx') {
    const { file } = weights;
    for (const { name, dims, begin, end, dtype } of await read(file, initializersOf)) {
      const summary = await read(file, (open) => rangeSummary(open, dtype, begin, end));
      yield { canonical: name, name, shape: dims, summary };
    }
    return;
  }
  for (const [canonical, source] of Object.entries(weights.tensors)) {
    if ('values' in source) continue;
    for (const part of source.parts) {
      if ('zeros' in part) continue;
      const summary = await read(part.file, (file) => rangeSummary(file, source.dtype, part.begin, part.end));
      const { name, shape, from } = await storedAt(part.file, part.begin);
      // the place is one in the file's own tensor, of which this may be a part
      const first =
        summary.firstNotFinite < 0 ? -1 : summary.firstNotFinite + (part.begin - from) / bytesOf(source.dtype);
      yield {
        canonical,
        name: name ?? canonical,
        shape: shape ?? source.shape,
        summary: { ...summary, firstNotFinite: first },
      };
    }
  }
}

/** The file's own tensor that a byte belongs to. */
async function storedAt(file: string, at: number): Promise<{ name?: string; shape?: readonly number[]; from: number }> {
  const { tensors } = await readSafetensorsHeader(file);
  const stored = [...tensors.values()].find(({ begin, end }) => at >= begin && at < end);
  return stored ? { name: stored.name, shape: stored.shape, from: stored.begin } : { from: at };
}

async function rangeSummary(file: RegularFile, dtype: DType, begin: number, end: number): Promise<ValueSummary> {
  const summary = emptySummary();
  const buffer = new Uint8Array(Math.min(PIECE, end - begin));
  for (let at = begin; at < end; at += PIECE) {
    const piece = buffer.subarray(0, Math.min(PIECE, end - at));
    summarise(piece.subarray(0, await file.read(piece, at)), dtype, summary);
  }
  return summary;
}

/** The first such tensor, in the order of the computation where that is known. */
export async function firstTensorNotFinite(description: ModelDescription): Promise<TensorNotFinite | null> {
  for await (const tensor of tensorsNotFinite(description)) return tensor;
  return null;
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

async function* tensorsNotFinite({ weights }: ModelDescription): AsyncGenerator<TensorNotFinite> {
  switch (weights.kind) {
    case 'seed':
      return;
    case 'onnx':
      yield* initializersNotFinite(weights.file);
      return;
    case 'tensors':
      for (const [name, source] of Object.entries(weights.tensors)) yield* sourceNotFinite(name, source);
  }
}

async function* sourceNotFinite(name: string, source: TensorSource): AsyncGenerator<TensorNotFinite> {
  if ('values' in source) return;
  for (const part of source.parts) {
    if ('zeros' in part) continue;
    const found = await read(part.file, (file) => rangeNotFinite(file, source.dtype, part.begin, part.end));
    if (!found) continue;
    // the file's own name and shape: several of its tensors may be one of the architecture's
    const { tensors } = await readSafetensorsHeader(part.file);
    const at = part.begin + found.first * bytesOf(source.dtype);
    const stored = [...tensors.values()].find(({ begin, end }) => at >= begin && at < end);
    if (!stored) yield { ...found, name, shape: source.shape };
    else yield { ...found, first: (at - stored.begin) / bytesOf(source.dtype), name: stored.name, shape: stored.shape };
  }
}

const PIECE = 4 * 2 ** 20;

async function rangeNotFinite(file: RegularFile, dtype: DType, begin: number, end: number): Promise<NonFinite | null> {
  const buffer = new Uint8Array(Math.min(PIECE, end - begin));
  let [count, first] = [0, -1];
  for (let at = begin; at < end; at += PIECE) {
    const piece = buffer.subarray(0, Math.min(PIECE, end - at));
    const length = await file.read(piece, at);
    const found = nonFiniteIn(piece.subarray(0, length), dtype);
    if (!found) continue;
    if (count === 0) first = (at - begin) / bytesOf(dtype) + found.first;
    count += found.count;
  }
  return count === 0 ? null : { count, first };
}

async function* initializersNotFinite(file: string): AsyncGenerator<TensorNotFinite> {
  for (const { name, dims, begin, end, dtype } of await read(file, initializersOf)) {
    const found = await read(file, (open) => rangeNotFinite(open, dtype, begin, end));
    if (found) yield { ...found, name, shape: dims };
  }
}

async function read<T>(file: string, use: (file: RegularFile) => Promise<T>): Promise<T> {
  try {
    return await withRegularFile(file, use);
  } catch (error) {
    throw fileError(file, error);
  }
}
