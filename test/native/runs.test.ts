/** Runs and their slices: what was kept is consistent with what was computed, and rollout follows its formula. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rolloutRow } from '../../extension/engine/onnx/rollout';
import type { Block, HeadFusion, Run } from '../../native/binding';
import { architecture, binding, block, load, maxDifference, picture, tokensToToken } from './support';

const KEPT = { attention: true, tokens: true };
const BARE = { attention: false, tokens: false };

test('every kind of product and both ways of attention give the same logits', async () => {
  const arch = architecture();
  const input = picture(arch, 3);
  const model = await load(arch, { gemm: 'naive' });
  const naive = await model.forward(input, 3, KEPT);
  assert.equal(naive.batch, 3);
  assert.equal(naive.numTokens, 16);
  assert.equal(naive.logits.length, 21);
  for (const gemm of ['blas', 'packed'] as const)
    for (const options of [KEPT, BARE, { attention: true, tokens: false }]) {
      const run = await (await load(arch, { gemm })).forward(input, 3, options);
      assert.ok(maxDifference(run.logits, naive.logits) < 1e-5, `${gemm} ${JSON.stringify(options)}`);
    }
});

test('8 bits and bfloat16 are refused where nothing multiplies them', async () => {
  for (const gemm of ['blas', 'naive'] as const)
    for (const precision of ['int8', 'bf16'] as const)
      await assert.rejects(load(architecture(), { gemm, precision }), {
        code: 'ERR_ARGUMENT',
        message: /8-bit weights and products in bfloat16 need the packed kernels/,
      });
});

test('bfloat16 takes half the memory, and its numbers are near those of float32', async () => {
  const arch = architecture();
  const input = picture(arch, 3);
  const [exact, rounded] = [
    await load(arch, { gemm: 'packed' }),
    await load(arch, { gemm: 'packed', precision: 'bf16' }),
  ];
  const logits = async (model: typeof exact) => (await model.forward(input, 3, BARE)).logits;
  const apart = maxDifference(await logits(rounded), await logits(exact));
  const scale = Math.max(...(await logits(exact)).map(Math.abs));
  assert.ok(apart > 0 && apart < 0.03 * Math.max(1, scale), `${apart} of ${scale}`);
  assert.ok(rounded.memory.weights < 0.8 * exact.memory.weights);
});

test('an image of a batch has the numbers it has alone', async () => {
  const arch = architecture();
  const input = picture(arch, 3);
  const size = input.length / 3;
  for (const gemm of ['blas', 'packed'] as const) {
    const model = await load(arch, { gemm });
    const together = await model.forward(input, 3, KEPT);
    for (let image = 0; image < 3; image++) {
      const alone = await model.forward(input.slice(image * size, (image + 1) * size), 1, KEPT);
      assert.ok(maxDifference(alone.logits, together.logits.slice(image * 7, image * 7 + 7)) < 1e-5);
      assert.ok(maxDifference(await alone.attention(0, 2), await together.attention(image, 2)) < 1e-6);
      assert.ok(maxDifference(await alone.tokens(0, 3), await together.tokens(image, 3)) < 1e-5);
    }
  }
});

test('attention rows are rows of the maps, and each sums to one', async () => {
  const arch = architecture();
  const run = await (await load(arch, { gemm: 'packed' })).forward(picture(arch), 1, KEPT);
  const n = run.numTokens;
  for (let layer = 0; layer < arch.depth; layer++) {
    const maps = await run.attention(0, layer);
    const rows = await run.attentionRows(0, layer, 5);
    for (let head = 0; head < 2; head++) {
      const row = rows.slice(head * n, (head + 1) * n);
      assert.deepEqual(row, maps.slice((head * n + 5) * n, (head * n + 6) * n));
      assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-5);
    }
  }
});

/** Abnar & Zuidema 2020, eq. 1, with whole matrices. */
async function rolloutNaive(run: Run, from: number, to: number, fusion: HeadFusion, discard: number, query: number) {
  const n = run.numTokens;
  let product: number[][] = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  for (let layer = from; layer <= to; layer++) {
    const maps = await run.attention(0, layer);
    const fused = Array.from({ length: n * n }, (_, i) => {
      const heads = [maps[i] ?? NaN, maps[n * n + i] ?? NaN];
      if (fusion === 'mean') return ((heads[0] ?? 0) + (heads[1] ?? 0)) / 2;
      return fusion === 'max' ? Math.max(...heads) : Math.min(...heads);
    });
    const order = fused.map((_, i) => i).sort((a, b) => (fused[a] ?? 0) - (fused[b] ?? 0) || a - b);
    for (const i of order.slice(0, Math.floor(discard * n * n))) fused[i] = 0;
    const rows = Array.from({ length: n }, (_, i) => {
      const row = Array.from({ length: n }, (_, j) => ((fused[i * n + j] ?? 0) + (i === j ? 1 : 0)) / 2);
      const total = row.reduce((a, b) => a + b);
      return row.map((value) => value / total);
    });
    product = rows.map((row) =>
      Array.from({ length: n }, (_, j) => row.reduce((sum, value, k) => sum + value * (product[k]?.[j] ?? NaN), 0)),
    );
  }
  return Float32Array.from(product[query] ?? []);
}

test('rollout is the product of the normalised maps', async () => {
  const arch = architecture();
  const run = await (await load(arch)).forward(picture(arch), 1, KEPT);
  for (const fusion of ['mean', 'max', 'min'] as const)
    for (const [from, to, discardRatio, query] of [
      [0, 2, 0, 0],
      [1, 2, 0.5, 3],
      [2, 2, 0.9, 15],
      [0, 1, 1, 4],
    ] as const) {
      const fast = await run.rollout(0, { query, from, to, fusion, discardRatio });
      assert.ok(maxDifference(fast, await rolloutNaive(run, from, to, fusion, discardRatio, query)) < 1e-6);
      // what the ONNX engine does with maps it is given
      const maps = await Promise.all([0, 1, 2].map((layer) => run.attention(0, layer)));
      const options = { query, from, to, fusion, discardRatio };
      const other = rolloutRow((layer) => maps[layer]!, 2, run.numTokens, options);
      assert.ok(maxDifference(fast, other) < 1e-7);
    }
});

test('prediction by depth ends in the logits', async () => {
  const arch = architecture();
  const model = await load(arch);
  const kept = await model.forward(picture(arch, 2), 2, KEPT);
  const bare = await model.forward(picture(arch, 2), 2, BARE);
  const depths = await kept.predictionByDepth(1);
  assert.equal(depths.length, 3 * 7);
  assert.deepEqual(depths.slice(14), kept.logits.slice(7));
  assert.ok(maxDifference(await bare.predictionByDepth(1), depths) < 1e-6);
});

test('a masked patch is a patch token of zeros', async () => {
  const arch = architecture();
  const model = await load(arch, { gemm: 'packed' });
  const input = picture(arch);
  const masked = await model.forward(input, 1, { ...KEPT, maskedPatches: Uint32Array.of(0, 14) });
  const plain = await model.forward(input, 1, KEPT);
  const positions = model.tensor('pos_embed').values;
  const [before, after] = [await plain.tokens(0, 0), await masked.tokens(0, 0)];
  for (let token = 0; token < 16; token++) {
    const zeroed = token === 1 || token === 15;
    const want = (zeroed ? positions : before).slice(token * 24, token * 24 + 24);
    assert.deepEqual(after.slice(token * 24, token * 24 + 24), want, `token ${token}`);
  }
  assert.ok(maxDifference(masked.logits, plain.logits) > 1e-6);
  const embedded = await masked.step(0, 'tokens');
  assert.deepEqual(embedded.values, after);
});

test('soft-split stages give rows of their attention', async () => {
  const arch = tokensToToken();
  const run = await (await load(arch)).forward(picture(arch, 2), 2, KEPT);
  for (const [stage, tokens] of [
    [0, 60],
    [1, 15],
  ] as const) {
    const rows = await run.stageAttentionRows(1, stage, 7);
    assert.equal(rows.length, tokens);
    const whole = await run.step(1, `tokenizer.stages.${stage}.attn.weights`);
    assert.deepEqual(whole.shape, [1, 1, tokens, tokens]);
    assert.ok(maxDifference(rows, whole.values.slice(7 * tokens, 8 * tokens)) < 1e-6);
  }
});

test('a profile names stages and their time, when asked for', async () => {
  const arch = architecture();
  for (const gemm of ['blas', 'packed'] as const) {
    const model = await load(arch, { gemm });
    assert.equal((await model.forward(picture(arch), 1, BARE)).profile, null);
    const profile = (await model.forward(picture(arch), 1, { ...BARE, profile: true })).profile;
    assert.ok(profile);
    for (const stage of ['patch_embed', 'attn.qkv', 'attn.proj', 'head'])
      assert.ok(
        profile.some((entry) => entry.stage === stage && entry.ms >= 0),
        `${gemm} ${stage}`,
      );
  }
});

test('runs queue: many at once give what they give one by one', async () => {
  const arch = architecture();
  const models = [await load(arch), await load(arch, { gemm: 'packed' })];
  const inputs = [0, 1, 2, 3, 4, 5].map((shift) => picture(arch).map((value) => value + shift));
  const runs = await Promise.all(inputs.flatMap((input) => models.map((model) => model.forward(input, 1, BARE))));
  for (const [i, run] of runs.entries()) {
    const model = models[i % 2];
    const input = inputs[Math.floor(i / 2)];
    assert.ok(model && input);
    assert.deepEqual((await model.forward(input, 1, BARE)).logits, run.logits);
  }
});

test('a set token stops a run, and only that one', async () => {
  const arch = architecture();
  for (const gemm of ['blas', 'packed'] as const) {
    const model = await load(arch, { gemm });
    const cancel = binding.cancelToken();
    assert.equal(cancel.cancelled, false);
    cancel.cancel();
    assert.equal(cancel.cancelled, true);
    await assert.rejects(model.forward(picture(arch), 1, { ...BARE, cancel }), { code: 'ERR_CANCELLED' });
    assert.equal((await model.forward(picture(arch), 1, BARE)).logits.length, 7);
  }
});

test('a run can be cancelled while it computes', async () => {
  const wide: Partial<Block> = { heads: 4, headDim: 64, mlpHidden: 1024 };
  const arch = architecture({
    image: { channels: 3, height: 64, width: 64 },
    position: { kind: 'none' },
    dim: 256,
    depth: 200,
    block: block(256, wide),
  });
  for (const gemm of ['blas', 'packed'] as const) {
    const model = await load(arch, { gemm });
    const cancel = binding.cancelToken();
    const run = model.forward(picture(arch), 1, { ...BARE, cancel });
    setTimeout(() => {
      cancel.cancel();
    }, 5);
    await assert.rejects(run, { code: 'ERR_CANCELLED' });
    model.close();
  }
});
