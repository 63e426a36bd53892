import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Geometry } from '../../extension/image/preprocessing';
import { drawScene } from '../../webview/drawing/pictureDrawing';
import { Recorder } from '../../webview/drawing/recorder';
import { inputBox, patchAt, pictureBox, spread, type TokenLayout } from '../../webview/drawing/tokenLayout';
import { pixelsOf } from '../../webview/patches/patchDetail';
import { paper } from '../../webview/export/figure';
import { helveticaWidth } from '../../webview/export/helvetica';
import { fit, pan, toPicture, zoomAt } from '../../webview/drawing/viewport';

/** The articles' Mountain at Dusk: 100 x 60, patches of 20. */
const mountain: TokenLayout = {
  rows: 3,
  columns: 5,
  prefixNames: ['class'],
  splits: null,
  inputWidth: 100,
  inputHeight: 60,
};
/** A picture twice as large, of which the model saw the middle. */
const geometry: Geometry = {
  imageWidth: 240,
  imageHeight: 120,
  region: { left: 20, top: 0, right: 220, bottom: 120 },
  inputWidth: 100,
  inputHeight: 60,
};

test("patch 12 is the articles': rows 40 to 60, columns 20 to 40", () => {
  assert.deepEqual(inputBox(mountain, 12 - 1), { left: 20, top: 40, right: 40, bottom: 60 });
  assert.deepEqual(pictureBox(mountain, geometry, 12 - 1), { left: 60, top: 80, right: 100, bottom: 120 });
});

test('the patch under a point of the picture', () => {
  assert.equal(patchAt(mountain, geometry, { x: 80, y: 100 }), 11);
  assert.equal(patchAt(mountain, geometry, { x: 20, y: 0 }), 0);
  assert.equal(patchAt(mountain, geometry, { x: 219.9, y: 119.9 }), 14);
  assert.equal(patchAt(mountain, geometry, { x: 19, y: 50 }), null);
  assert.equal(patchAt(mountain, geometry, { x: 220, y: 50 }), null);
});

/** The T2T article's soft split: k 20, s 10, p 5: 6 down, 10 across. */
const soft: TokenLayout = { ...mountain, rows: 6, columns: 10, splits: [{ kernel: 20, stride: 10, padding: 5 }] };

test('a soft split token is its receptive field, padding included', () => {
  assert.deepEqual(inputBox(soft, 0), { left: -5, top: -5, right: 15, bottom: 15 });
  assert.deepEqual(inputBox(soft, 11), { left: 5, top: 5, right: 25, bottom: 25 });
});

test('the pixels of a patch are told from the first to the last, inside the picture, and that a window reaches beyond it', () => {
  assert.equal(pixelsOf(inputBox(mountain, 11), mountain), 'x 20–39, y 40–59');
  assert.equal(pixelsOf(inputBox(soft, 11), soft), 'x 5–24, y 5–24');
  assert.equal(pixelsOf(inputBox(soft, 0), soft), 'x 0–14, y 0–14, and padding beyond the edge');
  assert.equal(pixelsOf(inputBox(soft, 59), soft), 'x 85–99, y 45–59, and padding beyond the edge');
});

test('numbers and crosses of windows that reach beyond the picture stay inside of it, whole', () => {
  // what transformers of T2T see in the end: windows of 31 x 31, 16 apart
  const windows: TokenLayout = {
    ...{ rows: 7, columns: 7, prefixNames: ['class'], inputWidth: 112, inputHeight: 112 },
    splits: [{ kernel: 31, stride: 16, padding: 15 }],
  };
  const pen = new Recorder(helveticaWidth);
  drawScene(
    pen,
    {
      picture: { source: { width: 1, height: 1 } as unknown as ImageBitmap, width: 224, height: 224 },
      viewport: { scale: 1, x: 0, y: 0 },
      geometry: {
        ...{ imageWidth: 224, imageHeight: 224, inputWidth: 112, inputHeight: 112 },
        region: { left: 0, top: 0, right: 224, bottom: 224 },
      },
      layout: windows,
      overlay: null,
      grid: true,
      numbers: 'middle',
      hidden: [0, 48],
      ...{ query: 48, hover: null },
    },
    paper,
  );
  const inside = (x: number, y: number) => x >= 0 && x <= 224 && y >= 0 && y <= 224;
  const texts = pen.marks.filter((mark) => mark.kind === 'text').filter(({ outline }) => outline === null);
  assert.deepEqual([texts.length, texts.at(-1)!.text], [49, '49']);
  for (const { text, x, y, size, weight } of texts) {
    const half = helveticaWidth(text, size, weight) / 2;
    assert.ok(inside(x - half, y - 0.72 * size) && inside(x + half, y), `${text} at ${x}, ${y}`);
  }
  for (const { path } of pen.marks.filter((mark) => mark.kind === 'stroke'))
    for (const step of path)
      if (step.kind === 'line' || step.kind === 'move') assert.ok(inside(step.x, step.y), JSON.stringify(step));
});

test('a point chooses the soft split token centred nearest', () => {
  const whole = { ...geometry, imageWidth: 100, imageHeight: 60, region: { left: 0, top: 0, right: 100, bottom: 60 } };
  assert.equal(patchAt(soft, whole, { x: 5, y: 5 }), 0);
  assert.equal(patchAt(soft, whole, { x: 14, y: 16 }), 11);
  assert.equal(patchAt(soft, whole, { x: 99, y: 59 }), 59);
  assert.equal(patchAt(soft, whole, { x: 100, y: 59 }), null);
});

test('soft split heat: each pixel is the mean of the tokens that cover it', () => {
  const line: TokenLayout = {
    rows: 1,
    columns: 3,
    prefixNames: [],
    splits: [{ kernel: 2, stride: 1, padding: 0 }],
    inputWidth: 4,
    inputHeight: 2,
  };
  const field = spread(line, [1, 2, 4]);
  assert.deepEqual([field.rows, field.columns], [2, 4]);
  assert.deepEqual(Array.from(field.values as Float32Array), [1, 1.5, 3, 4, 1, 1.5, 3, 4]);
  // a hidden token takes part in no mean; where only it was, nothing is
  assert.deepEqual(Array.from(spread(line, [NaN, 2, 4]).values as Float32Array).slice(0, 4), [NaN, 2, 3, 4]);
});

test('heat spread over boxes agrees with going pixel by pixel', () => {
  const values = Float32Array.from({ length: 60 }, (_, i) => ((i * 37) % 64) / 64);
  const field = spread(soft, values);
  for (const [x, y] of [
    [0, 0],
    [7, 3],
    [50, 30],
    [99, 59],
    [14, 44],
  ] as const) {
    const covering = Array.from(values).filter((_, token) => {
      const box = inputBox(soft, token);
      return x >= box.left && x < box.right && y >= box.top && y < box.bottom;
    });
    const mean = covering.reduce((sum, value) => sum + value, 0) / covering.length;
    assert.ok(Math.abs(field.values[y * 100 + x]! - mean) < 1e-6, `${x}, ${y}`);
  }
});

test('a fitted picture is centred', () => {
  assert.deepEqual(fit({ width: 100, height: 50 }, { width: 424, height: 324 }, 12), { scale: 4, x: 12, y: 62 });
});

test('zooming keeps the point under the pointer, within limits', () => {
  const fitted = { scale: 4, x: 12, y: 62 };
  const at = { x: 100, y: 90 };
  const zoomed = zoomAt(fitted, 2, at, fitted);
  assert.equal(zoomed.scale, 8);
  assert.deepEqual(toPicture(zoomed, at), toPicture(fitted, at));
  const { x, y } = toPicture(zoomed, at);
  assert.deepEqual({ x: x * zoomed.scale + zoomed.x, y: y * zoomed.scale + zoomed.y }, at);
  assert.equal(zoomAt(fitted, 1000, at, fitted).scale, 64);
  assert.equal(zoomAt(fitted, 0.001, at, fitted).scale, 1);
});

test('panning cannot lose the picture', () => {
  const canvas = { width: 400, height: 300 };
  const picture = { width: 100, height: 50 };
  assert.deepEqual(pan({ scale: 4, x: 0, y: 50 }, { x: 30, y: -20 }, picture, canvas), { scale: 4, x: 30, y: 30 });
  assert.equal(pan({ scale: 4, x: 0, y: 50 }, { x: -5000, y: 0 }, picture, canvas).x, -300);
  assert.equal(pan({ scale: 4, x: 0, y: 50 }, { x: 5000, y: 0 }, picture, canvas).x, 300);
});
