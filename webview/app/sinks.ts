/** Sinks: the few patch tokens whose length stands apart from all others (Darcet et al. 2024, "Vision Transformers Need Registers"). */

/** Chance of seeing a drop as sharp among tokens that are all of one kind. */
const SIGNIFICANCE = 0.05;

/**
 * The patches before the knee of the sorted lengths, ascending; none where the knee is no sharper than chance.
 *
 * The knee is the sharpest drop among the longest quarter: of the spacings k (ln x_k - ln x_{k+1}), x sorted descending, which are alike for
 * tokens of one kind whatever their scale (Rényi 1953: spacings of an exponential tail are independent and exponential), the greatest one,
 * where it is greater than chance allows, and not below the point of the sorted curve that is farthest from its chord (Satopää et al. 2011).
 */
export function sinksOf(norms: ArrayLike<number>): number[] {
  const order = Array.from({ length: norms.length }, (_, i) => i).sort((a, b) => norms[b]! - norms[a]! || a - b);
  const sorted = order.map((i) => norms[i]!);
  const quarter = Math.floor(sorted.length / 4);
  if (quarter < 2 || !(sorted.at(-1)! > 0)) return [];
  let [sum, greatest, knee] = [0, 0, 0];
  for (let k = 1; k <= quarter; k++) {
    const spacing = k * Math.log(sorted[k - 1]! / sorted[k]!);
    sum += spacing;
    if (spacing > greatest) [greatest, knee] = [spacing, k];
  }
  const chance = 1 - (1 - Math.exp((-greatest * quarter) / sum)) ** quarter;
  if (!(chance <= SIGNIFICANCE) || knee > farthestFromChord(sorted)) return [];
  return order.slice(0, knee).sort((a, b) => a - b);
}

/** Index of the point of a descending curve that lies farthest below the line from its first to its last one. */
function farthestFromChord(sorted: readonly number[]): number {
  const [first, last] = [sorted[0]!, sorted.at(-1)!];
  const below = sorted.map((x, i) => 1 - i / (sorted.length - 1) - (x - last) / (first - last || 1));
  return below.indexOf(Math.max(...below));
}
