/** What the values of a tensor are like, of pieces of it. */
import type { ValueSummary } from '../../native/binding';

export const emptySummary = (): ValueSummary => ({
  count: 0,
  notFinite: 0,
  firstNotFinite: -1,
  zeros: 0,
  least: Infinity,
  most: -Infinity,
  squares: 0,
});

/** Of both pieces, one after the other. */
export function joined(first: ValueSummary, second: ValueSummary): ValueSummary {
  const firstNotFinite =
    first.notFinite > 0 || second.notFinite === 0 ? first.firstNotFinite : first.count + second.firstNotFinite;
  return {
    count: first.count + second.count,
    notFinite: first.notFinite + second.notFinite,
    firstNotFinite,
    zeros: first.zeros + second.zeros,
    least: Math.min(first.least, second.least),
    most: Math.max(first.most, second.most),
    squares: first.squares + second.squares,
  };
}
