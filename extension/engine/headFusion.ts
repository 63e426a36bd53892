/** Maps of several heads as one, elementwise, in float32: as native/src/kernels/head_fusion.cc does it. */
import type { HeadFusion } from '../../native/binding';

export function fuseHeads(maps: readonly Float32Array[], fusion: HeadFusion): Float32Array {
  const fused = new Float32Array(maps[0] ?? []);
  for (const map of maps.slice(1)) {
    for (let i = 0; i < fused.length; i++) {
      const [a, b] = [fused[i]!, map[i]!];
      fused[i] = fusion === 'mean' ? a + b : fusion === 'max' ? Math.max(a, b) : Math.min(a, b);
    }
  }
  if (fusion === 'mean') for (let i = 0; i < fused.length; i++) fused[i]! /= maps.length;
  return fused;
}

/** Maps, or rows of them, one after another. */
export function joined(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let at = 0;
  for (const row of rows) {
    all.set(row, at);
    at += row.length;
  }
  return all;
}

/** Splits (h, ...) into its heads, without a copy. */
export function splitHeads(values: Float32Array, heads: number): Float32Array[] {
  const length = values.length / heads;
  return Array.from({ length: heads }, (_, head) => values.subarray(head * length, (head + 1) * length));
}
