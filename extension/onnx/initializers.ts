/** Where the weights of an .onnx file lie in it, for reading them piece by piece. */
import type { DType } from '../../native/binding';
import type { RegularFile } from '../files/regularFile';
import { fieldsOf, FileWindow, VarintReader, type Field } from './fields';
import { GRAPH_INITIALIZER, MODEL_GRAPH, TENSOR_NAME } from './header';

export interface Initializer {
  name: string;
  dims: number[];
  /** As the standard calls it, in lower case: float, int8. */
  type: string;
  /** How its numbers are read; null: they are not. */
  dtype: DType | null;
  /** Byte range of its values in the file, end exclusive; none where they lie in another file. */
  begin: number;
  end: number;
}

/** TensorProto.DataType by number. */
const TYPES = [
  'undefined', 'float', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'double', 'uint32',
  'uint64', 'complex64', 'complex128', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'uint4', 'int4',
  'float4e2m1', 'float8e8m0', 'uint2', 'int2',
]; // prettier-ignore

/** Of the formats that are read. */
const DTYPES: Record<string, DType> = { float: 'F32', float16: 'F16', bfloat16: 'BF16' };

/** Further fields of TensorProto. */
const DIMS = 1;
const DATA_TYPE = 2;
const FLOAT_DATA = 4;
const RAW_DATA = 9;

/** Floating-point weights that lie in the file itself. Throws an Error with a plain reason on what is no ONNX model. */
export async function initializersOf(file: RegularFile): Promise<(Initializer & { dtype: DType })[]> {
  const all = await everyInitializer(file);
  return all.flatMap((found) => (found.dtype && found.begin < found.end ? [{ ...found, dtype: found.dtype }] : []));
}

/** Every weight of the graph, whatever its numbers are and wherever they lie. Throws likewise. */
export async function everyInitializer(file: RegularFile): Promise<Initializer[]> {
  const source = new FileWindow(file);
  const found: Initializer[] = [];
  for (const graph of await fieldsOf(source, 0, file.size)) {
    if (graph.tag !== MODEL_GRAPH || graph.wireType !== 2) continue;
    for (const field of await fieldsOf(source, graph.value, graph.end))
      if (field.tag === GRAPH_INITIALIZER && field.wireType === 2) found.push(await initializerAt(source, field));
  }
  return found;
}

async function initializerAt(source: FileWindow, { value, end }: Field): Promise<Initializer> {
  let name = '';
  let type = 'undefined';
  let data: Field | undefined;
  const dims: number[] = [];
  for (const field of await fieldsOf(source, value, end)) {
    if (field.tag === RAW_DATA || (field.tag === FLOAT_DATA && field.wireType === 2)) data = field;
    else if (field.tag === TENSOR_NAME) name = Buffer.from(await source.read(field.value, field.end)).toString('utf8');
    else if (field.tag === DATA_TYPE) {
      const [code = 0] = await numbersIn(source, field);
      type = TYPES[code] ?? String(code);
    } else if (field.tag === DIMS) for (const size of await numbersIn(source, field)) dims.push(size);
  }
  return { name, dims, type, dtype: DTYPES[type] ?? null, begin: data?.value ?? 0, end: data?.end ?? 0 };
}

/** A number, or a packed list of them. */
async function numbersIn(source: FileWindow, field: Field): Promise<number[]> {
  const bytes = await source.read(field.wireType === 2 ? field.value : field.start + 1, field.end);
  const reader = new VarintReader(bytes);
  const numbers: number[] = [];
  while (reader.at < bytes.length) numbers.push(reader.varint());
  return numbers;
}
