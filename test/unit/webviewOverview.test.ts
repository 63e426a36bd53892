/** The grid of all layers and heads: where its maps are, and their one scale. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { domainOfMaps } from '../../webview/drawing/heat';
import { cellAt, cellPlace, gridPlaces } from '../../webview/overview/grid';

test('all rows and columns are in sight where there is room, and large enough to see where there is not', () => {
  for (const [rows, columns, aspect] of [
    [12, 12, 1],
    [12, 3, 1],
    [6, 6, 0.6],
    [2, 16, 2],
  ] as const) {
    const places = gridPlaces({ width: 900, height: 700 }, rows, columns, aspect, 11);
    assert.ok(places.width <= 900 && places.height <= 700, JSON.stringify(places));
    assert.ok(places.cell.width >= 24);
  }
  const large = gridPlaces({ width: 300, height: 300 }, 24, 16, 1, 11);
  assert.equal(large.cell.width, 24);
  assert.ok(large.height > 300 && large.width > 300);
});

test('the map under a point is the one drawn there; there is none under the captions', () => {
  const places = gridPlaces({ width: 900, height: 700 }, 12, 3, 1, 11);
  for (const [layer, head] of [
    [0, 0],
    [11, 2],
    [5, 1],
  ] as const) {
    const { x, y } = cellPlace(places, layer, head);
    assert.deepEqual(cellAt(places, { x: x + 1, y: y + 1 }), { layer, head });
  }
  assert.equal(cellAt(places, { x: 4, y: 100 }), null);
  assert.equal(cellAt(places, { x: 200, y: 4 }), null);
});

test('the one scale is that of all maps, of each without its own sinks, and symmetric where values have signs', () => {
  const maps = [
    { map: Float32Array.of(0, 1, 50), without: [2] },
    { map: Float32Array.of(-2, 3, 4), without: [] },
  ];
  assert.deepEqual(domainOfMaps(maps, { excludeOutliers: false, signed: false }), [-2, 4]);
  assert.deepEqual(domainOfMaps(maps, { excludeOutliers: false, signed: true }), [-4, 4]);
});
