/** Where the weights of an .onnx file lie in it, for reading them piece by piece. */
import type { DType } from '../../native/binding';
import type { RegularFile } from '../files/regularFile';
import { fieldsOf, FileWindow, VarintReader, type Field } from './fields';
import { GRAPH_INITIALIZER, MODEL_GRAPH, TENSOR_NAME } from './header';

export interface Initializer {
  name: string;
  dims: number[];
  dtype: DType;
  /** Byte range of its values in the file, end exclusive. */
  begin: number;
  end: number;
}

/** TensorProto.DataType of the formats that are read. */
const DTYPES: Record<number, DType> = { 1: 'F32', 10: 'F16', 16: 'BF16' };

/** Further fields of TensorProto. */
const DIMS = 1;
const DATA_TYPE = 2;
const FLOAT_DATA = 4;
const RAW_DATA = 9;

/** Floating-point weights that lie in the file itself. Throws an Error with a plain reason on what is no ONNX model. */
export async function initializersOf(file: RegularFile): Promise<Initializer[]> {
  const source = new FileWindow(file);
  const found: Initializer[] = [];
  for (const graph of await fieldsOf(source, 0, file.size)) {
    if (graph.tag !== MODEL_GRAPH || graph.wireType !== 2) continue;
    for (const field of await fieldsOf(source, graph.value, graph.end)) {
      if (field.tag !== GRAPH_INITIALIZER || field.wireType !== 2) continue;
      const initializer = await initializerAt(source, field);
      if (initializer) found.push(initializer);
    }
  }
  return found;
}

async function initializerAt(source: FileWindow, { value, end }: Field): Promise<Initializer | null> {
  let name = '';
  let dtype: DType | undefined;
  let data: Field | undefined;
  const dims: number[] = [];
  for (const field of await fieldsOf(source, value, end)) {
    if (field.tag === RAW_DATA || (field.tag === FLOAT_DATA && field.wireType === 2)) data = field;
    else if (field.tag === TENSOR_NAME) name = Buffer.from(await source.read(field.value, field.end)).toString('utf8');
    else if (field.tag === DATA_TYPE) dtype = DTYPES[(await numbersIn(source, field))[0] ?? 0];
    else if (field.tag === DIMS) for (const size of await numbersIn(source, field)) dims.push(size);
  }
  return dtype && data ? { name, dims, dtype, begin: data.value, end: data.end } : null;
}

/** A number, or a packed list of them. */
async function numbersIn(source: FileWindow, field: Field): Promise<number[]> {
  const bytes = await source.read(field.wireType === 2 ? field.value : field.start + 1, field.end);
  const reader = new VarintReader(bytes);
  const numbers: number[] = [];
  while (reader.at < bytes.length) numbers.push(reader.varint());
  return numbers;
}
