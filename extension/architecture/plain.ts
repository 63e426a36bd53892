/** What nearly every model has. Families say what differs. */
import type { Architecture, Block } from './description';

type Own = 'image' | 'tokenizer' | 'dim' | 'depth' | 'block' | 'position' | 'classes';

/** A class token that is pooled after a last norm like the blocks', and a head with bias; nothing else. */
export function plainArchitecture(given: Pick<Architecture, Own> & Partial<Architecture>): Architecture {
  return {
    prefix: { class: true, distillation: false, registers: 0 },
    rotary: null,
    relativeBias: null,
    preNorm: null,
    finalNorm: given.block.norm,
    pool: 'token',
    poolIncludesPrefix: false,
    fcNorm: null,
    mapPool: null,
    projection: null,
    headBias: true,
    ...given,
  };
}

/** Pre-norm, fused or separate Q, K, V, a two-layer MLP. */

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
    performer: null,
    ...changes,
  };
}
