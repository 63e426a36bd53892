import type { HeadFusion } from '../../../native/binding';

export interface RolloutOptions {
  query: number;
  /** Layers from..to, inclusive. */
  from: number;
  to: number;
  fusion: HeadFusion;
  /** Share of the smallest entries of the fused map put to zero before the identity is added. */
  discardRatio: number;
}

/**
 * Attention rollout (Abnar & Zuidema 2020, eq. 1) for engines that hand their maps over: row `query` of the product of
 * rownorm(A_fused + I) over the layers. Only that row is carried through, from the last layer down: O(layers N^2).
 *
 * @param layer gives a layer's maps, (h, N, N)
 */
export async function rolloutRow(
  layer: (index: number) => Promise<Float32Array> | Float32Array,
  heads: number,
  tokens: number,
  options: RolloutOptions,
): Promise<Float32Array> {
  let row = new Float64Array(tokens);
  row[options.query] = 1;
  for (let index = options.to; index >= options.from; index--) {
    const fused = fuse(await layer(index), heads, tokens, options.fusion);
    if (options.discardRatio > 0) discardSmallest(fused, options.discardRatio);
    const next = new Float64Array(tokens);
    for (let i = 0; i < tokens; i++) {
      const share = row[i] ?? 0;
      if (share === 0) continue;
      let sum = 1;
      for (let j = 0; j < tokens; j++) sum += fused[i * tokens + j] ?? 0;
      for (let j = 0; j < tokens; j++) next[j] = (next[j] ?? 0) + (share * (fused[i * tokens + j] ?? 0)) / sum;
      next[i] = (next[i] ?? 0) + share / sum;
    }
    row = next;
  }
  return Float32Array.from(row);
}

function fuse(maps: Float32Array, heads: number, tokens: number, fusion: HeadFusion): Float64Array {
  const size = tokens * tokens;
  const fused = Float64Array.from(maps.subarray(0, size));
  for (let h = 1; h < heads; h++) {
    for (let i = 0; i < size; i++) {
      const a = fused[i] ?? 0;
      const b = maps[h * size + i] ?? 0;
      fused[i] = fusion === 'mean' ? a + b : fusion === 'max' ? Math.max(a, b) : Math.min(a, b);
    }
  }
  if (fusion === 'mean') for (let i = 0; i < size; i++) fused[i] = (fused[i] ?? 0) / heads;
  return fused;
}

function discardSmallest(fused: Float64Array, ratio: number): void {
  const count = Math.min(fused.length, Math.floor(fused.length * ratio));
  if (count === 0) return;
  const order = Uint32Array.from(fused.keys()).sort((a, b) => (fused[a] ?? 0) - (fused[b] ?? 0));
  for (const index of order.subarray(0, count)) fused[index] = 0;
}
