/**
 * From values to positions on a colour map: the range shown, and how a value lies in it. Which maps share a range is the
 * panel's choice (webview/drawing/heat.ts). Signed maps have a symmetric range and colours of their own (signedColorMap): chosen by
 * `colorMapOf` in webview/app/attention.ts for the panel, and in inspect/mapPicture.ts.
 */

/** Values shown by the first and the last colour. */
export type Domain = [low: number, high: number];

/**
 * The range of all finite values given. `outliers`: this share of the values at each end may fall outside
 * (0.02 leaves out the lowest and highest 2 %); they are then drawn with the end colours.
 */
export function domainOf(parts: readonly ArrayLike<number>[], outliers = 0): Domain {
  const all: number[] = [];
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) if (Number.isFinite(part[i])) all.push(part[i]!);
  }
  if (all.length === 0) return [0, 1];
  if (outliers <= 0) {
    let low = Infinity;
    let high = -Infinity;
    for (const value of all) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return [low, high];
  }
  const sorted = Float64Array.from(all).sort();
  return [quantile(sorted, outliers), quantile(sorted, 1 - outliers)];
}

/** Linear interpolation between closest ranks (numpy's default). `sorted` is ascending and not empty. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

/** Where a value lies in the domain, 0..1, clamped. A domain of no width puts everything at 0.5; NaN at 0. */
export function position(value: number, [low, high]: Domain): number {
  if (Number.isNaN(value)) return 0;
  if (!(high > low)) return 0.5;
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** The same range on both sides of zero, for signed values. */
export function symmetric([low, high]: Domain): Domain {
  const most = Math.max(Math.abs(low), Math.abs(high));
  return [-most, most];
}
