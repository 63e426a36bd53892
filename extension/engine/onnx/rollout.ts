import type { MethodParameters } from '../methods';
import { fuseHeads, splitHeads } from '../headFusion';

type RolloutOptions = Pick<MethodParameters, 'query' | 'from' | 'to' | 'fusion' | 'discardRatio'>;

/**
 * Attention rollout (Abnar & Zuidema 2020, eq. 1) for engines that hand their maps over, the algorithm of
 * native/src/inspect/rollout.cc: row `query` of the product of rownorm(A_fused + I) over the layers. Only that row is
 * carried through, from the last layer down: O(layers N^2).
 *
 * @param layer gives a layer's maps, (h, N, N)
 */
export function rolloutRow(
  layer: (index: number) => Float32Array,
  heads: number,
  tokens: number,
  { query, from, to, fusion, discardRatio }: RolloutOptions,
): Float32Array {
  let row = new Float64Array(tokens);
  row[query] = 1;
  for (let index = to; index >= from; index--) {
    const fused = fuseHeads(splitHeads(layer(index), heads), fusion);
    discardSmallest(fused, discardRatio);
    const next = new Float64Array(tokens);
    for (let i = 0; i < tokens; i++) {
      const carried = row[i]!;
      if (carried === 0) continue;
      const map = fused.subarray(i * tokens, (i + 1) * tokens);
      let total = 1; // the identity's entry
      for (const value of map) total += value;
      for (let j = 0; j < tokens; j++) next[j]! += (carried * map[j]!) / total;
      next[i]! += carried / total;
    }
    row = next;
  }
  return Float32Array.from(row);
}

/** Puts the floor(ratio * size) smallest entries to zero; among equals those that come first. */
function discardSmallest(fused: Float32Array, ratio: number): void {
  const count = Math.min(fused.length, Math.floor(fused.length * ratio));
  if (count === 0) return;
  const order = Uint32Array.from(fused.keys()).sort((a, b) => fused[a]! - fused[b]! || a - b);
  for (const index of order.subarray(0, count)) fused[index] = 0;
}
