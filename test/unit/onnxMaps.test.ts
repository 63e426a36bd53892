/** Attention maps as graphs leave them, read into (h, N, N). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combine, isAttention, mapsOf, tokensOf, type Values } from '../../extension/engine/onnx/maps';

const where = (query: number, key: number) => ({ output: 'map', key, query });

/** Values of these axes, whose value says image, head, query and key in its digits. */
function named(dims: number[], digits: (at: number[]) => number[]): Values {
  const size = dims.reduce((a, b) => a * b, 1);
  const data = Float32Array.from({ length: size }, (_, i) => {
    const at: number[] = [];
    let rest = i;
    for (const side of [...dims].reverse()) {
      at.unshift(rest % side);
      rest = Math.floor(rest / side);
    }
    return digits(at).reduce((value, digit) => 10 * value + digit, 0);
  });
  return { dims, data };
}
/** What image 1 of them holds. */
const expected = (image: number, heads: number, tokens: number) =>
  Float32Array.from({ length: heads * tokens * tokens }, (_, i) => {
    const [head, row, column] = [Math.floor(i / tokens ** 2), Math.floor(i / tokens) % tokens, i % tokens];
    return 1000 * image + 100 * head + 10 * row + column;
  });

test('wherever the axes of queries and keys are, the maps are the same', () => {
  const forms: [Values, query: number, key: number][] = [
    [named([2, 3, 4, 4], ([b, h, q, k]) => [b!, h!, q!, k!]), -2, -1],
    [named([2, 3, 4, 4], ([b, h, k, q]) => [b!, h!, q!, k!]), -1, -2],
    [named([2, 4, 3, 4], ([b, q, h, k]) => [b!, h!, q!, k!]), -3, -1],
    [named([4, 2, 3, 4], ([k, b, h, q]) => [b!, h!, q!, k!]), -1, -4],
    [named([6, 4, 4], ([i, q, k]) => [Math.floor(i! / 3), i! % 3, q!, k!]), -2, -1],
  ];
  for (const [values, query, key] of forms) {
    for (const image of [0, 1]) {
      const { shape, values: maps } = mapsOf(values, where(query, key), image, 2);
      assert.deepEqual(shape, [3, 4, 4]);
      assert.deepEqual(maps, expected(image, 3, 4), `${values.dims.join('x')}, queries ${query}, keys ${key}`);
    }
  }
});

test('a map has as many queries as keys', () => {
  assert.equal(tokensOf([2, 3, 5, 5], where(-2, -1)), 5);
  assert.equal(tokensOf([5, 5], where(-2, -1)), 5);
  assert.equal(tokensOf([2, 3, 5, 4], where(-2, -1)), null);
  assert.equal(tokensOf([5], where(-2, -1)), null);
  assert.equal(tokensOf([5], where(-1, -2)), null);
  assert.equal(tokensOf([], where(-2, -1)), null);
});

const slice = (shape: number[], ...values: number[]) => ({ shape, values: Float32Array.from(values) });

test('the parts of a layer are its heads, or branches whose mean is its map', () => {
  const [a, b] = [slice([1, 2, 2], 1, 2, 3, 4), slice([2, 2, 2], 5, 6, 7, 8, 9, 10, 11, 12)];
  assert.deepEqual(combine([a, b], 'heads'), slice([3, 2, 2], 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
  assert.deepEqual(combine([a, slice([1, 2, 2], 3, 2, 1, 0)], 'mean'), slice([1, 2, 2], 2, 2, 2, 2));
  assert.equal(combine([a], 'mean'), a);
  assert.deepEqual(combine([], 'heads').shape, [0, 0, 0]);
});

test('attention is rows that add up to one over the keys', () => {
  const rows = { dims: [1, 2, 2, 2], data: Float32Array.from([0.5, 0.5, 1, 0, 0.25, 0.75, 0.99, 0.02]) };
  assert.equal(isAttention(rows, where(-2, -1)), true);
  assert.equal(isAttention(rows, where(-1, -2)), false, 'columns do not');
  for (const wrong of [0.52, 0.48, NaN, -0.5]) {
    const last = {
      ...rows,
      data: Float32Array.from([...rows.data.slice(0, 6), 0.5, wrong + 0.001 * Math.sign(wrong - 0.5)]),
    };
    assert.equal(isAttention(last, where(-2, -1)), false, `${wrong}`);
  }
  assert.equal(isAttention({ dims: [2, 1, 1], data: Float32Array.from([1, 1]) }, where(-2, -1)), false, 'one token');
  assert.equal(isAttention({ dims: [2, 3], data: new Float32Array(6).fill(1 / 3) }, where(-2, -1)), false);
});
