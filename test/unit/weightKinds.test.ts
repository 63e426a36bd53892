/** What the doctor says about values: per kind, and of a tensor that is unlike its kind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHalf } from '../../extension/files/half';
import { emptySummary, summarise } from '../../extension/files/values';
import { WeightKinds } from '../../extension/models/weightKinds';

const bytesOf = (values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

function summaryOf(values: number[]) {
  const summary = emptySummary();
  summarise(bytesOf(values), 'F32', summary);
  return summary;
}

test('values are counted, over pieces and in every format', () => {
  const summary = emptySummary();
  summarise(bytesOf([0, -3, 4]), 'F32', summary);
  summarise(bytesOf([NaN, 0, Infinity]), 'F32', summary);
  assert.deepEqual(summary, { count: 6, notFinite: 2, firstNotFinite: 3, zeros: 2, least: -3, most: 4, squares: 25 });
  const half = emptySummary();
  // one byte off: any address will do
  const words = new Uint8Array(Uint16Array.from([0, 1.5, -2, Infinity].map(toHalf)).buffer);
  const shifted = new Uint8Array(words.length + 1);
  shifted.set(words, 1);
  summarise(shifted.subarray(1), 'F16', half);
  assert.deepEqual([half.count, half.zeros, half.least, half.most, half.firstNotFinite], [4, 1, -2, 1.5, 3]);
  const brain = emptySummary();
  summarise(new Uint8Array(Uint16Array.of(0x3f80, 0xc000, 0x7f80).buffer), 'BF16', brain);
  assert.deepEqual([brain.most, brain.least, brain.notFinite], [1, -2, 1]);
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
