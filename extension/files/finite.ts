/** Values that are not numbers: NaN, and infinities. */
import type { DType } from '../../native/binding';

/** Index of the first one; -1 when all values are finite. */
export function firstNonFinite(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Formats of floating-point numbers that a file may hold; their exponent's bits are all set in NaN and infinities. */
const FORMATS = {
  F32: { bytes: 4, exponent: 0x7f800000 },
  F16: { bytes: 2, exponent: 0x7c00 },
  BF16: { bytes: 2, exponent: 0x7f80 },
} as const satisfies Record<DType, unknown>;

export const bytesOf = (dtype: DType): number => FORMATS[dtype].bytes;

export interface NonFinite {
  /** How many there are. */
  count: number;
  /** Index of the first. */
  first: number;
}

/** Of little-endian bytes, which may lie at any address; null when all values are finite. */
export function nonFiniteIn(bytes: Uint8Array, dtype: DType): NonFinite | null {
  const { bytes: size, exponent } = FORMATS[dtype];
  const length = Math.floor(bytes.length / size);
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const words =
    size === 4
      ? new Uint32Array(aligned.buffer, aligned.byteOffset, length)
      : new Uint16Array(aligned.buffer, aligned.byteOffset, length);
  let count = 0;
  let first = -1;
  for (let i = 0; i < length; i++) {
    if ((words[i]! & exponent) !== exponent) continue;
    if (count++ === 0) first = i;
  }
  return count === 0 ? null : { count, first };
}

/** "[3, 17]": where a value of that index stands in a tensor of that shape. */
export function placeIn(shape: readonly number[], index: number): string {
  const place: number[] = [];
  let rest = index;
  for (const side of [...shape].reverse()) {
    place.unshift(rest % side);
    rest = Math.floor(rest / side);
  }
  return `[${place.join(', ')}]`;
}
