/** Which patches each of several passes hides: rows of a (variants, patches) matrix, 1 where a patch is hidden. */

/** Variants `from` to `to` of a deletion: variant k hides the first k patches of the order. */
export function deletionMasks(order: Uint32Array, from: number, to: number): Uint8Array {
  return rows(order.length, to - from, (mask, variant) => {
    for (let i = 0; i < from + variant; i++) mask[order[i]!] = 1;
  });
}

/** Variants `from` to `to` of an insertion: variant k shows only the first k patches of the order. */
export function insertionMasks(order: Uint32Array, from: number, to: number): Uint8Array {
  return rows(order.length, to - from, (mask, variant) => {
    mask.fill(1);
    for (let i = 0; i < from + variant; i++) mask[order[i]!] = 0;
  });
}

/** Variants `from` to `to`: variant i hides patch i alone. */
export function singleMasks(patches: number, from: number, to: number): Uint8Array {
  return rows(patches, to - from, (mask, variant) => {
    mask[from + variant] = 1;
  });
}

/**
 * Random masks in pairs: the first of a pair hides each patch with probability 1/2, the second hides exactly the others.
 * Every patch is so hidden in exactly half of all passes. `variants` is even.
 */
export function samplingMasks(patches: number, variants: number, random: () => number): Uint8Array {
  const masks = new Uint8Array(variants * patches);
  for (let pair = 0; pair < variants; pair += 2) {
    for (let i = 0; i < patches; i++) {
      const hidden = random() < 0.5 ? 1 : 0;
      masks[pair * patches + i] = hidden;
      masks[(pair + 1) * patches + i] = 1 - hidden;
    }
  }
  return masks;
}

function rows(patches: number, variants: number, fill: (mask: Uint8Array, variant: number) => void): Uint8Array {
  const masks = new Uint8Array(variants * patches);
  for (let v = 0; v < variants; v++) fill(masks.subarray(v * patches, (v + 1) * patches), v);
  return masks;
}
