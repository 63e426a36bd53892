/** What `bench` measures when no model is given: ViTs at 224 pixels with random weights, and the work any ViT is. */
import type { Architecture, Block, ModelDescription } from '../architecture/description';
import { plainArchitecture, plainBlock } from '../architecture/plain';
import { grids } from '../architecture/grid';
import { prefixCount } from '../architecture/tensors';
import { ROTARY } from '../models/families/hf/dinov3';

/** The sizes of Touvron et al. 2021 (DeiT), table 1; B is ViT-Base of Dosovitskiy et al. 2021. Heads are 64 wide. */
const WIDTHS = { 'ViT-Ti': 192, 'ViT-S': 384, 'ViT-B': 768 };

const norm = { kind: 'layer', eps: 1e-6 } as const;

/** What is not plain about a block, each in a ViT of ViT-S's size. */
const KINDS: Record<string, Partial<Block>> = {
  // of the articles: the attention adds V to its projection
  ViT_Model: { valueSkip: true },
  SwiGLU: { mlp: 'swiglu', activation: 'silu', mlpHidden: 2048 },
  GLU: { mlp: 'glu', mlpHidden: 2048 },
  'qk-norm': { qkNorm: norm },
  'res-post': { order: 'res-post' },
  post: { order: 'post' },
  parallel: { order: 'parallel', branches: 2 },
  'par-scaling': { order: 'parallel-scaling' },
  'layer scale': { layerScale: true },
  RMS: { norm: { kind: 'rms', eps: 1e-6 } },
  SELU: { activation: 'selu' },
};

/** Positions inside attention, of the families that have them: DINOv3's rotary angles, BEiT's bias tables. */
const POSITIONS: Record<string, Changes> = {
  rotary: { rotary: ROTARY },
  bias: {
    relativeBias: { tables: 'block', network: null, grid: [14, 14], classEntries: true, resample: 'geometric' },
  },
};

/** ViT-Ti, S and B. */
export const benchModels = (): ModelDescription[] => Object.entries(WIDTHS).map(([name, dim]) => seeded(name, dim));

/** Patches along a side of a square picture that, with a class token, makes so many tokens; null where none does. */
export function sideOf(tokens: number): number | null {
  const side = Math.round(Math.sqrt(tokens - 1));
  return side > 0 && side * side + 1 === tokens ? side : null;
}

/** ViT-S for square pictures of so many patches along a side. */
export const benchModelOfSide = (side: number): ModelDescription => seeded('ViT-S', WIDTHS['ViT-S'], { side });

/** These, the articles' models, and one model for each other kind of block. */
export const allBenchModels = (): ModelDescription[] => [
  ...benchModels(),
  tokensToToken(),
  ...Object.entries(POSITIONS).map(([name, changes]) => seeded(name, WIDTHS['ViT-S'], changes)),
  ...Object.entries(KINDS).map(([name, changes]) => seeded(name, WIDTHS['ViT-S'], { block: changes })),
];

/** T2T-ViT-14 of Yuan et al. 2021, table 1, with the articles' token transformers: 3136 and 784 tokens of length 64. */
function tokensToToken(): ModelDescription {
  const stage = (dimIn: number): Block => ({
    ...plainBlock(64, 1, 64, norm.eps),
    dimIn,
    valueSkip: true,
    attnResidual: false,
  });
  const tokenizer: Architecture['tokenizer'] = {
    kind: 'soft-split',
    splits: [
      { kernel: 7, stride: 4, padding: 2 },
      { kernel: 3, stride: 2, padding: 1 },
      { kernel: 3, stride: 2, padding: 1 },
    ],
    stages: [stage(3 * 49), stage(64 * 9)],
    bias: true,
  };
  return seeded('T2T_ViT', 384, { tokenizer, depth: 14, block: { mlpHidden: 1152, valueSkip: true } });
}

interface Changes extends Partial<Pick<Architecture, 'rotary' | 'relativeBias'>> {
  block?: Partial<Block>;
  tokenizer?: Architecture['tokenizer'];
  depth?: number;
  /** Patches along each side; 14 without it. */
  side?: number;
}

function seeded(name: string, dim: number, changes: Changes = {}): ModelDescription {
  const { side = 14 } = changes;
  const architecture: Architecture = plainArchitecture({
    image: { channels: 3, height: 16 * side, width: 16 * side },
    tokenizer: changes.tokenizer ?? { kind: 'patch', patch: [16, 16], bias: true, norm: null },
    dim,
    depth: changes.depth ?? 12,
    ...(changes.rotary && { rotary: changes.rotary }),
    ...(changes.relativeBias && { relativeBias: changes.relativeBias }),
    block: { ...plainBlock(dim, dim / 64, 4 * dim, norm.eps), ...changes.block },
    position: { kind: 'learned', covers: 'all', grid: [side, side], resample: 'bicubic-antialias' },
    finalNorm: norm,
    classes: 1000,
  });
  return {
    id: name,
    name,
    path: name,
    family: 'seed-vit',
    architecture,
    weights: { kind: 'seed', seed: 1 },
    preprocessing: {
      channels: 3,
      resize: { kind: 'none' },
      interpolation: 'bicubic',
      crop: null,
      rescale: 1 / 255,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    labels: null,
    scores: 'softmax',
    dtypes: ['F32'],
    bytes: 0,
    findings: [],
  };
}

/**
 * Floating point operations of the matrix products of one image, a multiplication and an addition counted as two, all
 * tokens through all blocks (an engine that leaves out what nobody reads still gets the whole number).
 */
export function operations(architecture: Architecture): number {
  const { block, dim, depth, image, tokenizer, prefix, classes } = architecture;
  const sizes = grids(architecture).map(([rows, columns]) => rows * columns);
  const patches = sizes.at(-1) ?? 0;
  const tokens = patches + prefixCount(prefix);
  let products = depth * ofBlock(block, tokens) + classes * dim;
  if (tokenizer.kind === 'patch') {
    products += patches * image.channels * tokenizer.patch[0] * tokenizer.patch[1] * dim;
  } else {
    let channels = image.channels;
    tokenizer.splits.forEach((split, i) => {
      const stage = tokenizer.stages[i];
      products += stage ? ofBlock(stage, sizes[i] ?? 0) : patches * channels * split.kernel ** 2 * dim;
      channels = stage?.dim ?? channels;
    });
  }
  return 2 * products;
}

/** Multiplications of one block. */
function ofBlock(block: Block, tokens: number): number {
  const heads = block.heads * block.headDim;
  const fc2In = block.mlp === 'mlp' ? block.mlpHidden : block.mlpHidden / 2;
  const weights = 3 * heads * block.dimIn + heads * block.dim + block.mlpHidden * block.dim + fc2In * block.dim;
  return block.branches * tokens * (weights + 2 * tokens * heads);
}
