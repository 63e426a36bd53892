/** Weights: from a seed, from files of every dtype, in parts, and everything that can be wrong with them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { DType, LoadRequest, Model, TensorSource } from '../../native/binding';
import { architecture, binding, block, load, maxDifference, picture } from './support';

const folder = mkdtempSync(join(tmpdir(), 'vit-weights-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const BARE = { attention: false, tokens: false };
const NAMES = ['patch_embed.proj', 'norm', 'head', 'cls_token', 'pos_embed'].concat(
  [0, 1, 2].flatMap((i) =>
    ['norm1', 'attn.qkv', 'attn.proj', 'norm2', 'mlp.fc1', 'mlp.fc2'].map((n) => `blocks.${i}.${n}`),
  ),
);

/** Every tensor of a model of the standard test architecture. */
function tensorsOf(model: Model): Record<string, { shape: number[]; values: Float32Array }> {
  const names = NAMES.flatMap((name) =>
    name.endsWith('cls_token') || name === 'pos_embed' ? [name] : [`${name}.weight`, `${name}.bias`],
  );
  return Object.fromEntries(names.map((name) => [name, model.tensor(name)]));
}

/** The upper 16 bits of a float32, rounded to nearest even; and binary16 for normal numbers. */
function to16(value: number, dtype: DType): number {
  const bits = new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0;
  if (dtype === 'BF16') return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return sign;
  const rounded = (exponent << 10) + ((bits & 0x7fffff) >>> 13) + ((bits >>> 12) & 1);
  return sign | rounded;
}

/** Writes tensors one after the other, `skew` bytes into the file, and says where each is. */
function write(file: string, model: Model, dtype: DType, skew = 0): Record<string, TensorSource> {
  const sources: Record<string, TensorSource> = {};
  const chunks = [Buffer.alloc(skew, 0xff)];
  let at = skew;
  for (const [name, { shape, values }] of Object.entries(tensorsOf(model))) {
    const bytes =
      dtype === 'F32'
        ? Buffer.from(values.slice().buffer)
        : Buffer.from(Uint16Array.from(values, (value) => to16(value, dtype)).buffer);
    sources[name] = { dtype, shape, parts: [{ file, begin: at, end: at + bytes.length }] };
    chunks.push(bytes);
    at += bytes.length;
  }
  writeFileSync(file, Buffer.concat(chunks));
  return sources;
}

const arch = architecture();
const request = (tensors: Record<string, TensorSource>): LoadRequest => ({
  architecture: arch,
  weights: { tensors },
  gemm: 'blas',
  precision: 'fp32',
  threads: 1,
});
const copy = (tensors: Record<string, TensorSource>): Record<string, TensorSource> => structuredClone(tensors);

test('a seed is a model: the same numbers everywhere, by the rule of _init_weights', async () => {
  const model = await load(arch, { weights: { seed: 42 } });
  const qkv = model.tensor('blocks.1.attn.qkv.weight');
  assert.deepEqual(qkv.shape, [72, 24]);
  // These bits are the format: whoever names a seed gets this model, on every platform and version.
  assert.deepEqual(Array.from(new Uint32Array(qkv.values.slice(0, 4).buffer)), SEED_42);
  const mean = qkv.values.reduce((a, b) => a + b) / qkv.values.length;
  const deviation = Math.sqrt(qkv.values.reduce((a, b) => a + (b - mean) ** 2, 0) / qkv.values.length);
  assert.ok(Math.abs(mean) < 0.002 && Math.abs(deviation - 0.02) < 0.001);
  assert.ok(model.tensor('blocks.1.attn.qkv.bias').values.every((value) => value === 0));
  assert.ok(model.tensor('norm.weight').values.every((value) => value === 1));
  assert.ok(model.tensor('norm.bias').values.every((value) => value === 0));
  assert.ok(model.tensor('cls_token').values.some((value) => value !== 0));
  const other = await load(arch, { weights: { seed: 43 } });
  assert.notDeepEqual(other.tensor('blocks.1.attn.qkv.weight').values, qkv.values);
  const packed = await load(arch, { weights: { seed: 42 }, gemm: 'packed' });
  assert.deepEqual(packed.tensor('blocks.1.attn.qkv.weight'), qkv);
});
const SEED_42 = [1002320963, 1018186143, 3170622978, 1007731968];

test('files give back what was written, in every dtype, at odd offsets, kept as stored or not', async () => {
  const seeded = await load(arch);
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    const tensors = write(join(folder, dtype), seeded, dtype, 3);
    const limit = dtype === 'F32' ? 0 : dtype === 'F16' ? 1e-4 : 1e-3;
    const model = await binding.load(request(tensors));
    for (const [name, { values }] of Object.entries(tensorsOf(seeded)))
      assert.ok(maxDifference(model.tensor(name).values, values) <= limit, `${dtype} ${name}`);
    const want = (await model.forward(picture(arch), 1, BARE)).logits;
    for (const gemm of ['naive', 'blas', 'packed'] as const) {
      const stored = await binding.load({ ...request(tensors), gemm, precision: 'stored' });
      assert.ok(maxDifference((await stored.forward(picture(arch), 1, BARE)).logits, want) < 1e-5, `${dtype} ${gemm}`);
      if (dtype === 'F32') continue;
      // Packed panels are filled up to whole pages, which is much of a model as small as this one.
      const share = gemm === 'packed' ? 1 : 0.65;
      const wide = await binding.load({ ...request(tensors), gemm });
      assert.ok(stored.memory.weights < share * wide.memory.weights, `${dtype} ${gemm} stays small`);
    }
  }
});

test('a tensor may lie in parts, and in memory', async () => {
  const seeded = await load(arch);
  const file = join(folder, 'parts');
  const tensors = write(file, seeded, 'F32');
  const qkv = tensors['blocks.0.attn.qkv.weight'];
  assert.ok(qkv && 'parts' in qkv && qkv.parts[0] && 'file' in qkv.parts[0]);
  const { begin, end } = qkv.parts[0];
  const third = (end - begin) / 3;
  qkv.parts = [0, 1, 2].map((i) => ({ file, begin: begin + i * third, end: begin + (i + 1) * third }));
  tensors['head.weight'] = { dtype: 'F32', ...seeded.tensor('head.weight') };
  const model = await binding.load(request(tensors));
  assert.deepEqual(model.tensor('blocks.0.attn.qkv.weight'), seeded.tensor('blocks.0.attn.qkv.weight'));
  assert.deepEqual(
    (await model.forward(picture(arch), 1, BARE)).logits,
    (await seeded.forward(picture(arch), 1, BARE)).logits,
  );
});

test('a part may be zeros, and a tensor may lie in the file with its axes in another order', async () => {
  const seeded = await load(arch);
  const file = join(folder, 'zeros');
  for (const dtype of ['F32', 'F16'] as const) {
    const tensors = write(file, seeded, dtype);
    const qkv = tensors['blocks.0.attn.qkv.bias'];
    assert.ok(qkv && 'parts' in qkv && qkv.parts[0] && 'file' in qkv.parts[0]);
    const { begin, end } = qkv.parts[0];
    const third = (end - begin) / 3;
    qkv.parts = [{ file, begin, end: begin + third }, { zeros: third }, { file, begin: end - third, end }];
    const { shape, values } = seeded.tensor('head.weight');
    const [rows = 0, columns = 0] = shape;
    const across = Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)] ?? NaN);
    const flat = join(folder, 'transposed');
    writeFileSync(flat, new Uint8Array(across.buffer));
    tensors['head.weight'] = {
      dtype: 'F32',
      shape: [columns, rows],
      parts: [{ file: flat, begin: 0, end: across.byteLength }],
      axes: [1, 0],
    };
    const model = await binding.load(request(tensors));
    assert.deepEqual(model.tensor('head.weight').values, values);
    const bias = model.tensor('blocks.0.attn.qkv.bias').values;
    assert.ok(bias.subarray(bias.length / 3, (2 * bias.length) / 3).every((value) => value === 0));
    const fused = await seeded.forward(picture(arch), 1, BARE);
    assert.ok(maxDifference((await model.forward(picture(arch), 1, BARE)).logits, fused.logits) < (dtype === 'F32' ? 1e-6 : 1e-2));
    for (const axes of [[0, 0], [1], [0, 2], [0, 1.5]]) {
      const wrong = { ...tensors, 'head.weight': { ...tensors['head.weight'], axes } };
      await assert.rejects(async () => binding.load(request(wrong)), { code: 'ERR_TENSOR', message: /head\.weight.*axes/ });
    }
    await assert.rejects(async () => binding.load(request({ ...tensors, 'blocks.0.attn.qkv.bias': { ...qkv, parts: [{ zeros: -4 }] } })), { code: 'ERR_TENSOR' });
  }
}); // prettier-ignore

test('what is wrong with a tensor is said, with its name', async () => {
  const file = join(folder, 'wrong');
  const good = write(file, await load(arch), 'F32');
  const refuse = async (
    change: (tensors: Record<string, TensorSource>) => void,
    message: RegExp,
    code = 'ERR_TENSOR',
  ) => {
    const tensors = copy(good);
    change(tensors);
    await assert.rejects(binding.load(request(tensors)), { code, message });
  };
  const part = (tensors: Record<string, TensorSource>, name: string) => {
    const source = tensors[name];
    assert.ok(source && 'parts' in source && source.parts[0] && 'file' in source.parts[0]);
    return { source, first: source.parts[0] };
  };
  await refuse((t) => delete t['blocks.2.mlp.fc1.weight'], /blocks\.2\.mlp\.fc1\.weight \(48, 24\) is missing/);
  await refuse(
    (t) => (part(t, 'head.weight').source.shape = [24, 7]),
    /head\.weight has shape \(24, 7\) where \(7, 24\)/,
  );
  await refuse(
    (t) => (part(t, 'norm.bias').first.end -= 4),
    /norm\.bias has 92 bytes where its shape \(24,\) needs 96/,
  );
  await refuse((t) => (part(t, 'norm.bias').source.dtype = 'F16'), /norm\.bias has 96 bytes/);
  await refuse((t) => (part(t, 'norm.bias').first.begin = -4), /norm\.bias/);
  await refuse(
    (t) => {
      const { first } = part(t, 'norm.bias');
      [first.begin, first.end] = [first.begin + 1e9, first.end + 1e9];
    },
    /wrong is shorter than its header says/,
    'ERR_FILE',
  );
  await refuse(
    (t) => (part(t, 'norm.bias').first.file = join(folder, 'nowhere')),
    /nowhere cannot be opened/,
    'ERR_FILE',
  );
  await refuse((t) => (part(t, 'norm.bias').first.file = folder), /is a directory, not a file/, 'ERR_FILE');
  if (process.platform !== 'win32') {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await refuse(
      (t) => (part(t, 'norm.bias').first.file = pipe),
      /pipe is a named pipe, not a regular file/,
      'ERR_FILE',
    );
    await refuse((t) => (part(t, 'norm.bias').first.file = '/dev/zero'), /is a device, not a regular/, 'ERR_FILE');
  }
  truncateSync(file, 5000);
  await refuse(() => undefined, /wrong is shorter than its header says/, 'ERR_FILE');
});

test('a file cut short after loading changes nothing: the weights were copied', async () => {
  const file = join(folder, 'cut');
  const model = await binding.load(request(write(file, await load(arch), 'F32')));
  const before = (await model.forward(picture(arch), 1, BARE)).logits;
  truncateSync(file, 0);
  assert.deepEqual((await model.forward(picture(arch), 1, BARE)).logits, before);
});

test('every tensor an architecture needs is drawn, whatever its switches', async () => {
  for (const order of ['parallel', 'parallel-scaling', 'post', 'res-post'] as const) {
    const odd = architecture({ block: block(24, { order, branches: order === 'parallel' ? 3 : 1, layerScale: true }) });
    const run = await (await load(odd)).forward(picture(odd), 1, BARE);
    assert.ok(run.logits.every(Number.isFinite));
  }
});
