import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitHeads } from '../../extension/engine/headFusion';
import { fieldOf } from '../../webview/drawing/fieldCanvas';
import type { TokenLayout } from '../../webview/drawing/tokenLayout';
import { fuse, heatOf, keepMass } from '../../webview/drawing/heat';

// two heads over a class token and four patches; values that float32 holds exactly
const values = new Float32Array([0.5, 0.125, 0.25, 0.0625, 0.0625, 0.25, 0.25, 0.125, 0.25, 0.125]);
const rows = splitHeads(values, 2);
const own = { scale: 'own', excludeOutliers: false, signed: false } as const;

test('rows of (h, N) are heads', () => {
  assert.deepEqual(Array.from(rows[1]!), [0.25, 0.25, 0.125, 0.25, 0.125]);
});

test('heads fuse elementwise', () => {
  assert.deepEqual(Array.from(fuse(rows, 'mean')), [0.375, 0.1875, 0.1875, 0.15625, 0.09375]);
  assert.deepEqual(Array.from(fuse(rows, 'max')), [0.5, 0.25, 0.25, 0.25, 0.125]);
  assert.deepEqual(Array.from(fuse(rows, 'min')), [0.25, 0.125, 0.125, 0.0625, 0.0625]);
  assert.deepEqual(Array.from(fuse(rows, 0)), [0.5, 0.125, 0.25, 0.0625, 0.0625]);
  // fusing leaves the slice as it came
  assert.equal(values[0], 0.5);
});

test('the scale looks at patches only: one head, or all of them when shared', () => {
  const alone = heatOf(rows, 0, 1, own);
  assert.deepEqual(alone.domain, [0.0625, 0.25]);
  assert.deepEqual(Array.from(alone.prefix), [0.5]);
  assert.deepEqual(Array.from(alone.patches), [0.125, 0.25, 0.0625, 0.0625]);
  assert.deepEqual(heatOf(rows, 1, 1, own).domain, [0.125, 0.25]);
  assert.deepEqual(heatOf(rows, 1, 1, { ...own, scale: 'shared' }).domain, [0.0625, 0.25]);
});

test('signed values have a scale that is the same on both sides of zero', () => {
  const signed = Float32Array.of(9, -0.25, 0.5, 0.125);
  assert.deepEqual(heatOf([signed], 0, 1, { ...own, signed: true }).domain, [-0.5, 0.5]);
  assert.deepEqual(Array.from(keepMass(Float32Array.of(-0.5, 0.125, 0.375), 0.5)), [-0.5, NaN, NaN]);
});

test('outliers are left out of the scale, not of the map', () => {
  const row = Float32Array.from({ length: 101 }, (_, i) => i);
  row[100] = 1e6;
  const heat = heatOf([row], 0, 0, { ...own, excludeOutliers: true });
  assert.deepEqual(heat.domain, [2, 98]);
  assert.equal(heat.patches[100], 1e6);
});

test('the fewest patches that hold a share of the mass', () => {
  const patches = new Float32Array([0.125, 0.5, 0.25, 0.125]);
  assert.deepEqual(Array.from(keepMass(patches, 0.5)), [NaN, 0.5, NaN, NaN]);
  assert.deepEqual(Array.from(keepMass(patches, 0.6)), [NaN, 0.5, 0.25, NaN]);
  assert.equal(keepMass(patches, 1), patches);
});

test('below all of the mass the kept cells are smoothed with all of their neighbours, and the others stay empty', () => {
  const layout = { rows: 1, columns: 3, splits: null } as TokenLayout;
  const values = Float32Array.of(0, 1, 0);
  const whole = fieldOf(layout, values, true, 9);
  const cut = fieldOf(layout, values, true, 9, keepMass(values, 0.5));
  assert.equal(cut.columns, 9);
  assert.deepEqual(Array.from(cut.values).slice(3, 6), Array.from(whole.values).slice(3, 6));
  assert.ok(whole.values[3]! < 1, 'it is smoothed');
  for (const outside of [0, 1, 2, 6, 7, 8]) assert.ok(Number.isNaN(cut.values[outside]), String(outside));
});
