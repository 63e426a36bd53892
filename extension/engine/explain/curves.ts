/** Deletion and insertion curves (Petsiuk et al. 2018): the class's score as patches are hidden, or shown, in a map's order. */
import type { Curve } from '../requests';

/** Area under points at k / N, k = 0..N, by trapezoids. */
export function area(points: readonly number[]): number {
  const steps = points.length - 1;
  if (steps < 1) return points[0] ?? 0;
  let sum = (points[0]! + points[steps]!) / 2;
  for (let k = 1; k < steps; k++) sum += points[k]!;
  return sum / steps;
}

export const curveOf = (points: readonly number[]): Curve => ({ curve: [...points], auc: area(points) });

/** Point by point the mean of several curves, the area of each, and their mean. */
export function meanCurve(curves: readonly Curve[]): Curve & { aucs: number[] } {
  const points = (curves[0]?.curve ?? []).map(
    (_, k) => curves.reduce((sum, { curve }) => sum + curve[k]!, 0) / curves.length,
  );
  return { ...curveOf(points), aucs: curves.map(({ auc }) => auc) };
}
