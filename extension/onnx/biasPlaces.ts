/** How a relative position table is resampled along one axis: new entries as mixtures of old ones. */
import type { RelativeBias } from '../architecture/description';

/** (to, from), rows that add up to 1. The same rule as native/src/vit/relative_bias.cc. */
export function placesOf(from: number, to: number, how: RelativeBias['resample']): Float32Array {
  const matrix = new Float32Array(to * from);
  const mix = (row: number, left: number, right: number, share: number): void => {
    matrix[row * from + left] = (matrix[row * from + left] ?? 0) + 1 - share;
    matrix[row * from + right] = (matrix[row * from + right] ?? 0) + share;
  };
  const places = how === 'bilinear' ? null : geometricPlaces(from, to);
  for (let i = 0; i < to; i++) {
    if (places === null) {
      const at = Math.max(0, (from / to) * (i + 0.5) - 0.5);
      const left = Math.min(Math.floor(at), from - 1);
      mix(i, left, Math.min(left + 1, from - 1), at - left);
      continue;
    }
    const wanted = i - Math.floor(to / 2);
    const beyond = places.findIndex((place) => place > wanted);
    const right = beyond < 0 ? from - 1 : beyond;
    const left = Math.max(0, right - 1);
    const [low = 0, high = 0] = [places[left], places[right]];
    mix(i, left, right, high > low ? Math.min(1, Math.max(0, (wanted - low) / (high - low))) : 0);
  }
  return matrix;
}

/** BEiT's places: 1, 1 + q, 1 + q + q^2, ... from the middle on, with the q that reaches the new table's edge. */
function geometricPlaces(from: number, to: number): number[] {
  const half = Math.floor(from / 2);
  const reach = Math.floor(to / 2);
  let [low, high, q] = [1.01, 1.5, 1.01];
  while (high - low > 1e-6) {
    q = (low + high) / 2;
    if ((1 - q ** half) / (1 - q) > reach) high = q;
    else low = q;
  }
  const distances: number[] = [];
  for (let i = 0, at = 1; i < half; i++, at += q ** i) distances.push(at);
  return [...[...distances].reverse().map((distance) => -distance), 0, ...distances];
}
