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
