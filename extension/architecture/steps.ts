/** What a picture's data looks like at every step, from the architecture alone: no weights are read. Batch 1, shapes as PyTorch prints them. */
import type { Architecture, Block } from './description';
import { prefixCount } from './tensors';
import { gridOf, grids } from './grid';

export interface ShapeOfStep {
  /** In the order of the computation; blocks share their shapes, so they are one entry: blocks.0-11. */
  step: string;
  shape: number[];
}

export function shapes(architecture: Architecture): ShapeOfStep[] {
  const { image, dim, depth, block, prefix, position } = architecture;
  const [rows, columns] = gridOf(architecture);
  const patches = rows * columns;
  const tokens = patches + prefixCount(prefix);
  const list: ShapeOfStep[] = [{ step: 'image', shape: [1, image.channels, image.height, image.width] }];
  list.push(...tokenizerShapes(architecture));
  list.push({ step: 'patch_embed', shape: [1, patches, dim] });
  if (prefix.class) list.push({ step: 'class token', shape: [1, 1, dim] });
  if (prefix.distillation) list.push({ step: 'distillation token', shape: [1, 1, dim] });
  if (prefix.registers > 0) list.push({ step: 'register tokens', shape: [1, prefix.registers, dim] });
  if (position.kind !== 'none')
    list.push({ step: `position embedding (${position.kind})`, shape: [1, covered(architecture, patches), dim] });
  list.push({ step: 'tokens', shape: [1, tokens, dim] });
  if (architecture.preNorm) list.push({ step: 'norm_pre', shape: [1, tokens, dim] });
  if (depth > 0) list.push(...blockShapes(depth > 1 ? `blocks.0-${depth - 1}.` : 'blocks.0.', block, tokens));
  if (architecture.finalNorm) list.push({ step: 'norm', shape: [1, tokens, dim] });
  const pooled = architecture.pool === 'class-avg' ? 2 * dim : dim;
  if (architecture.pool !== 'none') list.push({ step: `pool (${architecture.pool})`, shape: [1, pooled] });
  if (architecture.fcNorm) list.push({ step: 'fc_norm', shape: [1, pooled] });
  if (architecture.classes > 0) list.push({ step: 'head', shape: [1, architecture.classes] });
  return list;
}

function covered({ position, prefix }: Architecture, patches: number): number {
  if (position.kind === 'none' || position.covers === 'patches') return patches;
  return patches + (position.covers === 'class' ? Number(prefix.class) : prefixCount(prefix));
}

function tokenizerShapes(architecture: Architecture): ShapeOfStep[] {
  const { tokenizer, image } = architecture;
  if (tokenizer.kind === 'patch') {
    const [rows, columns] = gridOf(architecture);
    return [{ step: 'patches', shape: [1, rows * columns, image.channels * tokenizer.patch[0] * tokenizer.patch[1]] }];
  }
  const list: ShapeOfStep[] = [];
  let channels = image.channels;
  grids(architecture).forEach(([rows, columns], i) => {
    const { kernel } = tokenizer.splits[i] ?? { kernel: 1 };
    list.push({ step: `soft_split${i}`, shape: [1, rows * columns, channels * kernel ** 2] });
    const stage = tokenizer.stages[i];
    if (!stage) return;
    list.push(...blockShapes(`token_transformer${i}.`, stage, rows * columns));
    list.push({ step: `reshape${i}`, shape: [1, stage.dim, rows, columns] });
    channels = stage.dim;
  });
  return list;
}

function blockShapes(at: string, block: Block, tokens: number): ShapeOfStep[] {
  const { dimIn, dim, heads, headDim } = block;
  const gated = block.mlp === 'mlp' ? block.mlpHidden : block.mlpHidden / 2;
  return [
    { step: `${at}norm1`, shape: [1, tokens, dimIn] },
    { step: `${at}attn.qkv (each of Q, K, V)`, shape: [1, heads, tokens, headDim] },
    { step: `${at}attn.weights`, shape: [1, heads, tokens, tokens] },
    { step: `${at}attn.heads joined`, shape: [1, tokens, heads * headDim] },
    { step: `${at}attn.proj`, shape: [1, tokens, dim] },
    { step: `${at}norm2`, shape: [1, tokens, dim] },
    { step: `${at}mlp.fc1`, shape: [1, tokens, block.mlpHidden] },
    ...(gated === block.mlpHidden ? [] : [{ step: `${at}mlp.gated`, shape: [1, tokens, gated] }]),
    { step: `${at}mlp.fc2`, shape: [1, tokens, dim] },
  ];
}
