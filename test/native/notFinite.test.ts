/** Where numbers stop being numbers: the tensor or the step in which NaN or infinity first appears is named. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Architecture, LoadRequest, Model, TensorSource } from '../../native/binding';
import { architecture, block, load, picture, tokensToToken } from './support';

const BARE = { attention: false, tokens: false };

/** The model of seed 1 with one value of one tensor replaced; tensors are found by asking the seeded model. */
async function changed(
  arch: Architecture,
  names: string[],
  name: string,
  change: (values: Float32Array) => void,
  options: Partial<LoadRequest> = {},
): Promise<Model> {
  const seeded = await load(arch);
  const tensors: Record<string, TensorSource> = {};
  for (const each of names) {
    const { shape, values } = seeded.tensor(each);
    if (each === name) change(values);
    tensors[each] = { dtype: 'F32', shape, values };
  }
  return load(arch, { weights: { tensors }, ...options });
}

const blockNames = (i: number): string[] =>
  ['norm1', 'attn.qkv', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2'].flatMap((part) => [
    `blocks.${i}.${part}.weight`,
    `blocks.${i}.${part}.bias`,
  ]);
const NAMES = [
  'patch_embed.proj.weight',
  'patch_embed.proj.bias',
  'cls_token',
  'pos_embed',
  ...[0, 1, 2].flatMap(blockNames),
  'norm.weight',
  'norm.bias',
  'head.weight',
  'head.bias',
];

for (const gemm of ['packed', 'blas'] as const) {
  test(`${gemm}: a weight that is NaN or infinite is named, and the step it first shows in`, async () => {
    const arch = architecture();
    const cases: [string, number, string][] = [
      ['blocks.1.attn.qkv.weight', NaN, 'blocks.1.attn.q'],
      ['blocks.1.attn.qkv.weight', Infinity, 'blocks.1.attn.q'],
      ['blocks.0.norm1.bias', -Infinity, 'blocks.0.norm1'],
      ['blocks.2.mlp.fc2.weight', NaN, 'blocks.2.mlp.fc2'],
      ['pos_embed', NaN, 'pos_embed'],
      ['head.bias', NaN, 'head'],
    ];
    for (const [tensor, value, step] of cases) {
      const model = await changed(arch, NAMES, tensor, (values) => (values[1] = value), { gemm });
      const run = await model.forward(picture(arch, 2), 2, BARE);
      assert.ok(!run.logits.every(Number.isFinite), `${tensor} ${value}: logits show it`);
      assert.equal(await model.firstNonFiniteTensor(), tensor);
      assert.equal(await run.firstNonFiniteStep(1), step, `${tensor} ${value}`);
    }
  });

  test(`${gemm}: finite weights that overflow name the step alone`, async () => {
    const arch = architecture();
    const model = await changed(arch, NAMES, 'blocks.1.mlp.fc1.weight', (values) => values.fill(3e38), { gemm });
    const run = await model.forward(picture(arch), 1, BARE);
    assert.ok(!run.logits.every(Number.isFinite));
    assert.equal(await model.firstNonFiniteTensor(), null);
    assert.equal(await run.firstNonFiniteStep(0), 'blocks.1.mlp.fc1');
  });
}

test('numbers that are all finite name nothing, soft splits too', async () => {
  for (const arch of [architecture(), tokensToToken(), architecture({ block: block(24, { order: 'parallel' }) })]) {
    const model = await load(arch);
    const run = await model.forward(picture(arch), 1, BARE);
    assert.equal(await model.firstNonFiniteTensor(), null);
    assert.equal(await run.firstNonFiniteStep(0), null);
    await assert.rejects(async () => run.firstNonFiniteStep(1), { code: 'ERR_ARGUMENT', message: /no image 1/ });
  }
});

test('an input that is not finite is found in the first step', async () => {
  const arch = architecture();
  const model = await load(arch);
  const input = picture(arch);
  input[5] = NaN;
  assert.equal(await (await model.forward(input, 1, BARE)).firstNonFiniteStep(0), 'patches');
});

test('8-bit weights that are not finite are refused with the name of the tensor', async () => {
  await assert.rejects(
    changed(architecture(), NAMES, 'blocks.1.mlp.fc1.weight', (values) => (values[7] = NaN), {
      gemm: 'packed',
      precision: 'int8',
    }),
    { code: 'ERR_TENSOR', message: /blocks\.1\.mlp\.fc1\.weight holds values that are not finite/ },
  );
});
