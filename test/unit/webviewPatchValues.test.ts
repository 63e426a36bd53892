/** What a saved matrix says of the patches of a picture. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridLayout, middleOf } from '../../webview/drawing/gridLayout';
import { patchValues, prefixCounts, readingsOf, type ArrayMatrix } from '../../webview/drawing/patchValues';

const filled = (shape: number[], value: (row: number, column: number) => number): ArrayMatrix => {
  const [rows = 1, columns = 1] = shape.length < 2 ? [1, shape[0]!] : shape.slice(-2);
  const values = Float32Array.from({ length: rows * columns }, (_, i) => value(Math.floor(i / columns), i % columns));
  return { shape, rows, columns, values };
};
const first = (shape: number[], value = 0.5, aspect = 1) =>
  readingsOf(
    filled(shape, () => value),
    aspect,
  )[0];

test('tokens before a square of patches', () => {
  assert.deepEqual(prefixCounts(197), [1]);
  assert.deepEqual(prefixCounts(196), [0]);
  assert.deepEqual(prefixCounts(201), [5]);
  assert.deepEqual(prefixCounts(17), [1, 8, 13, 16]);
  assert.deepEqual(prefixCounts(1), [0]);
  assert.deepEqual(prefixCounts(0), []);
  assert.deepEqual(prefixCounts(240), [15]);
  assert.deepEqual(prefixCounts(244), []);
});

test('the likeliest reading of a shape comes first', () => {
  assert.equal(first([12, 197, 197]), 'attention');
  assert.equal(first([201, 201]), 'attention');
  assert.equal(first([14, 14]), 'grid');
  assert.equal(first([16, 16]), 'grid');
  // rows that sum to one are shares of attention, however small the matrix
  assert.equal(first([3, 17, 17], 1 / 17), 'attention');
  assert.equal(first([3, 16, 16], 1 / 16), 'attention');
  assert.equal(first([224, 224]), 'grid');
  assert.equal(first([197, 768]), 'lengths');
  // a form that is the picture's
  assert.equal(first([16, 24], 0.5, 1.5), 'grid');
  assert.equal(first([16, 24], 0.5, 1), 'lengths');
  assert.equal(first([197]), 'values');
  assert.equal(first([197, 1]), 'values');
  assert.equal(first([7]), 'grid');
  assert.deepEqual(
    readingsOf(
      filled([0], () => 0),
      1,
    ),
    [],
  );
  assert.deepEqual(readingsOf({ shape: [1, 9000], rows: 1, columns: 9000, values: new Float32Array(9000) }, 1), []);
});

test('the values of patches, read in each way', () => {
  const attention = filled([5, 5], (row, column) => 10 * row + column);
  const { field, prefix } = patchValues(attention, 'attention', 1, 3);
  assert.deepEqual(
    [field.rows, field.columns, Array.from(field.values), Array.from(prefix)],
    [2, 2, [31, 32, 33, 34], [30]],
  );
  const tokens = filled([5, 2], (row, column) => (column === 0 ? 3 * row : 4 * row));
  assert.deepEqual(Array.from(patchValues(tokens, 'lengths', 1, 0).field.values), [5, 10, 15, 20]);
  const list = filled([4], (_, column) => column);
  assert.deepEqual(Array.from(patchValues(list, 'values', 0, 0).field.values), [0, 1, 2, 3]);
  assert.deepEqual({ ...patchValues(tokens, 'grid', 0, 0).field }, { rows: 5, columns: 2, values: tokens.values });
});

test('a grid lies over the largest part of its form in the middle', () => {
  const picture = { width: 300, height: 200 };
  assert.deepEqual(middleOf(picture, 1), { left: 50, top: 0, right: 250, bottom: 200 });
  assert.deepEqual(middleOf(picture, 3), { left: 0, top: 50, right: 300, bottom: 150 });
  const layout = gridLayout({ rows: 4, columns: 4 }, middleOf(picture, 1));
  assert.deepEqual([layout.inputWidth, layout.inputHeight, layout.rows], [200, 200, 4]);
});
