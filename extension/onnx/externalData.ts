/**
 * Weights of an ONNX model that lie in files beside it (TensorProto.external_data): which, where, how many bytes, everything checked
 * that can be without those files. https://onnx.ai/onnx/repo-docs/ExternalData.html
 */
import { PbfReader } from 'pbf';
import type { OnnxGraph, OnnxTensorInfo } from './schema';
import { FileFault } from '../errors/fileFault';
import { sentence, type Sentence } from '../errors/sentence';

/** A range of a file beside the model. */
export interface ExternalRange {
  tensor: string;
  /** A path relative to the model's directory, as it stands in the model. */
  location: string;
  begin: number;
  end: number;
}

/** Bits of one number by TensorProto.DataType; strings have none and cannot lie outside. */
const BITS: Record<number, number> = {
  1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
  17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8,
}; // prettier-ignore

/** Throws an Error with a plain reason, to be put after the model's name. */
export function externalRanges(model: Uint8Array, { initializers }: OnnxGraph): ExternalRange[] {
  const external = [...initializers.values()].filter((tensor) => tensor.external);
  if (countExternal(model) !== external.length) throw new FileFault(sentence('two of its weights have one name'));
  return external.map(rangeOf);
}

function rangeOf({ name, dims, dataType, externalData }: OnnxTensorInfo): ExternalRange {
  const location = externalData.get('location') ?? '';
  const wrong = wrongLocation(location);
  if (wrong !== null)
    throw new FileFault(sentence('weight {0} should lie in {1}, {2}', name, JSON.stringify(location), wrong));
  const bits = BITS[dataType];
  if (bits === undefined)
    throw new FileFault(sentence('weight {0} lies in {1} in an unknown number format', name, location));
  const length = Math.ceil((dims.reduce((product, side) => product * side, 1) * bits) / 8);
  const begin = wholeNumber(externalData.get('offset') ?? '0');
  const said = wholeNumber(externalData.get('length') ?? String(length));
  if (dims.some((side) => !(side >= 0)) || begin === null || !Number.isSafeInteger(length + (begin ?? 0)))
    throw new FileFault(sentence('weight {0} lies in an impossible place of {1}', name, location));
  if (said !== length)
    throw new FileFault(
      sentence(
        'weight {0} of shape ({1}) takes {2} bytes, but {3} are claimed in {4}',
        name,
        dims.join(', '),
        length,
        said ?? sentence('an unreadable number'),
        location,
      ),
    );
  return { tensor: name, location, begin, end: begin + length };
}

/** The rest of a sentence; null when it is a path inside the model's directory. */
function wrongLocation(location: string): Sentence | null {
  if (location === '') return sentence('which names no file');
  // by this name ONNX Runtime means an address in its own memory
  if (location.includes('_ORT_MEM_ADDR_') || /[\0\\]/.test(location)) return sentence('which is no name of a file');
  const outside = location.startsWith('/') || /^[A-Za-z]:/.test(location) || location.split('/').includes('..');
  return outside ? sentence("which is not inside the model's directory") : null;
}

const wholeNumber = (text: string): number | null =>
  /^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : null;

/** Messages in which a tensor may lie, by the numbers of their fields (onnx.proto). */
type Kind = 'model' | 'graph' | 'node' | 'attribute' | 'sparse' | 'function' | 'training' | 'tensor';
const INNER: Record<Exclude<Kind, 'tensor'>, Record<number, Kind>> = {
  model: { 7: 'graph', 20: 'training', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 15: 'sparse' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph', 22: 'sparse', 23: 'sparse' },
  sparse: { 1: 'tensor', 2: 'tensor' },
  function: { 7: 'node', 11: 'attribute' },
  training: { 1: 'graph', 2: 'graph' },
};
/** Graphs within graphs (If, Loop) are a few messages each. */
const MOST_NESTING = 60;
const DATA_LOCATION = 14;

/**
 * Weights of the main graph that lie in other files. Throws an Error with a plain reason when another tensor does (a constant, a weight
 * of an inner graph): those the runtime would look for by itself.
 */
function countExternal(model: Uint8Array): number {
  let count = 0;
  const walk = (kind: Exclude<Kind, 'tensor'>, pbf: PbfReader, end: number, depth: number): void => {
    if (depth > MOST_NESTING) throw new FileFault(sentence('its graphs are nested too deep'));
    while (pbf.pos < end) {
      const key = pbf.readVarint();
      const inner = (key & 7) === 2 ? INNER[kind][key >> 3] : undefined;
      if (inner === undefined) {
        pbf.skip(key);
        continue;
      }
      const length = pbf.readVarint();
      const stop = Math.min(end, pbf.pos + length);
      const ownWeight = inner === 'tensor' && kind === 'graph' && depth === 1;
      if (inner !== 'tensor') walk(inner, pbf, stop, depth + 1);
      else if (isExternal(pbf, stop)) {
        if (!ownWeight)
          throw new FileFault(
            sentence('a constant or an inner graph keeps its numbers in another file, which is not supported'),
          );
        count++;
      }
      pbf.pos = stop;
    }
  };
  walk('model', new PbfReader(model), model.length, 0);
  return count;
}

function isExternal(pbf: PbfReader, end: number): boolean {
  while (pbf.pos < end) {
    const key = pbf.readVarint();
    if (key >> 3 === DATA_LOCATION && (key & 7) === 0) {
      if (pbf.readVarint() === 1) return true;
    } else pbf.skip(key);
  }
  return false;
}
