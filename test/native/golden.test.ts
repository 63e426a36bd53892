/**
 * The addon against PyTorch: every case of test/golden/cases (made by test/golden/generate.py) is opened like a user's model,
 * and its logits, every attention map and every block's tokens are compared, for each kind of matrix product.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { Architecture, Binding, LoadRequest, Model, Run } from '../../native/binding';
import { mapsInOrder, ownOrder, tokensInOrder } from '../../extension/architecture/tokenOrder';
import { featureLength } from '../../extension/architecture/tensors';
import { modelTokens } from '../../extension/engine/loaded';
import { readNpy } from '../../extension/files/npy';
import { withInputSize } from '../../extension/models/inputSize';
import { openModel } from '../../extension/models/open';
import { assertRunnable } from '../../extension/models/runnable';

const ROOT = resolve(import.meta.dirname, '../..');
const CASES = join(ROOT, 'test/golden/cases');
const ADDON = process.env['VIT_ADDON'] ?? join(ROOT, 'build/Release/vit_inspector.node'); // of another platform: scripts/cross.mjs

// Float32 sums in another order: the design's tolerances (logits and tokens, attention).
const CLOSE = 1e-4;
const CLOSE_ATTENTION = 1e-5;

const binding = createRequire(import.meta.url)(ADDON) as Binding;
const names = readdirSync(CASES).filter((name) => existsSync(join(CASES, name, 'logits.npy')));

function array(name: string, file: string): { shape: number[]; values: Float32Array } {
  const path = join(CASES, name, `${file}.npy`);
  return readNpy(readFileSync(path));
}

/** Largest |actual - expected|, asserted: at most `limit`, or a thousandth of values beyond 1. */
function compare(actual: Float32Array, expected: Float32Array, limit: number, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: number of values`);
  for (let i = 0; i < expected.length; i++) {
    const want = expected[i] ?? NaN;
    const got = actual[i] ?? NaN;
    const allowed = Math.abs(want) > 1 ? Math.max(limit, 1e-3 * Math.abs(want)) : limit;
    assert.ok(Math.abs(got - want) <= allowed, `${what}: value ${i} is ${got}, PyTorch has ${want}`);
  }
}

/** What the head reads, through the head: the logits. Without a head it is the output; two heads read a token each. */
function compareFeatures({ features, logits, batch }: Run, model: Model, a: Architecture): void {
  if (a.pool === 'none' || a.classes === 0) {
    assert.deepEqual(features, a.pool === 'none' ? new Float32Array() : logits);
    return;
  }
  const length = features.length / batch;
  assert.equal(length, featureLength(a));
  if (a.pool === 'distilled') return;
  const weight = model.tensor('head.weight').values;
  const bias = a.headBias ? model.tensor('head.bias').values : new Float32Array(a.classes);
  const through = Float32Array.from({ length: batch * a.classes }, (_, i) => {
    const [image, row] = [Math.floor(i / a.classes), i % a.classes];
    let sum = bias[row]!;
    for (let j = 0; j < length; j++) sum += weight[row * length + j]! * features[image * length + j]!;
    return sum;
  });
  compare(through, logits, CLOSE, 'features through the head');
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

for (const name of names) {
  test(`${name} agrees with PyTorch`, async (t) => {
    const description = await describeCase(name);
    assertRunnable(description);
    const { architecture, weights } = description;
    assert.ok(architecture && weights.kind === 'tensors');
    const input = array(name, 'input');
    const [batch = 0] = input.shape;
    const logits = array(name, 'logits');
    const kept = (file: string) => (existsSync(join(CASES, name, `${file}.npy`)) ? array(name, file) : null);
    const attention = kept('attention');
    const tokens = kept('tokens');
    const { prefixNames, numTokens } = modelTokens(architecture);
    const order = ownOrder(prefixNames, numTokens);
    for (const gemm of ['naive', 'packed', 'blas'] satisfies LoadRequest['gemm'][]) {
      await t.test(gemm, async () => {
        const model = await binding.load({ architecture, weights, gemm, precision: 'fp32', threads: 2 });
        try {
          const run = await model.forward(input.values, batch, { attention: true, tokens: true });
          compare(run.logits, logits.values, CLOSE, 'logits');
          compareFeatures(run, model, architecture);
          const map = (attention?.values.length ?? 0) / batch / architecture.depth;
          const state = (tokens?.values.length ?? 0) / batch / (architecture.depth + 1);
          for (let image = 0; image < batch; image++) {
            for (let layer = 0; attention && layer < architecture.depth; layer++) {
              const from = (image * architecture.depth + layer) * map;
              const want = attention.values.subarray(from, from + map);
              const maps = await run.attention(image, layer);
              compare(
                order ? mapsInOrder(maps, order) : maps,
                want,
                CLOSE_ATTENTION,
                `attention of image ${image}, layer ${layer}`,
              );
            }
            for (let layer = 0; tokens && layer <= architecture.depth; layer++) {
              const from = (image * (architecture.depth + 1) + layer) * state;
              const want = tokens.values.subarray(from, from + state);
              const made = await run.tokens(image, layer);
              compare(
                order ? tokensInOrder(made, order) : made,
                want,
                CLOSE,
                `tokens of image ${image}, layer ${layer}`,
              );
            }
          }
          run.release();
        } finally {
          model.close();
        }
      });
    }
  });
}

/** Every norm of the architecture with another eps. */
function withEps(value: unknown, eps: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withEps(item, eps));
  const changed = Object.entries(value).map(([key, item]) => [key, key === 'eps' ? eps : withEps(item, eps)]);
  return Object.fromEntries(changed);
}

for (const name of names.filter((name) => name.endsWith('-eps'))) {
  test(`${name} notices another eps`, async () => {
    const { architecture, weights } = await describeCase(name);
    assert.ok(architecture && weights.kind === 'tensors');
    for (const eps of [1e-5, 1e-6, 1e-12].filter((eps) => eps !== architecture.block.norm.eps)) {
      const changed = withEps(architecture, eps) as typeof architecture;
      const model = await binding.load({
        architecture: changed,
        weights,
        gemm: 'naive',
        precision: 'fp32',
        threads: 1,
      });
      const run = await model.forward(array(name, 'input').values, 1, { attention: false, tokens: false });
      const expected = array(name, 'logits').values;
      const off = Math.max(...expected.map((value, i) => Math.abs(value - (run.logits[i] ?? NaN))));
      assert.ok(off > 10 * CLOSE, `with eps ${eps} the logits are off by ${off} only`);
      run.release();
      model.close();
    }
  });
}
