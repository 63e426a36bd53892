/** Patch grids: how many tokens an image becomes. */
import type { Architecture } from './description';

/** Tokens of one unfold along a side: floor((side + 2 padding - kernel) / stride) + 1 (the articles' count_tokens). */
export function unfolded(side: number, split: { kernel: number; stride: number; padding: number }): number {
  return Math.floor((side + 2 * split.padding - split.kernel) / split.stride) + 1;
}

/** Grids of every soft split, first to last; one grid for plain patches. [rows, columns] */
export function grids(architecture: Pick<Architecture, 'tokenizer' | 'image'>): [rows: number, columns: number][] {
  const { tokenizer, image } = architecture;
  if (tokenizer.kind === 'patch') {
    return [[Math.floor(image.height / tokenizer.patch[0]), Math.floor(image.width / tokenizer.patch[1])]];
  }
  let at: [number, number] = [image.height, image.width];
  return tokenizer.splits.map((split) => (at = [unfolded(at[0], split), unfolded(at[1], split)]));
}

/** The grid the encoding blocks see. */
export function gridOf(architecture: Pick<Architecture, 'tokenizer' | 'image'>): [rows: number, columns: number] {
  return grids(architecture).at(-1) ?? [0, 0];
}
