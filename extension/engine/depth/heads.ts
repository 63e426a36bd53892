/** How far the heads of a layer look, and how sharply. */

export interface Layout {
  heads: number;
  /** Tokens, the first `prefixes` of them without a place on the picture. */
  tokens: number;
  prefixes: number;
  columns: number;
}

/**
 * Mean attention distance of each head (Dosovitskiy et al. 2021, appendix D.7): over the patches, the mean of sum_j A[q,j] |q - j| with the
 * weights between patches scaled to sum 1. In patches.
 * @param maps (h, N, N) after softmax
 */
export function attentionDistances(maps: Float32Array, { heads, tokens, prefixes, columns }: Layout): Float32Array {
  const patches = tokens - prefixes;
  return Float32Array.from({ length: heads }, (_, head) => {
    let sum = 0;
    let counted = 0;
    for (let q = 0; q < patches; q++) {
      const row = (head * tokens + prefixes + q) * tokens + prefixes;
      let mass = 0;
      let far = 0;
      for (let j = 0; j < patches; j++) {
        const weight = maps[row + j]!;
        mass += weight;
        far += weight * Math.hypot((q % columns) - (j % columns), Math.floor(q / columns) - Math.floor(j / columns));
      }
      if (mass <= 0) continue;
      sum += far / mass;
      counted++;
    }
    return counted > 0 ? sum / counted : 0;
  });
}

/** Mean entropy of each head's rows, in bits: 0 where every query looks at one token, log2 N where it looks at all alike. */
export function attentionEntropies(maps: Float32Array, { heads, tokens }: Layout): Float32Array {
  const size = tokens * tokens;
  return Float32Array.from({ length: heads }, (_, head) => {
    let sum = 0;
    for (let i = head * size; i < (head + 1) * size; i++) {
      const weight = maps[i]!;
      if (weight > 0) sum -= weight * Math.log2(weight);
    }
    return sum / tokens;
  });
}
