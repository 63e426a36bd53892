/** What the values of a tensor are like, read piece by piece. */
import type { DType } from '../../native/binding';
import { floatsOf } from './floats';

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
  const values = floatsOf(bytes, dtype);
  let { least, most, squares, zeros } = into;
  let [notFinite, first] = [0, -1];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // 0 for every finite number, NaN for the others: half the time of Number.isFinite
    if (value - value !== 0) {
      if (notFinite++ === 0) first = i;
      continue;
    }
    if (value === 0) zeros++;
    if (value < least) least = value;
    if (value > most) most = value;
    squares += value * value;
  }
  if (into.notFinite === 0 && notFinite > 0) into.firstNotFinite = into.count + first;
  into.notFinite += notFinite;
  into.count += values.length;
  Object.assign(into, { zeros, least, most, squares });
}
