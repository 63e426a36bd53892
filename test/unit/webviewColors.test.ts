import assert from 'node:assert/strict';
import { test } from 'node:test';
import { colorMapNames, colorTable, parseColor } from '../../extension/drawing/colorMap';
import { domainOf, position, quantile, symmetric } from '../../extension/drawing/colorScale';
import { enlarge, paint } from '../../extension/drawing/raster';

const entry = (name: string, i: number) => Array.from(colorTable(name).subarray(i * 3, i * 3 + 3));

test('tables have the ends of the published maps', () => {
  assert.deepEqual(entry('viridis', 0), [0x44, 0x01, 0x54]);
  assert.deepEqual(entry('viridis', 255), [0xfd, 0xe7, 0x25]);
  assert.deepEqual(entry('inferno', 255), [0xfc, 0xff, 0xa4]);
  assert.deepEqual(entry('magma', 255), [0xfc, 0xfd, 0xbf]);
  assert.deepEqual(entry('greys', 255), [0, 0, 0]);
  // reversed maps begin where the others end
  assert.deepEqual(entry('purples_r', 0), entry('purples', 255));
  assert.deepEqual(entry('purples_r', 255), entry('purples', 0));
  // matplotlib's PuOr_r: purple below zero, orange above
  assert.deepEqual(entry('puor_r', 0), [45, 0, 75]);
  assert.deepEqual(entry('puor_r', 255), [127, 59, 8]);
});

test('every map offered exists, and an unknown one falls back', () => {
  for (const name of colorMapNames) assert.equal(colorTable(name).length, 768);
  assert.equal(colorTable('jet'), colorTable('inferno'));
  assert.equal(colorTable('constructor'), colorTable('inferno'));
});

test('colours are read in the two forms d3 writes', () => {
  assert.deepEqual(parseColor('#0a10ff'), [10, 16, 255]);
  assert.deepEqual(parseColor('rgb(1, 2, 3)'), [1, 2, 3]);
  assert.throws(() => parseColor('red'), /"red" is not a colour/);
});

test('the range of values, with and without outliers', () => {
  assert.deepEqual(
    domainOf([
      [3, 1],
      [2, 7],
    ]),
    [1, 7],
  );
  assert.deepEqual(domainOf([[NaN, 4, Infinity, 2]]), [2, 4]);
  assert.deepEqual(domainOf([]), [0, 1]);
  assert.equal(quantile([0, 10, 20, 30], 0.25), 7.5);
  assert.deepEqual(domainOf([Array.from({ length: 51 }, (_, i) => i)], 0.02), [1, 49]);
  assert.deepEqual(symmetric([-1, 3]), [-3, 3]);
});

test('positions on the map', () => {
  assert.equal(position(5, [0, 10]), 0.5);
  assert.equal(position(-1, [0, 10]), 0);
  assert.equal(position(99, [0, 10]), 1);
  assert.equal(position(4, [4, 4]), 0.5);
  assert.equal(position(NaN, [0, 1]), 0);
});

test("values become the table's colours, and nothing stays transparent", () => {
  const pixels = paint({ rows: 1, columns: 3, values: [0, 1, NaN] }, [0, 1], colorTable('viridis'));
  assert.deepEqual(Array.from(pixels), [0x44, 0x01, 0x54, 255, 0xfd, 0xe7, 0x25, 255, 0, 0, 0, 0]);
});

test('over a picture low values fade, or those near zero where there are two signs', () => {
  const alpha = (fade: 'low' | 'middle') =>
    paint({ rows: 1, columns: 4, values: [-2, 0, 1, 2] }, [-2, 2], colorTable('puor_r'), fade).filter(
      (_, i) => i % 4 === 3,
    );
  assert.deepEqual(Array.from(alpha('low')), [0, 128, 191, 255]);
  assert.deepEqual(Array.from(alpha('middle')), [255, 0, 128, 255]);
});

test('enlarging interpolates between the middles of the patches', () => {
  const { rows, columns, values } = enlarge({ rows: 1, columns: 2, values: [0, 1] }, 4);
  assert.deepEqual([rows, columns], [4, 8]);
  assert.deepEqual(Array.from(values).slice(0, 8), [0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1]);
  assert.deepEqual(Array.from(values).slice(24, 32), Array.from(values).slice(0, 8));
  // an odd factor has a pixel on the middle: the value itself
  const odd = enlarge({ rows: 2, columns: 1, values: [3, 5] }, 3);
  assert.equal(odd.values[1 * 3 + 1], 3);
  assert.equal(odd.values[4 * 3 + 1], 5);
});

test('what is hidden does not spread into its neighbours', () => {
  const { values } = enlarge({ rows: 1, columns: 2, values: [NaN, 1] }, 2);
  assert.deepEqual(Array.from(values).slice(0, 4), [NaN, NaN, 1, 1]);
});

test('a colour is a whole one, and planes of a picture run from black to their own', () => {
  assert.deepEqual(['rgb(1,2,3)', 'rgb(10, 200,30)', '#FFffFF'].map(parseColor), [[1, 2, 3], [10, 200, 30], [255, 255, 255]]); // prettier-ignore
  for (const text of ['#0a10ff0', 'x#0a10ff', '#0a10f', 'rgb(1, 2, 3) ', ' rgb(1, 2, 3)', 'rgb(1, 2)', ''])
    assert.throws(() => parseColor(text), { message: `"${text}" is not a colour` });
  for (const [channel, name] of ['red', 'green', 'blue'].entries()) {
    const table = colorTable(name);
    for (const value of [0, 1, 128, 254, 255])
      assert.deepEqual(
        [...table.slice(3 * value, 3 * value + 3)],
        [0, 1, 2].map((c) => (c === channel ? value : 0)),
      );
  }
  const [purples, reversed] = [colorTable('purples'), colorTable('purples_r')];
  for (const i of [0, 60, 255]) assert.deepEqual(reversed.slice(3 * i, 3 * i + 3), purples.slice(3 * (255 - i), 3 * (255 - i) + 3)); // prettier-ignore
});

test('ranges of values in no order, with shares at their ends left out; quantiles between ranks', () => {
  assert.deepEqual(domainOf([[5, -3], [7, 0]]), [-3, 7]); // prettier-ignore
  // of five values the quarter lies on the second
  assert.deepEqual(domainOf([[40, 0, 30], [10, 20]], 0.25), [10, 30]); // prettier-ignore
  assert.deepEqual(domainOf([[9, 1]], -0.5), [1, 9]);
  assert.deepEqual(
    [0, 0.5, 1].map((q) => quantile([4, 10, 100], q)),
    [4, 10, 100],
  );
  assert.deepEqual([quantile([7], 0.3), quantile([2, 6], 0.75)], [7, 5]);
});
