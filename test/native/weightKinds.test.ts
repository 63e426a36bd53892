/** What the doctor says about values: per kind, and of a tensor that is unlike its kind. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { toHalf } from '../../extension/files/half';
import { joined } from '../../extension/files/values';
import { WeightKinds } from '../../extension/models/weightKinds';
import { binding } from './support';
import { readWeights } from '../../extension/models/weightValues';
import { pack, unpack, write } from '../unit/models/files';
import { changed, folder, golden, open, ROOT } from '../unit/models/opening';

const summarise = (values: Parameters<typeof binding.summarise>[0]) => binding.summarise(values);
const bytesOf = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const summaryOf = (values: number[]) => summarise({ bytes: bytesOf(values), dtype: 'F32' });

test('values are counted, over pieces and in every format', () => {
  const summary = joined(summaryOf([0, -3, 4]), summaryOf([NaN, 0, Infinity]));
  assert.deepEqual(summary, { count: 6, notFinite: 2, firstNotFinite: 3, zeros: 2, least: -3, most: 4, squares: 25 });
  assert.equal(joined(summaryOf([1]), summaryOf([2])).firstNotFinite, -1);
  // one byte off: any address will do
  const words = new Uint8Array(Uint16Array.from([0, 1.5, -2, Infinity].map(toHalf)).buffer);
  const shifted = new Uint8Array(words.length + 1);
  shifted.set(words, 1);
  const half = summarise({ bytes: shifted.subarray(1), dtype: 'F16' });
  assert.deepEqual([half.count, half.zeros, half.least, half.most, half.firstNotFinite], [4, 1, -2, 1.5, 3]);
  // half a value at the end
  const brain = summarise({ bytes: new Uint8Array([0x80, 0x3f, 0, 0xc0, 0x80, 0x7f, 1]), dtype: 'BF16' });
  assert.deepEqual([brain.count, brain.most, brain.least, brain.notFinite], [3, 1, -2, 1]);
});

test('a long tensor is summed as one value after the other would be', () => {
  const values = Float32Array.from({ length: 9001 }, (_, i) => (i % 7 === 0 ? 0 : Math.sin(i) * 3));
  values[8500] = NaN;
  values[8999] = -Infinity;
  const finite = values.filter(Number.isFinite);
  const { squares, ...counted } = summarise({ bytes: new Uint8Array(values.buffer), dtype: 'F32' });
  assert.deepEqual(counted, {
    count: 9001,
    notFinite: 2,
    firstNotFinite: 8500,
    zeros: finite.filter((value) => value === 0).length,
    least: Math.min(...finite),
    most: Math.max(...finite),
  });
  const expected = finite.reduce((sum, value) => sum + value * value, 0);
  assert.ok(Math.abs(squares - expected) < 1e-9 * expected, `${squares} where ${expected} is right`);
});

test('kinds have their magnitudes; a matrix without a pattern and one out of all proportion are named', () => {
  const kinds = new WeightKinds();
  const add = (canonical: string, values: number[]) =>
    kinds.add({ canonical, name: `file.${canonical}`, summary: summaryOf(values) });
  for (let i = 0; i < 4; i++) {
    add(`blocks.${i}.attn.qkv.weight`, [3, -4, 0, 0]);
    add(`blocks.${i}.attn.qkv.bias`, [0, 0]);
    add(`blocks.${i}.mlp.fc1.weight`, [0.1, -0.1]);
    add(`blocks.${i}.mlp.fc2.weight`, i === 2 ? [500, -500] : [0.1, -0.1]);
  }
  add('head.weight', [0, 0, 0]);
  add('pos_embed', [0.5, 0.5]);
  assert.deepEqual(
    kinds.statistics().map(({ kind, tensors, values, rms, largest, zeros, constant }) => [kind.message, tensors, values, Number(rms.toFixed(4)), Number(largest.toFixed(4)), zeros, constant]),
    [
      ['positions', 1, 2, 0.5, 0.5, 0, 1],
      ['queries, keys, values', 4, 16, 2.5, 4, 8, 0],
      ['neural network', 8, 16, 176.7767, 500, 0, 0],
      ['head', 1, 3, 0, 0, 3, 1],
      ['biases', 4, 8, 0, 0, 8, 4],
    ],
  ); // prettier-ignore
  assert.deepEqual(kinds.findings().map(({ message }) => message).sort(), [
    'All 2 values of tensor file.pos_embed are the same (0.5).',
    'All 3 values of tensor file.head.weight are 0.',
    'The values of tensor file.blocks.2.mlp.fc2.weight are of the size 500, where 0.1 is common for its kind.',
  ]); // prettier-ignore
});

test('of a kind with few tensors no size is common', () => {
  const kinds = new WeightKinds();
  for (const [i, size] of [1, 1, 1000].entries()) {
    const canonical = `blocks.${i}.attn.qkv.weight`;
    kinds.add({ canonical, name: canonical, summary: summaryOf([size, -size]) });
  }
  assert.deepEqual(kinds.findings(), []);
});

test('of many tensors that hold no numbers twenty are named and the others counted; each value is read once', async () => {
  let number = 0;
  const path = changed('timm-plain', 'not-finite', (entries) => {
    for (const { bytes } of entries.values()) bytes.writeUInt32LE(0x7fc00000, 4 * (bytes.length / 4 - 1));
    number = entries.size;
  });
  const { findings, kinds } = await readWeights(await open(path), binding);
  const found = findings.filter(({ code }) => code === 'not-finite');
  assert.equal(found.length, 21);
  assert.ok(found.every(({ severity }) => severity === 'error'));
  assert.equal(new Set(found.map(({ subject }) => subject)).size, 21);
  assert.equal(found[20]!.message, `${number - 20} more tensors hold values that are not numbers.`);
  assert.equal(kinds.reduce((sum, { tensors }) => sum + tensors, 0), number); // prettier-ignore
  const sound = await readWeights(await open(golden('timm-plain')), binding);
  assert.ok(!sound.findings.some(({ code }) => code === 'not-finite'));
});

test('of many tensors without a pattern twenty are named', async () => {
  // the embedded model, whose twelve layers have more than twenty matrices
  const model = join(ROOT, 'models/vit-cifar10');
  const entries = unpack(join(model, 'model.safetensors'));
  for (const [name, { bytes }] of entries) if (/mlp\.fc\d\.weight$/.test(name)) bytes.fill(0);
  write(folder, 'all-zero/model.safetensors', pack(entries));
  write(folder, 'all-zero/config.json', readFileSync(join(model, 'config.json')));
  const { findings } = await readWeights(await open(join(folder, 'all-zero')), binding);
  assert.equal(findings.filter(({ code }) => code === 'odd-values').length, 20);
});
