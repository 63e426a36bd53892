/** Passes with hidden patches, a few at a time: what they give arrives while the rest still runs, and they can be stopped in between. */
import { cancelled } from '../../errors/engineError';
import type { Inside } from '../backend';

/** Variants of one call: enough for the matrix kernels, few enough to hold nobody up. */
const MOST_AT_ONCE = 32;
const TOKENS_AT_ONCE = 8192;

export interface Picture {
  inside: Inside;
  image: number;
  patches: number;
  /** All of them, prefix tokens included. */
  tokens: number;
}

/** How many variants go into one call: an even number. */
export const atOnce = ({ tokens }: Pick<Picture, 'tokens'>): number =>
  2 * Math.max(1, Math.min(MOST_AT_ONCE / 2, Math.floor(TOKENS_AT_ONCE / 2 / tokens)));

/**
 * Runs `variants` passes with the masks that `masks(from, to)` makes, and gives each one's outputs to `take` in order.
 * Rejects with ERR_CANCELLED when the signal aborts.
 */
export async function passes(
  picture: Picture,
  variants: number,
  masks: (from: number, to: number) => Uint8Array,
  take: (variant: number, logits: Float32Array) => void,
  { signal, after }: { signal: AbortSignal; after: (done: number) => void },
): Promise<void> {
  const step = atOnce(picture);
  for (let from = 0; from < variants; from += step) {
    if (signal.aborted) throw cancelled();
    const to = Math.min(variants, from + step);
    const outputs = await picture.inside.maskedOutputs(picture.image, masks(from, to), to - from, signal);
    const length = outputs.length / (to - from);
    for (let v = from; v < to; v++) take(v, outputs.subarray((v - from) * length, (v - from + 1) * length));
    after(to);
  }
}
