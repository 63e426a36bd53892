/** How much there is to compute in a pass, from sizes alone. */
import type { Architecture, Block } from './description';
import { grids } from './grid';
import { prefixCount } from './tensors';

/** The exponential of one attention weight costs about as much as so many multiplications. */
const EXPONENTIAL = 8;

/** Multiplications of a forward pass over one picture, positions and pooling left out. May be inexact beyond 2^53. */
export function multiplications(architecture: Architecture): number {
  const { tokenizer, image, dim, depth, block, prefix, classes } = architecture;
  const counts = grids(architecture).map(([rows, columns]) => rows * columns);
  const patches = counts.at(-1) ?? 0;
  const embedded = tokenizer.kind === 'patch' ? image.channels * tokenizer.patch[0] * tokenizer.patch[1] * dim : 0;
  const stages = tokenizer.kind === 'soft-split' ? tokenizer.stages : [];
  const inStages = stages.reduce((sum, stage, i) => sum + ofBlock(stage, counts[i] ?? 0), 0);
  return patches * embedded + inStages + depth * ofBlock(block, patches + prefixCount(prefix)) + dim * classes;
}

function ofBlock({ dimIn, dim, heads, headDim, branches, mlpHidden, performer }: Block, tokens: number): number {
  const width = heads * headDim;
  const linear = 3 * dimIn * width + width * dim + 2 * dim * mlpHidden;
  const attention = performer
    ? tokens * width * performer.features * 4
    : tokens * tokens * (2 * width + EXPONENTIAL * heads);
  return branches * (tokens * linear + attention);
}
