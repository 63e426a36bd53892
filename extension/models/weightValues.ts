/** Reads a model's weights for those that are not numbers: a model with one of them computes nothing else. */
import type { DType, Finding, ModelDescription, TensorSource } from '../architecture/description';
import { fileError } from '../errors/modelError';
import { sentence, type Sentence } from '../errors/sentence';
import { bytesOf, nonFiniteIn, placeIn, type NonFinite } from '../files/finite';
import { withRegularFile, type RegularFile } from '../files/regularFile';
import { initializersOf } from '../onnx/initializers';
import { readSafetensorsHeader } from './files/safetensors';

export interface TensorNotFinite extends NonFinite {
  /** As the file calls it. */
  name: string;
  shape: readonly number[];
}

/** Tensors that are named before the rest are counted. */
const MOST_NAMED = 20;

/** A finding for each tensor that holds NaN or infinities. Throws ModelError when a file cannot be read. */
export async function valueFindings(description: ModelDescription): Promise<Finding[]> {
  const findings: Finding[] = [];
  let more = 0;
  for await (const tensor of tensorsNotFinite(description)) {
    if (findings.length >= MOST_NAMED) more++;
    else findings.push({ severity: 'error', code: 'not-finite', ...saidOf(tensor), subject: tensor.name });
  }
  if (more > 0) {
    const said = sentence('{0} more tensors hold values that are not numbers.', more);
    findings.push({ severity: 'error', code: 'not-finite', ...said });
  }
  return findings;
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
