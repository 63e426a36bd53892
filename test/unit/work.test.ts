/** How much there is to compute in a pass, beside what is published of models. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiplications } from '../../extension/architecture/work';
import { plainArchitecture, plainBlock } from '../../extension/architecture/plain';
import { allBenchModels } from '../../extension/bench/models';

test('multiplications are those that torchvision gives of its Vision Transformers, to a percent', () => {
  // the field _ops of its weights, in billions
  const published: [side: number, patch: number, dim: number, depth: number, heads: number, billions: number][] = [
    [224, 16, 768, 12, 12, 17.564],
    [224, 32, 768, 12, 12, 4.409],
    [224, 16, 1024, 24, 16, 61.555],
    [224, 32, 1024, 24, 16, 15.378],
    [518, 14, 1280, 32, 16, 1016.717],
  ];
  for (const [side, patch, dim, depth, heads, billions] of published) {
    const architecture = plainArchitecture({
      image: { channels: 3, height: side, width: side },
      tokenizer: { kind: 'patch', patch: [patch, patch], bias: true, norm: null },
      dim,
      depth,
      block: plainBlock(dim, heads, 4 * dim, 1e-6),
      position: { kind: 'none' },
      finalNorm: null,
      classes: 1000,
    });
    const ratio = multiplications(architecture) / 1e9 / billions;
    assert.ok(Math.abs(ratio - 1) < 0.01, `${dim} wide, patches of ${patch}: ${ratio.toFixed(3)}`);
  }
});

test('token transformers count: T2T-ViT_t-14 has 6.1 billion multiplications (Yuan et al. 2021, table 3)', () => {
  const { architecture } = allBenchModels().find(({ name }) => name === 'T2T_ViT')!;
  const billions = multiplications(architecture!) / 1e9;
  assert.ok(Math.abs(billions / 6.1 - 1) < 0.05, billions.toFixed(2));
});
