/** What `bench` measures when no model is given: ViTs at 224 pixels with random weights, and the work any ViT is. */
import type { Architecture, ModelDescription } from '../architecture/description';
import { plainArchitecture, plainBlock } from '../architecture/plain';
import { gridOf } from '../architecture/grid';

/** The sizes of Touvron et al. 2021 (DeiT), table 1; B is ViT-Base of Dosovitskiy et al. 2021. Heads are 64 wide. */
const WIDTHS = { 'ViT-Ti': 192, 'ViT-S': 384, 'ViT-B': 768 };

export const benchModels = (): ModelDescription[] => Object.entries(WIDTHS).map(([name, dim]) => seeded(name, dim));

function seeded(name: string, dim: number): ModelDescription {
  const norm = { kind: 'layer', eps: 1e-6 } as const;
  const architecture: Architecture = plainArchitecture({
    image: { channels: 3, height: 224, width: 224 },
    tokenizer: { kind: 'patch', patch: [16, 16], bias: true, norm: null },
    dim,
    depth: 12,
    block: plainBlock(dim, dim / 64, 4 * dim, norm.eps),
    position: { kind: 'learned', covers: 'all', grid: [14, 14], resample: 'bicubic-antialias' },
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
  const [rows, columns] = gridOf(architecture);
  const patches = rows * columns;
  const tokens = patches + Number(prefix.class) + Number(prefix.distillation) + prefix.registers;
  const patchLength = tokenizer.kind === 'patch' ? image.channels * tokenizer.patch[0] * tokenizer.patch[1] : 0;
  const heads = block.heads * block.headDim;
  const fc2In = block.mlp === 'mlp' ? block.mlpHidden : block.mlpHidden / 2;
  const token = 3 * heads * block.dimIn + heads * dim + block.mlpHidden * dim + fc2In * dim + 2 * tokens * heads;
  return 2 * (patches * patchLength * dim + depth * block.branches * tokens * token + classes * dim);
}
