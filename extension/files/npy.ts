/** NumPy's .npy files (format version 1.0 to 3.0): what a header says, and its values as float32. No compression, no objects. */
import { halfToNumber } from './half';
import { NPY_MAGIC } from './npyEncoding';
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';

export interface NpyArray {
  shape: number[];
  /** As in the file: '<f4', '|u1', ... */
  dtype: string;
  /** Row-major (C order), whatever the file's order. */
  values: Float32Array;
}

interface NpyHeader {
  shape: number[];
  dtype: string;
  fortranOrder: boolean;
  /** Where the values begin. */
  offset: number;
}

/** As in NumPy 2: NPY_MAXDIMS, and max_header_size of numpy.lib.format, beyond which parsing may be slow. */
const MOST_DIMENSIONS = 64;
const MOST_HEADER_BYTES = 10_000;

const readers: Record<string, { bytes: number; read: (view: DataView, at: number) => number }> = {
  '<f2': { bytes: 2, read: (view, at) => halfToNumber(view.getUint16(at, true)) },
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '>f4': { bytes: 4, read: (view, at) => view.getFloat32(at, false) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  '>f8': { bytes: 8, read: (view, at) => view.getFloat64(at, false) },
  '|u1': { bytes: 1, read: (view, at) => view.getUint8(at) },
};

export const isNpy = (bytes: Uint8Array): boolean =>
  bytes.length >= 10 && Buffer.from(bytes.buffer, bytes.byteOffset, 6).toString('latin1') === NPY_MAGIC;

/** Throws an Error whose message says what is wrong, to be put after the file's name ("x.npy " + message). */
export function readNpy(bytes: Uint8Array): NpyArray {
  const { shape, dtype, fortranOrder, offset } = readHeader(bytes);
  const reader = readers[dtype];
  if (!reader) {
    throw new FileFault(
      sentence('holds values of type {0}, but only {1} can be read', dtype, Object.keys(readers).join(', ')),
    );
  }
  const count = shape.reduce((product, side) => product * side, 1);
  if (!Number.isSafeInteger(count))
    throw new FileFault(sentence('says its shape is ({0}), which is too large', shape.join(', ')));
  const wanted = count * reader.bytes;
  if (bytes.length - offset < wanted) {
    throw new FileFault(
      sentence(
        'is truncated: its shape ({0}) needs {1} bytes, but {2} are there',
        shape.join(', '),
        wanted,
        bytes.length - offset,
      ),
    );
  }
  const values = new Float32Array(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, wanted);
  for (let i = 0; i < count; i++) values[i] = reader.read(view, i * reader.bytes);
  return { shape, dtype, values: fortranOrder ? toRowMajor(values, shape) : values };
}

function readHeader(bytes: Uint8Array): NpyHeader {
  if (!isNpy(bytes)) throw new FileFault(sentence('is not a NumPy .npy file'));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6];
  const [start, length] =
    version === 1 ? [10, view.getUint16(8, true)] : [12, bytes.length < 12 ? 0 : view.getUint32(8, true)];
  if (start + length > bytes.length) throw new FileFault(sentence('is truncated within its header'));
  if (length > MOST_HEADER_BYTES)
    throw new FileFault(sentence('has a header of {0} bytes, over the limit of {1}', length, MOST_HEADER_BYTES));
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString('latin1');
  const dtype = /'descr'\s*:\s*'([!-&(-~]{1,16})'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const sides = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (dtype === undefined || order === undefined || sides === undefined) {
    throw new FileFault(sentence('has a header that gives no plain dtype, order and shape'));
  }
  const shape = sides.split(',').flatMap((side) => (side.trim() ? [Number(side)] : []));
  if (shape.length > MOST_DIMENSIONS)
    throw new FileFault(
      sentence('has {0} dimensions, more than the {1} that NumPy knows', shape.length, MOST_DIMENSIONS),
    );
  if (!shape.every((side) => Number.isSafeInteger(side)))
    throw new FileFault(sentence('has a header with an impossible shape'));
  return { shape, dtype, fortranOrder: order === 'True', offset: start + length };
}

/** Column-major values of that shape, row-major. */
function toRowMajor(values: Float32Array, shape: readonly number[]): Float32Array {
  const result = new Float32Array(values.length);
  const strides: number[] = [];
  for (let axis = 0, stride = 1; axis < shape.length; stride *= shape[axis++]!) strides.push(stride);
  const index = shape.map(() => 0);
  let from = 0;
  for (let i = 0; i < values.length; i++) {
    result[i] = values[from]!;
    // the next place in row-major order: the last axis counts fastest
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return result;
}
