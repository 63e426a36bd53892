/** The order of tokens in a model's own code, where it is another than here: detection tokens stand behind the patches there. */

/** For each place of the model's own sequence the index of its token here; null when it is the same. */
export function ownOrder(prefixNames: readonly string[], tokens: number): number[] | null {
  const first = prefixNames.findIndex((name) => name.startsWith('detection'));
  if (first < 0) return null;
  const here = Array.from({ length: tokens }, (_, i) => i);
  return [...here.slice(0, first), ...here.slice(prefixNames.length), ...here.slice(first, prefixNames.length)];
}

/** Tokens (N, D) in that order. */
export function tokensInOrder(values: Float32Array, order: readonly number[]): Float32Array {
  const length = values.length / order.length;
  const made = new Float32Array(values.length);
  order.forEach((from, to) => made.set(values.subarray(from * length, (from + 1) * length), to * length));
  return made;
}

/** Maps (h, N, N) with rows and columns in that order. */
export function mapsInOrder(values: Float32Array, order: readonly number[]): Float32Array {
  const made = new Float32Array(values.length);
  const tokens = order.length;
  for (let at = 0; at < values.length; at += tokens * tokens)
    order.forEach((row, i) => {
      order.forEach((column, j) => {
        made[at + i * tokens + j] = values[at + row * tokens + column] ?? 0;
      });
    });
  return made;
}
