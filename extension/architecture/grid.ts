/** Patch grids: how many tokens an image becomes. */
import { softSplitGrids } from '../image/geometry';
import type { Architecture } from './description';

/** Grids of every soft split, first to last; one grid for plain patches. [rows, columns] */
export function grids(architecture: Pick<Architecture, 'tokenizer' | 'image'>): [rows: number, columns: number][] {
  const { tokenizer, image } = architecture;
  if (tokenizer.kind === 'patch') {
    return [[Math.floor(image.height / tokenizer.patch[0]), Math.floor(image.width / tokenizer.patch[1])]];
  }
  return softSplitGrids(tokenizer.splits, image);
}

/** The grid the encoding blocks see. */
export function gridOf(architecture: Pick<Architecture, 'tokenizer' | 'image'>): [rows: number, columns: number] {
  return grids(architecture).at(-1) ?? [0, 0];
}
