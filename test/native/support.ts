/** Small models for tests of the addon: plain descriptions with weights from a seed. */
import { plainArchitecture, plainBlock } from '../../extension/architecture/plain';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { Architecture, Binding, Block, LoadRequest, Model } from '../../native/binding';

export const ROOT = resolve(import.meta.dirname, '../..');
export const binding = createRequire(import.meta.url)(join(ROOT, 'build/Release/vit_inspector.node')) as Binding;

/** Two heads, an MLP of twice the token's length. */
export const block = (dim: number, changes: Partial<Block> = {}): Block => plainBlock(dim, 2, 2 * dim, 1e-6, changes);

/** A plain ViT on 12x20 pictures: 3x5 patches, 16 tokens, length 24, three blocks, seven classes. */
export function architecture(changes: Partial<Architecture> = {}): Architecture {
  return plainArchitecture({
    image: { channels: 3, height: 12, width: 20 },
    tokenizer: { kind: 'patch', patch: [4, 4], bias: true, norm: null },
    dim: 24,
    depth: 3,
    block: block(24),
    position: { kind: 'learned', covers: 'all', grid: [3, 5], resample: 'bicubic-antialias' },
    finalNorm: { kind: 'layer', eps: 1e-6 },
    classes: 7,
    ...changes,
  });
}

/** The articles' Tokens-to-Token on 1x40x24 pictures. */
export function tokensToToken(): Architecture {
  const stage = (dimIn: number): Block =>
    block(8, {
      dimIn,
      heads: 1,
      headDim: 8,
      scale: 8 ** -0.5,
      valueSkip: true,
      attnResidual: false,
      mlpHidden: 8,
    });
  return architecture({
    image: { channels: 1, height: 40, width: 24 },
    tokenizer: {
      kind: 'soft-split',
      splits: [
        { kernel: 7, stride: 4, padding: 2 },
        { kernel: 3, stride: 2, padding: 1 },
        { kernel: 3, stride: 2, padding: 1 },
      ],
      stages: [stage(49), stage(72)],
      bias: true,
    },
    position: { kind: 'sinusoid', covers: 'all', grid: [3, 2], resample: 'bicubic' },
  });
}

export function load(arch: Architecture, changes: Partial<LoadRequest> = {}): Promise<Model> {
  return binding.load({
    architecture: arch,
    weights: { seed: 1 },
    gemm: 'blas',
    precision: 'fp32',
    threads: 2,
    ...changes,
  });
}

/** Smooth values around zero, different for every image. */
export function picture(arch: Architecture, batch = 1): Float32Array {
  const { channels, height, width } = arch.image;
  return Float32Array.from(
    { length: batch * channels * height * width },
    (_, i) => Math.sin(i * 0.37) + Math.cos(i * i * 0.01),
  );
}

export function maxDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((most, value, i) => {
    const difference = Math.abs(value - (b[i] ?? NaN));
    return difference <= most ? most : difference;
  }, 0);
}
