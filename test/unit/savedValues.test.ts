/** Numbers out of the panel: CSV and .npy, and the choices of a figure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNpy } from '../../extension/files/npy';
import { defaultFigure, readFigure } from '../../webview/app/figureOptions';
import { joined } from '../../extension/engine/headFusion';
import { csvFile, npyFile } from '../../webview/export/values';

test('a CSV file has every place counted from 1, and digits that give the same float32 again', () => {
  const values = Float32Array.from([0.1, 1 / 3, 0, -2.5e-8, 16777216, 1]);
  const text = new TextDecoder().decode(csvFile({ shape: [3, 2], values, axes: ['row', 'column'] }));
  const [head, ...lines] = text.trimEnd().split('\n');
  assert.equal(head, 'row,column,value');
  assert.deepEqual(
    lines.map((line) => line.split(',').slice(0, 2).join()),
    ['1,1', '1,2', '2,1', '2,2', '3,1', '3,2'],
  );
  assert.deepEqual(
    Float32Array.from(lines, (line) => Number(line.split(',')[2])),
    values,
  );
  assert.equal(lines[0], '1,1,0.1');
});

test('maps of all layers and heads are one array', () => {
  const rows = [1, 2, 3, 4].map((x) => Float32Array.of(x, x + 0.5, 0));
  const { shape, values } = readNpy(npyFile({ shape: [2, 2, 3], values: joined(rows), axes: [] }));
  assert.deepEqual(shape, [2, 2, 3]);
  assert.deepEqual([...values.subarray(9)], [4, 4.5, 0]);
});

test("a figure's choices are read field by field", () => {
  assert.deepEqual(readFigure({ caption: false, grid: 'no' }), { ...defaultFigure, caption: false });
  assert.deepEqual(readFigure(null), defaultFigure);
});
