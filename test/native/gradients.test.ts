/**
 * The addon's gradients against PyTorch's autograd in float64: every case of test/golden/cases that test/golden/gradients.py added them to, for
 * each kind of matrix product; and what is refused.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { Architecture, GradientRequest, Gradients, LoadRequest, Target } from '../../native/binding';
import { readNpy } from '../../extension/files/npy';
import { withInputSize } from '../../extension/models/inputSize';
import { openModel } from '../../extension/models/open';
import { architecture, binding, block, load, maxDifference, picture, ROOT, tokensToToken } from './support';

const CASES = join(ROOT, 'test/golden/cases');
const names = readdirSync(CASES).filter((name) => existsSync(join(CASES, name, 'gradient_input.npy')));
/** Of the largest value of each array; float32 sums in another order. */
const CLOSE = 5e-5;

const array = (name: string, file: string) => readNpy(readFileSync(join(CASES, name, `${file}.npy`)));

/** The target of picture b as gradients.py has it: output b mod K, less half of the next one. */
function target(image: number, outputs: number): Target {
  const first = { index: image % outputs, weight: 1 };
  return outputs > 1 ? [first, { index: (image + 1) % outputs, weight: -0.5 }] : [first];
}

/** Largest difference as a share of the largest value. */
function compare(actual: Float32Array, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const off = maxDifference(actual, expected);
  assert.ok(off <= CLOSE * largest, `${what} is off by ${off} where the largest value is ${largest}`);
}

async function describeCase(name: string) {
  const file = join(CASES, name, 'case.json');
  if (!existsSync(file)) return openModel(join(CASES, name), { root: ROOT });
  const { model = name, input_size: size } = JSON.parse(readFileSync(file, 'utf8')) as {
    model?: string;
    input_size: [number, number];
  };
  return withInputSize(await openModel(join(CASES, model), { root: ROOT }), ...size);
}

function everything(arch: Architecture, targets: Target[]): GradientRequest {
  const layers = Array.from({ length: arch.depth }, (_, i) => i);
  return { targets, attention: layers, tokens: [...layers, arch.depth], input: true, relevance: true, gradCam: true };
}

/** What the last image's part of each array is. */
function compareLast(name: string, batch: number, made: Gradients): void {
  const last = (values: Float32Array) => values.subarray((values.length / batch) * (batch - 1));
  const layers = (parts: Gradients['attention']) => Float32Array.from(parts.flatMap((p) => [...last(p.values)]));
  assert.ok(made.input && made.relevance && made.gradCam);
  compare(last(made.input), array(name, 'gradient_input').values, 'the gradient by the input');
  compare(layers(made.tokens), array(name, 'gradient_tokens').values, 'the gradient by the tokens');
  compare(layers(made.attention), array(name, 'gradient_attention').values, 'the gradient by the maps');
  compare(last(made.relevance), array(name, 'relevance').values, 'relevance');
  compare(last(made.gradCam), array(name, 'grad_cam').values, 'Grad-CAM');
}

test('there are cases of every kind', () => assert.ok(names.length > 60));

for (const name of names) {
  test(`${name}: gradients agree with PyTorch`, async (t) => {
    const { architecture: arch, weights } = await describeCase(name);
    assert.ok(arch && weights.kind === 'tensors');
    const input = array(name, 'input');
    const [batch = 0] = input.shape;
    for (const gemm of ['packed', 'blas', 'naive'] satisfies LoadRequest['gemm'][]) {
      await t.test(gemm, async () => {
        const model = await binding.load({ architecture: arch, weights, gemm, precision: 'fp32', threads: 2 });
        const run = await model.forward(input.values, batch, { attention: false, tokens: true });
        const outputs = run.logits.length / batch;
        const targets = Array.from({ length: batch }, (_, image) => target(image, outputs));
        const made = await run.gradients(everything(arch, targets));
        compareLast(name, batch, made);
        for (const [image, terms] of targets.entries()) {
          const y = terms.reduce((sum, { index, weight }) => sum + weight * run.logits[image * outputs + index]!, 0);
          assert.ok(Math.abs(y - made.y[image]!) < 1e-5);
        }
        run.release();
        model.close();
      });
    }
  });
}

const one: Target = [{ index: 1, weight: 1 }];

test('a batch within a tight memory limit has the same gradients, one picture after another', async () => {
  const arch = architecture();
  const batch = 4;
  const input = picture(arch, batch);
  const request = everything(
    arch,
    Array.from({ length: batch }, (_, image) => target(image, arch.classes)),
  );
  const made: Gradients[] = [];
  const refused: unknown[] = [];
  for (let memoryLimit = 2 ** 20; memoryLimit < 2 ** 26; memoryLimit *= 1.25) {
    const model = await load(arch, { gemm: 'packed', memoryLimit: Math.round(memoryLimit) });
    try {
      const run = await model.forward(input, batch, { attention: false, tokens: true });
      made.push(await run.gradients(request));
    } catch (error) {
      refused.push((error as { code?: string }).code);
    }
    model.close();
  }
  assert.ok(refused.length > 0 && refused.every((code) => code === 'ERR_MEMORY'));
  assert.ok(made.length > 4);
  const arrays = (g: Gradients) => [
    g.input!,
    g.relevance!,
    g.gradCam!,
    ...[...g.attention, ...g.tokens].map((p) => p.values),
  ];
  const reference = arrays(made.at(-1)!);
  for (const other of made) arrays(other).forEach((values, i) => compare(values, reference[i]!, `array ${i}`));
});

test('pixels of patches that the run masked have no gradient', async () => {
  const arch = architecture({ preNorm: { kind: 'layer', eps: 1e-6 } });
  const model = await load(arch);
  const maskedPatches = Uint32Array.of(7); // row 1, column 2 of 3 x 5
  const run = await model.forward(picture(arch), 1, { attention: false, tokens: true, maskedPatches });
  const { input } = await run.gradients({ targets: [one], input: true });
  const inside = (i: number) => (Math.floor(i / 20) % 12) >> 2 === 1 && (i % 20) >> 2 === 2;
  assert.ok(input);
  assert.ok(input.every((value, i) => inside(i) === (value === 0)));
  model.close();
});

for (const gemm of ['packed', 'blas'] as const) {
  test(`weights kept in 16 bits have the gradients of their values: ${gemm}`, async () => {
    const { architecture: arch, weights } = await describeCase('timm-f16');
    assert.ok(arch && weights.kind === 'tensors');
    const input = array('timm-f16', 'input').values;
    const model = await binding.load({ architecture: arch, weights, gemm, precision: 'stored', threads: 2 });
    const run = await model.forward(input, 2, { attention: false, tokens: true });
    compareLast('timm-f16', 2, await run.gradients(everything(arch, [target(0, 7), target(1, 7)])));
    model.close();
  });
}

test('weights in 8 bits have the gradients of the model that they are', async () => {
  for (const changes of [{}, { mlp: 'swiglu' }] as const) {
    const arch = architecture({ block: block(24, changes) });
    const quantised = await load(arch, { gemm: 'packed', precision: 'int8', weights: { seed: 5 } });
    const names = quantised.steps.length ? await tensorNames(arch) : [];
    const tensors = Object.fromEntries(
      names.map((name) => {
        const { shape, values } = quantised.tensor(name);
        return [name, { dtype: 'F32' as const, shape, values }];
      }),
    );
    const exact = await load(arch, { gemm: 'blas', weights: { tensors } });
    const request = everything(arch, [one]);
    const made: Gradients[] = [];
    for (const model of [quantised, exact]) {
      const run = await model.forward(picture(arch), 1, { attention: false, tokens: true });
      made.push(await run.gradients(request));
      model.close();
    }
    const [got, want] = made as [Gradients, Gradients];
    // What the forward pass rounds of its activations is all that is between them.
    const largest = Math.max(...want.input!.map(Math.abs));
    assert.ok(maxDifference(got.input!, want.input!) < 0.03 * largest);
  }
});

/** Names of a plain architecture's tensors. */
async function tensorNames(arch: Architecture): Promise<string[]> {
  const model = await load(arch);
  const ends = ['weight', 'bias'];
  const layers = ['norm1', 'norm2', 'attn.qkv', 'attn.proj', 'mlp.fc1', 'mlp.fc2'];
  const names = [
    'cls_token',
    'pos_embed',
    ...['patch_embed.proj', 'norm', 'head'].flatMap((n) => ends.map((e) => `${n}.${e}`)),
  ];
  for (let i = 0; i < arch.depth; i++) {
    names.push(...layers.flatMap((n) => ends.map((e) => `blocks.${i}.${n}.${e}`)));
  }
  const there = names.filter((name) => {
    try {
      return model.tensor(name).shape.length > 0;
    } catch {
      return false;
    }
  });
  model.close();
  return there;
}

test('wrong requests are refused with what is wrong', async () => {
  const arch = architecture();
  const model = await load(arch);
  const run = await model.forward(picture(arch, 2), 2, { attention: false, tokens: true });
  const bare = await model.forward(picture(arch), 1, { attention: true, tokens: false });
  const refuses = (request: unknown, words: RegExp, of = run) =>
    assert.rejects(
      async () => of.gradients(request as GradientRequest),
      (error: Error & { code?: string }) => error.code === 'ERR_ARGUMENT' && words.test(error.message),
    );
  await refuses({ targets: [one] }, /1 targets? for 2 images/);
  await refuses({ targets: [one] }, /tokens of this run were not kept/, bare);
  await refuses({ targets: [one, [{ index: 7, weight: 1 }]] }, /no class 7/);
  await refuses({ targets: [one, [{ index: -1, weight: 1 }]] }, /no class -1/);
  await refuses({ targets: [one, [{ index: 0, weight: Infinity }]] }, /weight/);
  await refuses({ targets: [one, one], attention: [3] }, /no layer 3/);
  await refuses({ targets: [one, one], tokens: [4] }, /no layer 4/);
  await refuses({ targets: [one, one], tokens: [0.5] }, /tokens/);
  await refuses({ targets: 'one' }, /targets/);
  await refuses({}, /targets/);
  const cancel = binding.cancelToken();
  cancel.cancel();
  const stopped = (error: Error & { code?: string }) => error.code === 'ERR_CANCELLED';
  await assert.rejects(run.gradients({ targets: [one, one], input: true, cancel }), stopped);
  run.release();
  await refuses({ targets: [one, one] }, /released/);
  model.close();

  const features = architecture({ pool: 'none', classes: 0 });
  const bodiless = await load(features);
  const tokens = await bodiless.forward(picture(features), 1, { attention: false, tokens: true });
  await refuses({ targets: [[]] }, /no output/, tokens);
  bodiless.close();
});

test('layers are handed out as they were asked for, twice where twice', async () => {
  const arch = tokensToToken();
  const model = await load(arch);
  const run = await model.forward(picture(arch), 1, { attention: false, tokens: true });
  const target0 = [[{ index: 0, weight: 2 }]];
  const all = await run.gradients(everything(arch, target0));
  const some = await run.gradients({ targets: target0, attention: [2, 1, 2], tokens: [3, 1] });
  assert.deepEqual(
    some.attention.map((p) => p.layer),
    [2, 1, 2],
  );
  for (const { layer, values } of some.attention) compare(values, all.attention[layer]!.values, `maps of ${layer}`);
  for (const { layer, values } of some.tokens) compare(values, all.tokens[layer]!.values, `tokens of ${layer}`);
  assert.equal(some.input, null);
  assert.equal(some.relevance, null);
  assert.equal(some.gradCam, null);
  model.close();
});
