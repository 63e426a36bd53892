/**
 * The worked examples of "Vision Transformers, Explained" and its siblings on attention, position embeddings and
 * Tokens-to-Token ViT, with their printed shapes and numbers, on the native engine.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Part, PartRequest } from '../../native/binding';
import { loadBinding } from '../../extension/engine/native/binding';
import { pictureBox } from '../../webview/drawing/tokenLayout';
import { readNpy } from '../../extension/files/npy';
import { openModel } from '../../extension/models/open';
import { openPart } from '../../extension/models/parts';

const binding = loadBinding();
const root = path.resolve(__dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'articles-'));
after(() => {
  rmSync(folder, { recursive: true });
});

type Made = Map<string, { shape: number[]; values: Float32Array }>;
type Weights = PartRequest['weights'];

function configFile(config: object): string {
  const file = path.join(folder, `${Math.random().toString(36).slice(2)}.vit.json`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function run(part: Part, weights: Weights, shape: number[], input: Float32Array): Promise<Made> {
  const steps = await binding.runPart({ part, weights, input, shape });
  return new Map(steps.map(({ name, shape, values }) => [name, { shape, values }]));
}

/** The published class with its constructor's parameters, weights from a seed. */
async function runClass(config: object, shape: number[], input = ramp(shape)): Promise<Made> {
  const described = await openPart(configFile(config));
  assert.ok(described);
  return run(described.part, described.weights, shape, input);
}

const count = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);

/** Values of no particular meaning in -1..1, different everywhere. */
const ramp = (shape: number[]): Float32Array =>
  Float32Array.from({ length: count(shape) }, (_, i) => Math.sin(i * 12.9898) * Math.cos(i * 0.37));

const shapeOf = (made: Made, name: string): number[] => made.get(name)?.shape ?? assert.fail(`no step ${name}`);
const valuesOf = (made: Made, name: string): number[] => [
  ...(made.get(name)?.values ?? assert.fail(`no step ${name}`)),
];

/** Our own picture always; the articles' where it lies beside the project. */
const seedPicture = path.resolve(root, '../shared/seed/mountains.npy');
const mountains = ['drawn', ...(existsSync(seedPicture) ? ['published'] : [])] as const;

function mountain(which: string): Float32Array {
  if (which === 'published') {
    const { shape, values } = readNpy(readFileSync(seedPicture));
    assert.deepEqual(shape, [60, 100]);
    return values;
  }
  return Float32Array.from({ length: 6000 }, (_, i) => {
    const [row, column] = [Math.floor(i / 100), i % 100];
    return row > 25 + 10 * Math.sin(column / 9) ? 0.2 + 0.001 * column : 0.9 - row / 100;
  });
}

for (const which of mountains) {
  test(`ViT 1-3: Mountain at Dusk (${which}) in 15 patches of 20 x 20; token 12 is rows 40..60, columns 20..40`, async () => {
    const image = mountain(which);
    const part: Part = { kind: 'soft-split', split: { kernel: 20, stride: 20, padding: 0 } };
    const made = await run(part, { tensors: {} }, [1, 1, 60, 100], image);
    assert.deepEqual(shapeOf(made, 'output'), [1, 15, 400]);
    const token12 = valuesOf(made, 'output').slice(11 * 400, 12 * 400);
    const pixels = Array.from({ length: 400 }, (_, i) => image[(40 + Math.floor(i / 20)) * 100 + 20 + (i % 20)]);
    assert.deepEqual(token12, pixels);
  });
}

test('ViT 2: the patches are numbered row by row, 5 across and 3 down', () => {
  const geometry = {
    imageWidth: 100,
    imageHeight: 60,
    region: { left: 0, top: 0, right: 100, bottom: 60 },
    inputWidth: 100,
    inputHeight: 60,
  };
  const layout = { rows: 3, columns: 5, prefixNames: [], splits: null, inputWidth: 100, inputHeight: 60 };
  assert.deepEqual(pictureBox(layout, geometry, 12 - 1), { left: 20, top: 40, right: 40, bottom: 60 });
  assert.deepEqual(pictureBox(layout, geometry, 3 - 1), { left: 40, top: 0, right: 60, bottom: 20 });
});

test('ViT 4: Patch_Tokenization goes (1, 1, 60, 100) -> (1, 15, 400) -> (1, 15, 768)', async () => {
  const made = await runClass(
    { architecture: 'Patch_Tokenization', img_size: [1, 60, 100], patch_size: 20, token_len: 768 },
    [1, 1, 60, 100],
    mountain('drawn'),
  );
  assert.deepEqual(shapeOf(made, 'patches'), [1, 15, 400]);
  assert.deepEqual(shapeOf(made, 'output'), [1, 15, 768]);
});

test("ViT 4: Patch_Tokenization's own defaults throw with the article's reason", async () => {
  const file = configFile({ architecture: 'Patch_Tokenization' });
  await assert.rejects(openPart(file), /Height of image must be evenly divisible by patch size\./);
});

test('ViT 5: token processing goes (13, 175, 768) -> prediction token -> (13, 176, 768)', async () => {
  const tokens = ramp([13, 175, 768]);
  const made = await runClass(
    { architecture: 'Token_Processing', num_tokens: 175, token_len: 768 },
    [13, 175, 768],
    tokens,
  );
  assert.deepEqual(shapeOf(made, 'output'), [13, 176, 768]);
  const table = binding.sinusoid(176, 768);
  assert.equal(table.length, 176 * 768);
  // behind the prediction token every token is itself plus its position
  const output = made.get('output')?.values ?? assert.fail();
  for (const [image, token, column] of [
    [0, 0, 0],
    [5, 100, 767],
    [12, 174, 3],
  ] as const) {
    const expected = (tokens[(image * 175 + token) * 768 + column] ?? NaN) + (table[(token + 1) * 768 + column] ?? NaN);
    assert.ok(Math.abs((output[(image * 176 + token + 1) * 768 + column] ?? NaN) - expected) < 1e-6);
  }
  // the prediction token is the same in every image
  assert.deepEqual(output.slice(0, 768), output.slice(12 * 176 * 768, 12 * 176 * 768 + 768));
});

test('ViT 6: every step of Encoding with 4 heads and hidden_chan_mul 1.5 is (13, 176, 768)', async () => {
  const made = await runClass(
    { architecture: 'Encoding', dim: 768, num_heads: 4, hidden_chan_mul: 1.5 },
    [13, 176, 768],
  );
  for (const name of ['norm1', 'attn.value_skip', 'attn.residual', 'norm2', 'mlp.fc2', 'mlp.residual', 'output']) {
    assert.deepEqual(shapeOf(made, name), [13, 176, 768], name);
  }
  assert.deepEqual(shapeOf(made, 'mlp.fc1'), [13, 176, 1152]);
});

test('ViT 7: prediction processing goes (1, 176, 768) -> norm -> prediction token (768) -> (1, 1)', async () => {
  const made = await runClass(
    { architecture: 'Prediction_Processing', num_tokens: 175, token_len: 768, preds: 1 },
    [1, 176, 768],
  );
  assert.deepEqual(shapeOf(made, 'norm'), [1, 176, 768]);
  assert.deepEqual(shapeOf(made, 'pool'), [1, 768]);
  assert.deepEqual(shapeOf(made, 'output'), [1, 1]);
});

for (const [title, heads] of [
  ['single-head', 1],
  ['multi-head', 4],
] as const) {
  test(`Attention: ${title}, 100 tokens of 7 * 7 to 64 channels, batch 13`, async () => {
    const made = await runClass({ architecture: 'Attention', dim: 49, chan: 64, num_heads: heads }, [13, 100, 49]);
    for (const name of ['attn.q', 'attn.k', 'attn.v']) {
      assert.deepEqual(shapeOf(made, name), [13, heads, 100, 64 / heads], name);
    }
    assert.deepEqual(shapeOf(made, 'attn.weights'), [13, heads, 100, 100]);
    assert.deepEqual(shapeOf(made, 'attn.context'), [13, 100, 64]);
    assert.deepEqual(shapeOf(made, 'attn.proj'), [13, 100, 64]);
    // the skip adds V: heads side by side again
    const [proj, skip, v] = ['attn.proj', 'attn.value_skip', 'attn.v'].map((name) => valuesOf(made, name));
    const [image, token, channel] = [12, 57, 41];
    const head = Math.floor((channel * heads) / 64);
    const at = (image * 100 + token) * 64 + channel;
    const value = v?.[((image * heads + head) * 100 + token) * (64 / heads) + (channel % (64 / heads))] ?? NaN;
    assert.ok(Math.abs((skip?.[at] ?? NaN) - (proj?.[at] ?? NaN) - value) < 1e-6);
    assert.deepEqual(shapeOf(made, 'output'), [13, 100, 64]);
  });
}

test('Attention: the weights are token length * channels * 3 and channels squared', async () => {
  const part = await openPart(configFile({ architecture: 'Attention', dim: 49, chan: 64 }));
  assert.ok(part && part.part.kind === 'attention');
  const tensors = (qkv: number): Weights => ({
    tensors: {
      'attn.qkv.weight': { dtype: 'F32', shape: [192, qkv / 192], values: new Float32Array(qkv) },
      'attn.proj.weight': { dtype: 'F32', shape: [64, 64], values: new Float32Array(64 * 64) },
      'attn.proj.bias': { dtype: 'F32', shape: [64], values: new Float32Array(64) },
    },
  });
  await run(part.part, tensors(49 * 64 * 3), [1, 2, 49], ramp([1, 2, 49]));
  await assert.rejects(run(part.part, tensors(48 * 64 * 3), [1, 2, 49], ramp([1, 2, 49])), /attn\.qkv\.weight/);
});

// Position article: Q, K, V are three randint(1, 20, (4, 9)) of numpy's seed 21.
const Q = [
  [10, 16, 5, 17, 17, 4, 3, 18, 11],
  [9, 15, 13, 10, 17, 15, 5, 7, 13],
  [10, 6, 7, 6, 19, 7, 19, 13, 3],
  [17, 6, 17, 4, 17, 2, 13, 17, 19],
];
const K = [
  [16, 7, 10, 17, 14, 1, 6, 6, 12],
  [4, 5, 13, 13, 7, 1, 1, 17, 16],
  [3, 8, 2, 9, 19, 8, 12, 1, 15],
  [16, 8, 6, 12, 19, 8, 1, 5, 3],
];
const V = [
  [19, 1, 18, 17, 4, 2, 2, 2, 1],
  [3, 11, 18, 4, 2, 2, 16, 2, 18],
  [2, 12, 12, 14, 6, 5, 18, 10, 12],
  [18, 4, 7, 15, 2, 10, 2, 17, 12],
];
const A = [
  [1111, 1014, 895, 1003],
  [1030, 876, 968, 984],
  [875, 667, 849, 832],
  [1200, 1098, 966, 964],
];
const AV = [
  [43995, 27017, 56011, 50518, 13848, 18755, 36562, 30251, 42139],
  [41846, 26218, 52812, 49326, 13648, 18492, 35468, 30220, 40222],
  [35300, 21728, 43768, 41909, 11592, 15649, 29368, 25718, 33053],
  [45378, 28726, 59704, 52776, 14720, 19066, 39284, 30644, 44124],
];

const identity = (n: number): Float32Array => Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));

/** Q K^T by Attention's own product: tokens hold Q, K and V side by side, the qkv layer hands them on unchanged. */
async function products(q: number[][], k: number[][], v: number[][]): Promise<{ a: number[]; v: number[] }> {
  const described = await openPart(configFile({ architecture: 'Attention', dim: 27, chan: 9, qk_scale: 1 }));
  assert.ok(described);
  const weights: Weights = {
    tensors: {
      'attn.qkv.weight': { dtype: 'F32', shape: [27, 27], values: identity(27) },
      'attn.proj.weight': { dtype: 'F32', shape: [9, 9], values: identity(9) },
      'attn.proj.bias': { dtype: 'F32', shape: [9], values: new Float32Array(9) },
    },
  };
  const tokens = Float32Array.from(q.flatMap((row, i) => [...row, ...(k[i] ?? []), ...(v[i] ?? [])]));
  const made = await run(described.part, weights, [1, 4, 27], tokens);
  return { a: valuesOf(made, 'attn.scores'), v: valuesOf(made, 'attn.v') };
}

/** A V by a NeuralNet whose first layer holds V: y = x W^T. */
async function timesV(a: number[], v: number[][]): Promise<number[]> {
  const described = await openPart(
    configFile({ architecture: 'NeuralNet', in_chan: 4, hidden_chan: 9, act_layer: 'Identity' }),
  );
  assert.ok(described);
  const transposed = Float32Array.from({ length: 36 }, (_, i) => v[i % 4]?.[Math.floor(i / 4)] ?? NaN);
  const zeros = (shape: number[]) => ({ dtype: 'F32' as const, shape, values: new Float32Array(count(shape)) });
  const weights: Weights = {
    tensors: {
      'mlp.fc1.weight': { dtype: 'F32', shape: [9, 4], values: transposed },
      'mlp.fc1.bias': zeros([9]),
      'mlp.fc2.weight': zeros([4, 9]),
      'mlp.fc2.bias': zeros([4]),
    },
  };
  return valuesOf(await run(described.part, weights, [1, 4, 4], Float32Array.from(a)), 'mlp.fc1');
}

test('Positions: Q K^T and A V of the seeded integers are the published matrices', async () => {
  const { a, v } = await products(Q, K, V);
  assert.deepEqual(a, A.flat());
  assert.deepEqual(v, V.flat());
  assert.deepEqual(await timesV(a, V), AV.flat());
});

const swapped = <T>(rows: T[]): T[] => [rows[2], rows[1], rows[0], rows[3]] as T[];

test('Positions: swapping tokens 0 and 2 swaps rows and columns of A, and rows alone of A V', async () => {
  const { a } = await products(swapped(Q), swapped(K), swapped(V));
  assert.deepEqual(a, swapped(A).map(swapped).flat());
  assert.deepEqual(await timesV(a, swapped(V)), swapped(AV).flat());
});

test('Positions: scrambling the patches scrambles what attention makes of them, and nothing else', async () => {
  // numpy: seed 21, permutation(15), counted from 1
  const order = [15, 6, 8, 11, 7, 2, 3, 13, 4, 14, 12, 1, 5, 9, 10].map((n) => n - 1);
  const part: Part = { kind: 'soft-split', split: { kernel: 20, stride: 20, padding: 0 } };
  const patches = (await run(part, { tensors: {} }, [1, 1, 60, 100], mountain('drawn'))).get('output');
  assert.ok(patches);
  const scrambled = Float32Array.from(order.flatMap((i) => [...patches.values.subarray(i * 400, (i + 1) * 400)]));
  const config = { architecture: 'Attention', dim: 400, chan: 64, num_heads: 4, seed: 3 };
  const plain = valuesOf(await runClass(config, [1, 15, 400], patches.values), 'output');
  const other = valuesOf(await runClass(config, [1, 15, 400], scrambled), 'output');
  order.forEach((from, to) => {
    for (let c = 0; c < 64; c++) {
      assert.ok(Math.abs((other[to * 64 + c] ?? NaN) - (plain[from * 64 + c] ?? NaN)) < 1e-5, `token ${to}`);
    }
  });
});

test('Positions: the table is sin in even and cos in odd columns of i / 10000^(2 (j/2) / length)', () => {
  const table = binding.sinusoid(176, 768);
  const at = (i: number, j: number): number => table[i * 768 + j] ?? NaN;
  assert.deepEqual([at(0, 0), at(0, 1), at(0, 766), at(0, 767)], [0, 1, 0, 1]);
  assert.equal(at(1, 0), Math.fround(0.8414709848078965));
  assert.equal(at(1, 1), Math.fround(0.5403023058681398));
  for (const [i, j] of [
    [175, 300],
    [100, 301],
    [15, 767],
  ] as const) {
    const angle = i / 10000 ** ((2 * Math.floor(j / 2)) / 768);
    assert.equal(at(i, j), Math.fround(j % 2 === 0 ? Math.sin(angle) : Math.cos(angle)));
  }
  const small = binding.sinusoid(15, 400);
  assert.equal(small.length, 15 * 400);
});

test('T2T: a soft split with k 20, s 10, p 5 makes 60 tokens of 400, 6 down and 10 across', async () => {
  const image = mountain('drawn');
  const part: Part = { kind: 'soft-split', split: { kernel: 20, stride: 10, padding: 5 } };
  const made = await run(part, { tensors: {} }, [1, 1, 60, 100], image);
  assert.deepEqual(shapeOf(made, 'output'), [1, 60, 400]);
  const padded = (row: number, column: number): number =>
    row < 5 || row >= 65 || column < 5 || column >= 105 ? 0 : (image[(row - 5) * 100 + column - 5] ?? NaN);
  const window = (top: number, left: number): number[] =>
    Array.from({ length: 400 }, (_, i) => padded(top + Math.floor(i / 20), left + (i % 20)));
  const tokens = valuesOf(made, 'output');
  assert.deepEqual(tokens.slice(0, 400), window(0, 0));
  assert.deepEqual(tokens.slice(59 * 400), window(50, 90));
});

test('T2T: TokenTransformer goes (13, 100, 49) -> attention -> (13, 100, 64), and leaves its input out', async () => {
  const made = await runClass({ architecture: 'TokenTransformer', dim: 49, chan: 64, num_heads: 4 }, [13, 100, 49]);
  assert.deepEqual(shapeOf(made, 'norm1'), [13, 100, 49]);
  for (const name of ['attn.value_skip', 'norm2', 'mlp.fc1', 'mlp.fc2', 'output']) {
    assert.deepEqual(shapeOf(made, name), [13, 100, 64], name);
  }
  assert.equal(made.has('attn.scores'), true);
  // x = x + nn(norm2 x) with x = attention: no residual around the attention
  const [skip, fc2, output] = ['attn.value_skip', 'mlp.fc2', 'output'].map((name) => valuesOf(made, name));
  assert.ok(Math.abs((skip?.[77] ?? NaN) + (fc2?.[77] ?? NaN) - (output?.[77] ?? NaN)) < 1e-6);
});

test('T2T: Tokens2Token on (2, 1, 400, 100) goes 2500 x 49, 650 x 576, 175 x 576, (2, 175, 768)', async () => {
  const made = await runClass(
    { architecture: 'Tokens2Token', img_size: [1, 400, 100], token_chan: 64, token_len: 768 },
    [2, 1, 400, 100],
  );
  assert.deepEqual(shapeOf(made, 'output'), [2, 175, 768]);
  const shapes = [...made].map(([name, { shape }]) => `${name} ${shape.join('x')}`);
  for (const expected of ['2x2500x49', '2x2500x64', '2x650x576', '2x650x64', '2x175x576']) {
    assert.ok(
      shapes.some((shape) => shape.endsWith(` ${expected}`)),
      `${expected} is not among ${shapes.join(', ')}`,
    );
  }
});

test('T2T: the defaults of T2T_ViT leave 31 x 106 = 3286, then 16 x 53 = 848, then 8 x 27 = 216 tokens', async () => {
  const { architecture } = await openModel(configFile({ architecture: 'T2T_ViT' }), { root });
  assert.ok(architecture?.tokenizer.kind === 'soft-split');
  const { softSplitGrids } = await import('../../extension/image/geometry');
  assert.deepEqual(architecture.image, { channels: 1, height: 1700, width: 500 });
  const grids = softSplitGrids(architecture.tokenizer.splits, architecture.image);
  assert.deepEqual(
    grids.map(([rows, columns]) => rows * columns),
    [3286, 848, 216],
  );
});

test('T2T: strides and paddings are int((k + 1) / 2) and int((k + 1) / 4), as the code has them and not the text', async () => {
  const file = configFile({ architecture: 'T2T_ViT', img_size: [1, 400, 100], softsplit_kernels: [9, 5, 3] });
  const { architecture } = await openModel(file, { root });
  assert.ok(architecture?.tokenizer.kind === 'soft-split');
  assert.deepEqual(architecture.tokenizer.splits, [
    { kernel: 9, stride: 5, padding: 2 },
    { kernel: 5, stride: 3, padding: 1 },
    { kernel: 3, stride: 2, padding: 1 },
  ]);
});
