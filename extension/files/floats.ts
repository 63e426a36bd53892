import type { DType } from '../../native/binding';
import { halfToFloatBits } from './half';

/** Little-endian F32, F16 (IEEE 754 binary16) or BF16 values, at any address, as float32; what is less than a value at the end is left out. */
export function floatsOf(bytes: Uint8Array, dtype: DType): Float32Array {
  const size = dtype === 'F32' ? 4 : 2;
  const length = Math.floor(bytes.length / size);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  if (dtype === 'F32') return new Float32Array(aligned.buffer, aligned.byteOffset, length);
  const words = new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  const values = new Float32Array(length);
  const bits = new Uint32Array(values.buffer);
  if (dtype === 'F16') for (let i = 0; i < length; i++) bits[i] = halfToFloatBits(words[i]!);
  // the upper half of a float32
  else for (let i = 0; i < length; i++) bits[i] = words[i]! << 16;
  return values;
}
