/** What is refused, how, and what still works where memory is the question. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Architecture, ForwardOptions, LoadRequest } from '../../native/binding';
import limits from '../../native/limits.json';
import { architecture, binding, block, load, picture, tokensToToken } from './support';

type Position = Architecture['position'];

const BARE = { attention: false, tokens: false };

async function refused(changes: Partial<Architecture>, message: RegExp): Promise<void> {
  await assert.rejects(async () => load(architecture(changes)), { code: 'ERR_ARCHITECTURE', message });
}

test('a description that contradicts itself is refused with the reason', async () => {
  await refused({ image: { channels: 3, height: 3, width: 20 } }, /height 3 is smaller than the patch height 4/);
  await refused({ image: { channels: 0, height: 12, width: 20 } }, /image is empty/);
  await refused({ dim: 25 }, /token length differs/);
  await refused({ depth: -1 }, /depth is negative/);
  await refused({ depth: 2.5 }, /architecture\.depth must be a whole number/);
  await refused({ depth: 1e9 }, /larger than/);
  await refused({ block: block(24, { heads: 0 }) }, /fewer than one head/);
  await refused({ block: block(24, { valueSkip: true, headDim: 7 }) }, /adds V \(length 14\)/);
  await refused({ block: block(24, { mlp: 'glu', mlpHidden: 41 }) }, /hidden width 41 is odd/);
  await refused(
    { block: block(24, { activation: 'nope' as 'gelu' }) },
    /architecture\.block\.activation must be one of gelu/,
  );
  await refused({ block: block(24, { scale: NaN }) }, /scale must be finite/);
  const norm = { kind: 'layer', eps: 1e-6 } as const;
  for (const changes of [{ attnNorm: norm }, { mlpNorm: norm }])
    await refused({ block: block(24, { order: 'parallel-scaling', ...changes }) }, /which no model has/);
  await refused({ prefix: { class: false, distillation: false, registers: 0 } }, /reads the class token/);
  await refused({ pool: 'map' }, /mapPool/);
  await refused({ pool: 'distilled' }, /distillation token/);
  await refused({ pool: 'none' }, /cannot have a head/);
  const rotary = {
    frequencies: 'axial',
    theta: 100,
    first: 'row',
    coordinates: 'index',
    offset: 0,
    reference: null,
    pairs: 'halves',
    prefix: false,
  } as const;
  await refused({ rotary, block: block(24, { heads: 4, headDim: 6 }) }, /cannot turn heads of width 6/);
  for (const theta of [0, -1, NaN, Infinity]) await refused({ rotary: { ...rotary, theta } }, /theta/);
  await refused({ rotary: { ...rotary, reference: [0, 4] } }, /reference grid is out of range/);
  await refused(
    { rotary: { ...rotary, prefix: true }, prefix: { class: false, distillation: false, registers: 0 }, pool: 'avg' },
    /there are none/,
  );
  const grid: [number, number] = [3, 5];
  const bias = { tables: 'block', network: null, grid, classEntries: false, resample: 'bilinear' } as const;
  await refused({ relativeBias: { ...bias, grid: [0, 5] } }, /bias' grid is empty/);
  await refused({ relativeBias: { ...bias, grid: [1e5, 1e5] } }, /relative distances/);
  await refused({ relativeBias: { ...bias, network: { hidden: 0, distances: 'cr' } } }, /empty hidden layer/);
  await refused(
    { relativeBias: { ...bias, classEntries: true }, prefix: { class: true, distillation: false, registers: 2 } },
    /only prefix token/,
  );
  await refused({ projection: { length: 0, bias: true, activation: null } }, /projection is empty/);
  await refused({ projection: { length: 1e9, bias: true, activation: null } }, /length of the projection/);
  const t2t = tokensToToken();
  assert.equal(t2t.tokenizer.kind, 'soft-split');
  if (t2t.tokenizer.kind !== 'soft-split') return;
  const { splits, stages } = t2t.tokenizer;
  await refused(
    { ...t2t, tokenizer: { ...t2t.tokenizer, stages: stages.slice(1) } },
    /3 splits and 1 token transformers/,
  );
  await refused(
    { ...t2t, tokenizer: { ...t2t.tokenizer, stages: stages.slice().reverse() } },
    /reads tokens of length 72/,
  );
  const large = splits.map((split, i) => (i === 2 ? { ...split, kernel: 50 } : split));
  await refused({ ...t2t, tokenizer: { ...t2t.tokenizer, splits: large } }, /larger than what it splits/);
});

test('every number of a description is bounded by the table, and no product of them wraps around', async () => {
  const patches = (image: Architecture['image'], patch: [number, number]): Partial<Architecture> => ({
    image,
    tokenizer: { kind: 'patch', patch, bias: true, norm: null },
  });
  const side = limits.side;
  // 2^32 x 2^32 patches count 0 in 64 bits, and a patch of 2^32 x 2^32 has no values.
  await refused(patches({ channels: 1, height: 2 ** 32, width: 2 ** 32 }, [1, 1]), /image height 4294967296/);
  await refused(patches({ channels: 1, height: 64, width: 64 }, [2 ** 32, 2 ** 32]), /smaller than the patch/);
  await refused(patches({ channels: 2 ** 31, height: 4, width: 8 }, [4, 4]), /number of channels 2147483648/);
  await refused(patches({ channels: 2 ** 24, height: 1e6, width: 1e6 }, [1e6, 1e6]), /number of channels/);
  await refused(patches({ channels: 1024, height: side, width: side }, [1, 1]), /number of values in an image/);
  await refused(patches({ channels: 1, height: 32768, width: 32768 }, [32768, 32768]), /values in a patch/);
  await refused(patches({ channels: 1, height: 8192, width: 8192 }, [1, 1]), /number of tokens 671088\d\d/);
  await refused({ classes: limits.classes + 1 }, /number of classes/);
  await refused({ prefix: { class: true, distillation: false, registers: 1e6 } }, /number of registers/);
  await refused({ position: { ...architecture().position, grid: [2 ** 32, 2 ** 32] } as Position }, /positions/);
  await refused({ block: block(24, { heads: 1025 }) }, /number of heads 1025 is larger than 1024/);
  await refused({ depth: 0, block: block(24, { heads: 2 ** 40 }) }, /number of heads/);
  await refused({ block: block(24, { headDim: 2 ** 40 }) }, /width of a head/);
  await refused({ block: block(24, { mlpHidden: 2 ** 40 }) }, /hidden layer's width/);
  await refused({ block: block(24, { order: 'parallel', branches: 1e9 }) }, /number of branches/);
  await refused({ finalNorm: { kind: 'layer', eps: Infinity } }, /eps/);
  const t2t = tokensToToken();
  assert.equal(t2t.tokenizer.kind, 'soft-split');
  if (t2t.tokenizer.kind !== 'soft-split') return;
  const { splits, stages } = t2t.tokenizer;
  for (const wrong of [{ kernel: 2 ** 32 }, { stride: 2 ** 52 }, { padding: 2 ** 52 }]) {
    const changed = splits.map((split) => ({ ...split, ...wrong }));
    await refused({ ...t2t, tokenizer: { ...t2t.tokenizer, splits: changed } }, /size \d+ is larger than 65536/);
  }
  const many = { splits: Array(20).fill(splits[0]!), stages: Array(19).fill(stages[0]!) };
  await refused({ ...t2t, tokenizer: { ...t2t.tokenizer, ...many } }, /at most 16/);
});

test('weights that would not fit are refused with the numbers before anything is allocated', async () => {
  const wide = architecture({ dim: 16384, depth: 1000, block: block(16384, { heads: 16, headDim: 1024 }) });
  const before = process.resourceUsage().maxRSS;
  await assert.rejects(load(wide, { memoryLimit: 12e9 }), {
    code: 'ERR_MEMORY',
    message: /^This model needs 8\d\d\d\.\d GB of memory for its weights; the limit is 12\.0 GB\.$/,
  });
  await assert.rejects(load(wide), { code: 'ERR_MEMORY' });
  assert.ok(process.resourceUsage().maxRSS - before < 50_000);
  const small = architecture();
  await assert.rejects(load(small, { memoryLimit: 10_000 }), { code: 'ERR_MEMORY', message: /the limit is 0 MB/ });
  await assert.rejects(async () => load(small, { memoryLimit: -1 }), { code: 'ERR_ARGUMENT', message: /memoryLimit/ });
  const attention = { kind: 'attention', block: block(24) } as const;
  await assert.rejects(
    binding.runPart({
      part: attention,
      weights: { seed: 1 },
      input: new Float32Array(24 * 2000),
      shape: [1, 2000, 24],
      memoryLimit: 50e6,
    }),
    {
      code: 'ERR_MEMORY',
      message: /^This part needs \d+\.\d GB of memory to keep all its steps; the limit is 50 MB\./,
    },
  );
});

test('a target of a resize that no memory holds is refused', async () => {
  const request = {
    pixels: new Uint8Array(12),
    width: 2,
    height: 2,
    channels: 3,
    box: [0, 0, 2, 2] as [number, number, number, number],
    interpolation: 'nearest',
  } as const;
  await assert.rejects(binding.resize({ ...request, targetWidth: 65536, targetHeight: 65536 }), {
    code: 'ERR_MEMORY',
    message: /12288 MiB/,
  });
  await assert.rejects(binding.resize({ ...request, targetWidth: 1, targetHeight: 2 ** 40 }), { code: 'ERR_ARGUMENT' });
});

test('a wrong argument is refused with its name', async () => {
  const arch = architecture();
  const model = await load(arch);
  const input = picture(arch);
  const options = (changes: object): ForwardOptions => ({ ...BARE, ...changes });
  const wrong: [() => unknown, RegExp][] = [
    [() => model.forward(input.slice(1), 1, BARE), /719 values where \(1, 3, 12, 20\) needs 720/],
    [() => model.forward(input, 0, BARE), /at least one image/],
    [() => model.forward(input, 0.5, BARE), /batch must be a whole number/],
    [() => model.forward([] as unknown as Float32Array, 1, BARE), /input must be a Float32Array/],
    [() => model.forward(input, 1, options({ attention: 1 })), /options\.attention must be true or false/],
    [() => model.forward(input, 1, options({ cancel: {} })), /token made by cancelToken/],
    [() => model.forward(input, 1, options({ maskedPatches: Uint32Array.of(15) })), /no patch 15/],
    [() => model.forward(input, 1, options({ maskedPatches: [1] })), /Uint32Array/],
    [() => load(arch, { threads: -1 }), /threads/],
    [() => load(arch, { gemm: 'magic' as LoadRequest['gemm'] }), /request\.gemm must be one of packed, blas, naive/],
    [() => binding.load(null as unknown as LoadRequest), /request must be an object/],
    [() => binding.sinusoid(0, 4), /tokens must be between/],
    [
      () => binding.summarise({ bytes: [1] as unknown as Uint8Array, dtype: 'F32' }),
      /values\.bytes must be a Uint8Array/,
    ],
    [
      () => binding.summarise({ bytes: new Uint8Array(4), dtype: 'F8' as 'F16' }),
      /values\.dtype must be one of F32, F16, BF16/,
    ],
    [() => binding.resamplePositions(new Float32Array(7), [2, 2], [3, 3], 'bicubic'), /no multiple of the 4 positions/],
  ];
  for (const [call, message] of wrong) await assert.rejects(async () => call(), { code: 'ERR_ARGUMENT', message });
  assert.throws(() => model.tensor('blocks.9.norm1.weight'), { code: 'ERR_TENSOR', message: /no tensor blocks\.9/ });

  const run = await model.forward(input, 1, { attention: true, tokens: true });
  const bare = await model.forward(input, 1, BARE);
  const rollout = { query: 0, from: 0, to: 2, fusion: 'mean', discardRatio: 0 } as const;
  const slices: [() => Promise<unknown>, RegExp][] = [
    [() => run.attention(1, 0), /no image 1; there are 1/],
    [() => run.attention(0, 3), /no layer 3; there are 3/],
    [() => run.attentionRows(0, 0, 16), /no token 16; there are 16/],
    [() => run.tokens(0, 4), /no layer 4; there are 4/],
    [() => run.stageAttentionRows(0, 0, 0), /no soft-split stage 0/],
    [() => run.rollout(0, { ...rollout, to: 3 }), /from layer 0 to 3/],
    [() => run.rollout(0, { ...rollout, query: -1 }), /no token -1/],
    [() => run.rollout(0, { ...rollout, discardRatio: 2 }), /between 0 and 1/],
    [() => bare.attention(0, 0), /maps of this run were not kept/],
    [() => bare.tokens(0, 0), /tokens of this run were not kept/],
  ];
  for (const [call, message] of slices) await assert.rejects(call, { code: 'ERR_ARGUMENT', message });
  run.release();
  assert.throws(() => run.logits, { code: 'ERR_ARGUMENT', message: /released/ });
  model.close();
  assert.throws(() => model.forward(input, 1, BARE), { code: 'ERR_ARGUMENT', message: /closed/ });
  assert.equal(bare.logits.length, 7, 'a run outlives its closed model');
  assert.equal((await bare.step(0, 'head')).values.length, 7);
});

test('maps that would not fit are refused with their size; without them the same picture runs', async () => {
  // 64 x 64 patches: 4097 tokens, and 12 layers of 8 heads of maps would take 6 GiB.
  const arch = architecture({
    image: { channels: 1, height: 128, width: 128 },
    tokenizer: { kind: 'patch', patch: [2, 2], bias: true, norm: null },
    position: { kind: 'none' },
    dim: 16,
    depth: 12,
    block: block(16, { heads: 8, headDim: 2, mlpHidden: 16 }),
  });
  const model = await load(arch, { gemm: 'packed', memoryLimit: 4e9 });
  await assert.rejects(model.forward(picture(arch), 1, { attention: true, tokens: false }), {
    code: 'ERR_MEMORY',
    message: /^This run needs 6\.\d GB of memory, most of it to keep every attention map; the limit is 4\.0 GB\./,
  });
  const run = await model.forward(picture(arch), 1, BARE);
  assert.ok(run.logits.every(Number.isFinite));
  assert.ok(model.memory.scratch < 64e6, `scratch ${model.memory.scratch}`);
});

test('the articles default Tokens2Token, 53,125 tokens, runs in bounded memory', { timeout: 600_000 }, async () => {
  const stage = (dimIn: number) =>
    block(64, { dimIn, heads: 1, headDim: 64, scale: 0.125, valueSkip: true, attnResidual: false, mlpHidden: 64 });
  const arch = architecture({
    image: { channels: 1, height: 1700, width: 500 },
    tokenizer: {
      kind: 'soft-split',
      splits: [
        { kernel: 7, stride: 4, padding: 2 },
        { kernel: 3, stride: 2, padding: 1 },
        { kernel: 3, stride: 2, padding: 1 },
      ],
      stages: [stage(49), stage(576)],
      bias: true,
    },
    dim: 768,
    depth: 0,
    position: { kind: 'none' },
    prefix: { class: false, distillation: false, registers: 0 },
    block: block(768, { heads: 1, headDim: 768 }),
    pool: 'avg',
    classes: 0,
  });
  const model = await load(arch);
  const before = process.resourceUsage().maxRSS;
  const run = await model.forward(picture(arch), 1, { attention: true, tokens: false });
  const grown = (process.resourceUsage().maxRSS - before) / 1024;
  assert.equal(run.numTokens, 107 * 32);
  assert.ok(grown < 600, `${grown} MiB more; one map alone is 10,766`);
  const rows = await run.stageAttentionRows(0, 0, 1000);
  assert.equal(rows.length, 53125);
  assert.ok(Math.abs(rows.reduce((a, b) => a + b) - 1) < 1e-4);
  await assert.rejects(run.step(0, 'tokenizer.stages.0.attn.weights'), {
    code: 'ERR_MEMORY',
    message: /\(1, 1, 53125, 53125\)/,
  });
});
