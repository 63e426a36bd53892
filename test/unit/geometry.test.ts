import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  countTokens,
  imageToInput,
  inputToImage,
  patchAt,
  receptiveInterval,
  resizedSize,
  softSplitGrids,
} from '../../extension/image/geometry';
import type { Split } from '../../extension/image/geometry';
import type { Geometry } from '../../extension/image/preprocessing';
import { pictureBox } from '../../webview/drawing/tokenLayout';

/** A 600 x 400 picture whose middle 400 x 400 became 200 x 200 pixels. */
const cropped: Geometry = {
  imageWidth: 600,
  imageHeight: 400,
  region: { left: 100, top: 0, right: 500, bottom: 400 },
  inputWidth: 200,
  inputHeight: 200,
};
const whole = (width: number, height: number): Geometry => ({
  imageWidth: width,
  imageHeight: height,
  region: { left: 0, top: 0, right: width, bottom: height },
  inputWidth: width,
  inputHeight: height,
});

const layout = ({ inputWidth, inputHeight }: Geometry, grid: readonly [number, number], splits: Split[] | null) => ({
  ...{ rows: grid[0], columns: grid[1], splits, inputWidth, inputHeight, prefixNames: [] },
});
const patchRegion = (geometry: Geometry, grid: readonly [number, number], index: number) =>
  pictureBox(layout(geometry, grid, null), geometry, index);
const receptiveField = (geometry: Geometry, splits: Split[], index: number) => {
  const grid = softSplitGrids(splits, { width: geometry.inputWidth, height: geometry.inputHeight }).at(-1)!;
  return pictureBox(layout(geometry, grid, splits), geometry, index);
};

describe('patches', () => {
  test('the article: patch 12 of the 3 x 5 grid on 100 x 60 pixels (index 11) is rows 40:60, columns 20:40', () => {
    const geometry = whole(100, 60);
    assert.deepEqual(patchRegion(geometry, [3, 5], 11), { left: 20, top: 40, right: 40, bottom: 60 });
  });

  test('a patch goes back through the crop and the resize', () => {
    assert.deepEqual(patchRegion(cropped, [4, 4], 0), { left: 100, top: 0, right: 200, bottom: 100 });
    assert.deepEqual(patchRegion(cropped, [4, 4], 15), { left: 400, top: 300, right: 500, bottom: 400 });
  });

  test('the patch under a point is the patch whose rectangle holds it', () => {
    const grid = [3, 7] as const;
    for (let index = 0; index < 21; index++) {
      const { left, top, right, bottom } = patchRegion(cropped, grid, index);
      for (const [x, y] of [
        [0.01, 0.01],
        [0.5, 0.5],
        [0.99, 0.99],
      ] as const) {
        assert.equal(patchAt(cropped, grid, { x: left + x * (right - left), y: top + y * (bottom - top) }), index);
      }
    }
  });

  test('outside the crop there is no patch', () => {
    for (const point of [
      { x: 99.9, y: 200 },
      { x: 500, y: 200 },
      { x: 300, y: 400 },
      { x: 300, y: -0.1 },
      { x: NaN, y: 1 },
    ]) {
      assert.equal(patchAt(cropped, [4, 4], point), null);
    }
  });

  test('input and image coordinates are each other back', () => {
    const { left, top } = inputToImage(cropped, { left: 12.5, top: 70, right: 13, bottom: 71 });
    assert.deepEqual(imageToInput(cropped, { x: left, y: top }), { x: 12.5, y: 70 });
  });
});

test('a crop that begins below the top: both axes shift and scale on their own', () => {
  const geometry: Geometry = { imageWidth: 100, imageHeight: 400, region: { left: 10, top: 40, right: 90, bottom: 360 }, inputWidth: 40, inputHeight: 80 }; // prettier-ignore
  const region = { left: 20, top: 80, right: 30, bottom: 100 };
  assert.deepEqual(inputToImage(geometry, { left: 5, top: 10, right: 10, bottom: 15 }), region);
  assert.deepEqual(imageToInput(geometry, { x: 20, y: 80 }), { x: 5, y: 10 });
  assert.deepEqual(imageToInput(geometry, { x: 0, y: 0 }), { x: -5, y: -10 });
  assert.equal(patchAt(geometry, [8, 4], { x: 20, y: 80 }), 4);
});

describe('soft splits', () => {
  const published = (kernels: number[]) =>
    kernels.map((kernel) => ({
      kernel,
      stride: Math.floor((kernel + 1) / 2),
      padding: Math.floor((kernel + 1) / 4),
    }));

  test("the articles' token counts", () => {
    assert.deepEqual(softSplitGrids([{ kernel: 20, stride: 10, padding: 5 }], { width: 100, height: 60 }), [[6, 10]]);
    assert.deepEqual(softSplitGrids(published([31, 3, 3]), { width: 500, height: 1700 }), [
      [106, 31],
      [53, 16],
      [27, 8],
    ]);
    assert.deepEqual(softSplitGrids(published([7, 3, 3]), { width: 100, height: 400 }), [
      [100, 25],
      [50, 13],
      [25, 7],
    ]);
    assert.deepEqual(
      softSplitGrids(published([7, 3, 3]), { width: 224, height: 224 }).map(([r, c]) => r * c),
      [3136, 784, 196],
    );
  });

  test('count_tokens of an unfold that covers everything is one', () => {
    assert.equal(countTokens(20, { kernel: 20, stride: 10, padding: 0 }), 1);
  });

  test('the first token of the article begins in the padding', () => {
    const splits = [{ kernel: 20, stride: 10, padding: 5 }];
    assert.deepEqual(receptiveField(whole(100, 60), splits, 0), { left: -5, top: -5, right: 15, bottom: 15 });
    assert.deepEqual(receptiveField(whole(100, 60), splits, 59), { left: 85, top: 45, right: 105, bottom: 65 });
  });

  test('receptive field of a chain: pixels found by following every tap', () => {
    const splits = [
      { kernel: 7, stride: 4, padding: 2 },
      { kernel: 3, stride: 2, padding: 1 },
      { kernel: 5, stride: 1, padding: 0 },
    ];
    for (let token = 0; token < 6; token++) {
      let positions = [token];
      for (const { kernel, stride, padding } of [...splits].reverse()) {
        positions = positions.flatMap((position) =>
          Array.from({ length: kernel }, (_, tap) => position * stride - padding + tap),
        );
      }
      assert.deepEqual(receptiveInterval(splits, token), [Math.min(...positions), Math.max(...positions) + 1]);
    }
  });
});

test('a longest edge bounds what the shorter side asks for, as in transformers', () => {
  // image_transforms.get_size_with_aspect_ratio of transformers 5.18: (height, width), size, max_size
  const expected: [
    height: number,
    width: number,
    size: number,
    longest: number,
    then: [height: number, width: number],
  ][] = [
    [90, 37, 24, 40, [39, 16]],
    [37, 90, 24, 40, [16, 39]],
    [480, 640, 800, 1333, [800, 1066]],
    [1000, 3000, 800, 1333, [444, 1333]],
    [333, 1000, 800, 1333, [444, 1333]],
    [61, 43, 24, 40, [34, 24]],
  ];
  for (const [height, width, size, longest, [h, w]] of expected)
    assert.deepEqual(resizedSize({ height, width }, { kind: 'shorter-side', size, longest }), { height: h, width: w });
});
