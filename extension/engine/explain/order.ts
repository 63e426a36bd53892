/** Patches from the largest value of a map to the smallest; equal values in index order. */
export function descending(map: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(Array.from({ length: map.length }, (_, i) => i).sort((a, b) => map[b]! - map[a]! || a - b));
}
