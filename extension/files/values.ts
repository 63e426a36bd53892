/** What the values of a tensor are like, read piece by piece. */
import type { DType } from '../../native/binding';
import { halfToNumber } from './half';

export interface ValueSummary {
  count: number;
  /** NaN and infinities, and the index of the first; -1 when there is none. */
  notFinite: number;
  firstNotFinite: number;
  zeros: number;
  /** Of the finite values; Infinity and -Infinity when there is none. */
  least: number;
  most: number;
  /** Sum of their squares. */
  squares: number;
}

export const emptySummary = (): ValueSummary => ({
  count: 0,
  notFinite: 0,
  firstNotFinite: -1,
  zeros: 0,
  least: Infinity,
  most: -Infinity,
  squares: 0,
});

/** Adds the values of little-endian bytes, which may lie at any address and hold whole values, to a summary. */
export function summarise(bytes: Uint8Array, dtype: DType, into: ValueSummary): void {
  const values = numbersOf(bytes, dtype);
  let { notFinite, firstNotFinite, zeros, least, most, squares } = into;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) {
      if (notFinite++ === 0) firstNotFinite = into.count + i;
      continue;
    }
    if (value === 0) zeros++;
    if (value < least) least = value;
    if (value > most) most = value;
    squares += value * value;
  }
  Object.assign(into, { count: into.count + values.length, notFinite, firstNotFinite, zeros, least, most, squares });
}

function numbersOf(bytes: Uint8Array, dtype: DType): Float32Array {
  const size = dtype === 'F32' ? 4 : 2;
  const length = Math.floor(bytes.length / size);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  if (dtype === 'F32') return new Float32Array(aligned.buffer, aligned.byteOffset, length);
  const words = new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  // a bfloat16 is the upper half of a float32
  if (dtype === 'BF16') return new Float32Array(Uint32Array.from(words, (word) => word << 16).buffer);
  return Float32Array.from(words, halves());
}

let table: Float32Array | undefined;

/** Each of the 65536 halves, looked up. */
function halves(): (word: number) => number {
  const known = (table ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToNumber(bits)));
  return (word) => known[word] ?? NaN;
}
