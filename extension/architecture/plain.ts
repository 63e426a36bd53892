/** The block nearly everyone has: pre-norm, fused or separate Q, K, V, a two-layer MLP. Families change what differs. */
import type { Block } from './description';

export function plainBlock(
  dim: number,
  heads: number,
  mlpHidden: number,
  eps: number,
  changes: Partial<Block> = {},
): Block {
  const headDim = dim / heads;
  return {
    dimIn: dim,
    dim,
    heads,
    headDim,
    scale: headDim ** -0.5,
    qkvBias: true,
    projBias: true,
    qkNorm: null,
    attnNorm: null,
    valueSkip: false,
    attnResidual: true,
    norm: { kind: 'layer', eps },
    order: 'pre',
    branches: 1,
    layerScale: false,
    mlpHidden,
    mlp: 'mlp',
    mlpBias: true,
    mlpNorm: null,
    activation: 'gelu',
    ...changes,
  };
}
