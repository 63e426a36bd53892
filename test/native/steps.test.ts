/**
 * The walk-through: every step of every block order has the shape it says, agrees with what was kept, and names its
 * line.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Architecture } from '../../native/binding';
import { inputsOf } from '../../webview/walk/inputs';
import { pagesOf } from '../../webview/walk/pages';
import { architecture, binding, block, load, maxDifference, picture, ROOT, tokensToToken } from './support';

const cases: Record<string, Architecture> = {
  pre: architecture(),
  'pre, everything on': architecture({
    block: block(24, {
      valueSkip: true,
      layerScale: true,
      qkNorm: { kind: 'layer', eps: 1e-6 },
      attnNorm: { kind: 'layer', eps: 1e-6 },
      mlpNorm: { kind: 'rms', eps: 1e-6 },
      mlp: 'swiglu',
      activation: 'silu',
    }),
    preNorm: { kind: 'layer', eps: 1e-5 },
    prefix: { class: true, distillation: false, registers: 2 },
    position: { kind: 'learned', covers: 'class', grid: [4, 4], resample: 'bicubic' },
    pool: 'avg',
    fcNorm: { kind: 'layer', eps: 1e-6 },
    finalNorm: null,
  }),
  'res-post': architecture({ block: block(24, { order: 'res-post' }) }),
  post: architecture({ block: block(24, { order: 'post', norm: { kind: 'rms', eps: 1e-6 } }) }),
  parallel: architecture({ block: block(24, { order: 'parallel', branches: 2, layerScale: true }) }),
  'parallel-scaling': architecture({ block: block(24, { order: 'parallel-scaling', qkvBias: false }) }),
  distilled: architecture({ prefix: { class: true, distillation: true, registers: 0 }, pool: 'distilled' }),
  map: architecture({
    prefix: { class: false, distillation: false, registers: 0 },
    pool: 'map',
    mapPool: { heads: 3, mlpHidden: 40, activation: 'gelu', eps: 1e-6 },
  }),
  'class-avg without a head': architecture({ pool: 'class-avg', classes: 0 }),
  features: architecture({ pool: 'none', classes: 0 }),
  'tokens to token': tokensToToken(),
};

for (const [name, arch] of Object.entries(cases))
  test(`${name}: steps`, async () => {
    for (const gemm of ['blas', 'packed'] as const) {
      const model = await load(arch, { gemm });
      const input = picture(arch, 2);
      const kept = await model.forward(input, 2, { attention: true, tokens: true });
      const bare = await model.forward(input, 2, { attention: false, tokens: false });
      assert.deepEqual(binding.describeSteps(arch), model.steps, 'the same list without weights');
      assert.equal(new Set(model.steps.map((step) => step.name)).size, model.steps.length, 'names are unique');
      for (const step of model.steps) {
        const { shape, values } = await kept.step(1, step.name);
        assert.deepEqual(shape, step.shape, step.name);
        assert.equal(
          values.length,
          shape.reduce((a, b) => a * b),
          step.name,
        );
        assert.ok(values.every(Number.isFinite), step.name);
        assert.ok(maxDifference((await bare.step(1, step.name)).values, values) < 1e-5, step.name);
      }
      for (let layer = 0; layer < arch.depth; layer++) {
        const last = model.steps.filter((step) => step.name.startsWith(`blocks.${layer}.`)).at(-1);
        assert.ok(last);
        const leaving = await kept.tokens(1, layer + 1);
        assert.ok(maxDifference((await kept.step(1, last.name)).values, leaving) < 2e-5, last.name);
        if (arch.block.order === 'parallel') continue;
        const weights = await kept.step(1, `blocks.${layer}.attn.weights`);
        assert.ok(maxDifference(weights.values, await kept.attention(1, layer)) < 1e-5);
      }
      if (arch.classes > 0) {
        const head = await kept.step(1, 'head');
        assert.ok(maxDifference(head.values, kept.logits.slice(arch.classes)) < 1e-5);
      }
    }
  });

/** As the walk-through shows it: what goes in, and what comes out. */
for (const [name, arch] of Object.entries(cases))
  test(`${name}: what goes into a step comes before it; split connections are the sum of what goes in`, async () => {
    const model = await load(arch);
    const names = model.steps.map((step) => step.name);
    const run = await model.forward(picture(arch), 1, { attention: false, tokens: false });
    let sums = 0;
    for (const step of names) {
      const inputs = inputsOf(names, step);
      for (const input of inputs) assert.ok(names.indexOf(input) < names.indexOf(step), `${step} of ${input}`);
      const stage = /^tokenizer\.stages\.(\d+)/.exec(step);
      const block =
        stage && arch.tokenizer.kind === 'soft-split' ? arch.tokenizer.stages[Number(stage[1])]! : arch.block;
      // with a layer scale it is x + γ ⊙ f(x)
      if (!/(^|\.)(residual|sum|tokens)$/.test(step) || block.layerScale) continue;
      // the network's own projection is no step there
      if (step.endsWith('.sum')) continue;
      const values = await Promise.all(inputs.map(async (input) => (await run.step(0, input)).values));
      const out = (await run.step(0, step)).values;
      if (values.some(({ length }) => length !== out.length)) continue;
      const sum = out.map((_, i) => values.reduce((total, each) => total + each[i]!, 0));
      assert.ok(maxDifference(sum, out) < 1e-5, `${step} = ${inputs.join(' + ')}`);
      sums++;
    }
    assert.ok(sums > 0 || arch.block.layerScale, `${sums} sums`);
  });

test('pages of one chapter have titles of their own', () => {
  for (const [name, arch] of Object.entries(cases)) {
    const pages = pagesOf(binding.describeSteps(arch), { ...arch, rotary: null, relativeBias: null }, arch.depth);
    const titles = pages.map(({ chapter, title }) => `${chapter}: ${title}`);
    assert.deepEqual(
      titles.filter((title, i) => titles.indexOf(title) !== i),
      [],
      name,
    );
  }
});

test('each step names the line that computes it', async () => {
  const sources = new Map<string, string[]>();
  for (const arch of Object.values(cases)) {
    const model = await load(arch);
    for (const { name, source } of model.steps) {
      assert.match(source.file, /^native\/src\/.+\.cc$/, name);
      const lines = sources.get(source.file) ?? readFileSync(join(ROOT, source.file), 'utf8').split('\n');
      sources.set(source.file, lines);
      const marked = /VIT_STEP\([^"]*"(?:[^":]*:)?([^"]+)"/.exec(lines[source.line - 1] ?? '')?.[1];
      assert.ok(marked !== undefined && name.endsWith(marked), `${name} at ${source.file}:${source.line}`);
    }
  }
});

test('a step that is not there is refused', async () => {
  const model = await load(architecture());
  const run = await model.forward(picture(architecture()), 1, { attention: false, tokens: false });
  await assert.rejects(run.step(0, 'blocks.3.norm1'), { code: 'ERR_ARGUMENT', message: /no step blocks\.3\.norm1/ });
  await assert.rejects(run.step(1, 'norm'), { code: 'ERR_ARGUMENT' });
});

test('steps of a description that contradicts itself are refused', () => {
  assert.throws(() => binding.describeSteps(architecture({ depth: 1e6 })), { code: 'ERR_ARCHITECTURE' });
});
