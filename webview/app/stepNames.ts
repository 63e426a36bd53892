/** Names of steps inside the encoding blocks, with their layer (0-based) and without. */

/** 'blocks.3.attn.q' -> 'blocks.*.attn.q'; other names stay. */
export const withoutLayer = (name: string): string => name.replace(/^blocks\.\d+\./, 'blocks.*.');

/** The layer a step's name says; null for steps outside the blocks. */
export const layerOf = (name: string): number | null => {
  const match = /^blocks\.(\d+)\./.exec(name);
  return match ? Number(match[1]) : null;
};

/** 'blocks.*.attn.q' -> 'blocks.3.attn.q'; other names stay. */
export const atLayer = (name: string, layer: number): string => name.replace('blocks.*.', `blocks.${layer}.`);
