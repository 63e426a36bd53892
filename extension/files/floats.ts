import type { DType } from '../../native/binding';
import { halfToNumber } from './half';

/** Little-endian F32, F16 (IEEE 754 binary16) or BF16 values, at any address, as float32; what is less than a value at the end is left out. */
export function floatsOf(bytes: Uint8Array, dtype: DType): Float32Array {
  const size = dtype === 'F32' ? 4 : 2;
  const length = Math.floor(bytes.length / size);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  if (dtype === 'F32') return new Float32Array(aligned.buffer, aligned.byteOffset, length);
  const words = new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  const values = new Float32Array(length);
  if (dtype === 'BF16') {
    // the upper half of a float32
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < length; i++) bits[i] = words[i]! << 16;
  } else {
    const known = halves();
    for (let i = 0; i < length; i++) values[i] = known[words[i]!]!;
  }
  return values;
}

let table: Float32Array | undefined;

/** What each of the 65536 patterns of a float16 stands for. */
const halves = (): Float32Array => (table ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToNumber(bits)));
