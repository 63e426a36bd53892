/**
 * What an .onnx file says about itself, without its weights: read by position, skipping every initializer, so that a
 * gigabyte of model costs a few kilobytes.
 */
import type { RegularFile } from '../files/regularFile';
import { fieldsOf, FileWindow, type Field } from './fields';
import { readModel, type OnnxModel, type OnnxTensorInfo } from './schema';
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';

export const MODEL_GRAPH = 7;
export const GRAPH_INITIALIZER = 5;
export const TENSOR_NAME = 8;
/** Structure larger than this is no model a person made. */
const MOST_STRUCTURE = 256 * 2 ** 20;

export interface OnnxHeader {
  /** Its initializers are names without values, and only where the graph has several inputs. */
  model: OnnxModel;
  /** Size of the whole file. */
  bytes: number;
}

/** Throws an Error with a plain reason, to be put after the file's name, a FileRefusal, or the operating system's. */
export async function readOnnxHeader(file: RegularFile): Promise<OnnxHeader> {
  const initializers: Field[] = [];
  const { source, structure } = await readStructure(file, async (field) => {
    initializers.push(field);
    return Promise.resolve([]);
  });
  const model = readModel(structure);
  // before IR version 4 every initializer was an input, too: only their names tell which input takes the picture
  if (model.graph.inputs.length > 1)
    for (const name of await namesOf(source, initializers)) model.graph.initializers.set(name, withoutValues(name));
  return { model, bytes: file.size };
}

/** Fields of TensorProto that hold the values. */
const VALUES = [4, 5, 6, 7, 9, 10, 11];

/** The model with its initializers, without their values: what they are and where those lie that are in other files. Throws as readOnnxHeader. */
export async function readOnnxSkeleton(file: RegularFile): Promise<Uint8Array> {
  const { structure } = await readStructure(file, async ({ value, end }, source) => {
    const fields = await fieldsOf(source, value, end);
    return fields.filter(({ tag }) => !VALUES.includes(tag));
  });
  return structure;
}

/**
 * The file's bytes without the values of its weights.
 * @param keep the fields of an initializer that are kept; one without any is left out
 */
async function readStructure(
  file: RegularFile,
  keep: (initializer: Field, source: FileWindow) => Promise<Field[]>,
): Promise<{ source: FileWindow; structure: Uint8Array }> {
  const { size } = file;
  if (size === 0) throw new FileFault(sentence('it is empty'));
  const source = new FileWindow(file);
  // An ONNX file is a ModelProto: it begins with one of its fields, a number or a message. Text and pickles do not.
  const [first = 0] = await source.read(0, 1);
  if (first >> 3 === 0 || first >> 3 > 20 || ![0, 2].includes(first & 7))
    throw new FileFault(sentence('it is not an ONNX model'));
  let total = 0;
  const read = async ({ start, end }: Field): Promise<Uint8Array> => {
    total += end - start;
    if (total > MOST_STRUCTURE) throw new FileFault(sentence('it is not an ONNX model (its structure is too large)'));
    return source.read(start, end);
  };
  const all = async (fields: readonly Field[]): Promise<Uint8Array[]> => {
    const bytes: Uint8Array[] = [];
    for (const field of fields) bytes.push(await read(field));
    return bytes;
  };
  const kept: Uint8Array[] = [];
  for (const field of await fieldsOf(source, 0, size)) {
    if (field.tag !== MODEL_GRAPH) {
      kept.push(await read(field));
      continue;
    }
    const graph: Uint8Array[] = [];
    for (const inner of await fieldsOf(source, field.value, field.end)) {
      if (inner.tag !== GRAPH_INITIALIZER) graph.push(await read(inner));
      else {
        const fields = await keep(inner, source);
        if (fields.length > 0) graph.push(message(GRAPH_INITIALIZER, await all(fields)));
      }
    }
    kept.push(message(MODEL_GRAPH, graph));
  }
  return { source, structure: Buffer.concat(kept) };
}

function message(tag: number, fields: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(fields);
  return Buffer.concat([Uint8Array.of((tag << 3) | 2), varint(body.length), body]);
}

async function namesOf(source: FileWindow, initializers: readonly Field[]): Promise<string[]> {
  const names: string[] = [];
  for (const { value, end } of initializers)
    for (const field of await fieldsOf(source, value, end))
      if (field.tag === TENSOR_NAME)
        names.push(Buffer.from(await source.read(field.value, field.end)).toString('utf8'));
  return names;
}

const withoutValues = (name: string): OnnxTensorInfo => ({
  name,
  dims: [],
  dataType: 0,
  external: false,
  externalData: new Map(),
  raw: null,
});

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.from([...bytes, value]);
}
