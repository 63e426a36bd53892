/** What a canonical architecture says about its tokens, for every engine alike. */
import { softSplitGrids } from '../image/geometry';
import { prefixNames } from '../architecture/tensors';
import { gridOf } from '../architecture/grid';
import type { Architecture } from '../architecture/description';
import type { LoadedModel } from './requests';

export type ModelTokens = Pick<
  LoadedModel,
  'numTokens' | 'numPrefix' | 'prefixNames' | 'grid' | 'layers' | 'heads' | 'stages'
>;

export function modelTokens(architecture: Architecture): ModelTokens {
  const { tokenizer, image, depth, block } = architecture;
  const prefix = prefixNames(architecture);
  const grids = tokenizer.kind === 'soft-split' ? softSplitGrids(tokenizer.splits, image) : [];
  const grid = gridOf(architecture);
  return {
    numTokens: prefix.length + grid[0] * grid[1],
    numPrefix: prefix.length,
    prefixNames: prefix,
    grid,
    layers: depth,
    heads: block.heads,
    stages:
      tokenizer.kind === 'soft-split'
        ? tokenizer.stages.map(({ heads }, i) => ({ grid: grids[i] ?? [0, 0], heads }))
        : [],
  };
}
