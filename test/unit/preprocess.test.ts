import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cropBox, resizedSize, roundHalfEven } from '../../extension/image/geometry';
import { preprocess, type Pixels } from '../../extension/image/preprocess';
import type { Preprocessing } from '../../extension/image/preprocessing';
import { inWords } from '../../extension/image/preprocessingWords';

const noResize = () => Promise.reject(new Error('nothing here needs a resize'));

const plain: Preprocessing = {
  channels: 3,
  resize: { kind: 'none' },
  interpolation: 'bicubic',
  crop: null,
  rescale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

describe('sizes', () => {
  test('halves are rounded to even, as Python does', () => {
    assert.deepEqual(
      [0.5, 1.5, 2.5, -0.5, -1.5, 2.4, 2.6, -2.6].map(roundHalfEven),
      [0, 2, 2, 0, -2, 2, 3, -3].map((x) => x + 0),
    );
  });

  test("shorter side: the longer one is cut to whole pixels, as torchvision's int()", () => {
    const resize = { kind: 'shorter-side', size: 256 } as const;
    assert.deepEqual(resizedSize({ width: 500, height: 374 }, resize), { width: 342, height: 256 });
    assert.deepEqual(resizedSize({ width: 335, height: 500 }, resize), { width: 256, height: 382 });
    assert.deepEqual(resizedSize({ width: 7, height: 7 }, resize), { width: 256, height: 256 });
  });

  test("keep ratio: timm's ResizeKeepRatio rounds both sides", () => {
    const size = { width: 500, height: 374 };
    assert.deepEqual(resizedSize(size, { kind: 'keep-ratio', width: 224, height: 224, longest: 0 }), {
      width: 299,
      height: 224,
    });
    assert.deepEqual(resizedSize(size, { kind: 'keep-ratio', width: 224, height: 224, longest: 1 }), {
      width: 224,
      height: 168,
    });
    assert.deepEqual(resizedSize({ width: 1000, height: 1 }, { kind: 'keep-ratio', width: 8, height: 8, longest: 1 }), {
      width: 8,
      height: 1,
    });
  });

  test('centre crop: half pixels to even (torchvision) or down (HF); padding puts the odd pixel after', () => {
    const crop = (width: number, wanted: number, rounding?: 'floor') =>
      cropBox({ width, height: width }, { width: wanted, height: wanted, fill: [0, 0, 0], rounding }).left;
    assert.deepEqual([crop(33, 32), crop(35, 32), crop(37, 32), crop(36, 32)], [0, 2, 2, 2]);
    assert.deepEqual([crop(33, 32, 'floor'), crop(35, 32, 'floor'), crop(37, 32, 'floor')], [0, 1, 2]);
    assert.deepEqual([crop(29, 32), crop(28, 32), crop(29, 32, 'floor')], [-1, -2, -2]);
  });
});

describe('preprocess', () => {
  const image: Pixels = { pixels: Uint8Array.from([0, 51, 102, 153, 204, 255]), width: 2, height: 1, channels: 3 };

  test('channels come apart, each normalised in float32', async () => {
    const { values, shape } = await preprocess(image, { ...plain, mean: [0.5, 0, 0.1], std: [0.25, 1, 2] }, noResize);
    const f = Math.fround;
    const unit = (value: number, mean: number, std: number) => f(f(f(value / 255) - f(mean)) / f(std));
    assert.deepEqual(shape, [1, 3, 1, 2]);
    assert.deepEqual(
      [...values],
      [unit(0, 0.5, 0.25), unit(153, 0.5, 0.25), unit(51, 0, 1), unit(204, 0, 1), unit(102, 0.1, 2), unit(255, 0.1, 2)],
    );
  });

  test('multiplying by 1/255 is dividing by 255 for every byte, in float32', () => {
    for (let value = 0; value < 256; value++) assert.equal(Math.fround(value * (1 / 255)), Math.fround(value / 255));
  });

  test('a grey picture feeds all channels of a colour model; a colour picture is turned grey as Pillow does', async () => {
    const grey: Pixels = { pixels: Uint8Array.from([10, 20]), width: 2, height: 1, channels: 1 };
    const rescale = 1;
    assert.deepEqual([...(await preprocess(grey, { ...plain, rescale }, noResize)).values], [10, 20, 10, 20, 10, 20]);
    const one = { ...plain, rescale, channels: 1, mean: [0], std: [1] };
    assert.deepEqual([...(await preprocess(image, one, noResize)).values], [42, 195]);
  });

  test('where the crop is larger the fill colour is there, and the geometry reaches outside the picture', async () => {
    const how: Preprocessing = { ...plain, rescale: 1, crop: { width: 4, height: 2, fill: [7, 8, 9] } };
    const { values, geometry } = await preprocess(image, how, noResize);
    assert.deepEqual([...values.subarray(0, 8)], [7, 0, 153, 7, 7, 7, 7, 7]);
    assert.deepEqual([...values.subarray(8, 16)], [8, 51, 204, 8, 8, 8, 8, 8]);
    assert.deepEqual(geometry, {
      imageWidth: 2,
      imageHeight: 1,
      region: { left: -1, top: 0, right: 3, bottom: 2 },
      inputWidth: 4,
      inputHeight: 2,
    });
  });

  test('the region is in pixels of the original, fractions kept', async () => {
    const source: Pixels = { pixels: new Uint8Array(500 * 374 * 3), width: 500, height: 374, channels: 3 };
    const how: Preprocessing = {
      ...plain,
      resize: { kind: 'shorter-side', size: 256 },
      crop: { width: 224, height: 224, fill: [0, 0, 0] },
    };
    const asked: number[][] = [];
    const { geometry } = await preprocess(source, how, ({ targetWidth, targetHeight, box }) => {
      asked.push([targetWidth, targetHeight, ...box]);
      return Promise.resolve(new Uint8Array(targetWidth * targetHeight * 3));
    });
    assert.deepEqual(asked, [[342, 256, 0, 0, 500, 374]]);
    const [scaleX, scaleY] = [500 / 342, 374 / 256];
    assert.deepEqual(geometry.region, {
      left: 59 * scaleX,
      top: 16 * scaleY,
      right: 283 * scaleX,
      bottom: 240 * scaleY,
    });
  });

  test('what cannot be fed is refused with a sentence', async () => {
    await assert.rejects(preprocess(image, { ...plain, channels: 4 }, noResize), {
      code: 'ERR_IMAGE',
      message: 'The model takes 4 channels: a picture has 1 or 3, so give it a .npy tensor.',
    });
    const sliver: Pixels = { pixels: new Uint8Array(30_000), width: 10_000, height: 1, channels: 3 };
    await assert.rejects(preprocess(sliver, { ...plain, resize: { kind: 'shorter-side', size: 224 } }, noResize), {
      code: 'ERR_IMAGE',
      message: /10000 x 1 pixels is too long and narrow/,
    });
    // a config of a hundred bytes may ask for it, and it would hold up everybody else for minutes
    const side = { height: 16_384, width: 16_384 };
    const vast = /^The model's input of 16384 x 16384 pixels is larger than is made of a picture/;
    for (const how of [
      { resize: { kind: 'exact', ...side } as const },
      { crop: { ...side, fill: [0, 0, 0] as [number, number, number] } },
    ])
      await assert.rejects(preprocess(image, { ...plain, ...how }, noResize), { code: 'ERR_IMAGE', message: vast });
  });
});

test('fine values reach the model where nothing is resized: normalised as they are, grey by their luma', async () => {
  const exact = Float32Array.from([0, 0.2, 0.4, 0.6, 0.8, 1]);
  const image: Pixels = { pixels: exact.map((value) => Math.round(value * 255)) as never, width: 2, height: 1, channels: 3, exact }; // prettier-ignore
  const f = Math.fround;
  const colour = await preprocess(image, { ...plain, mean: [0.5, 0, 0], std: [2, 1, 1] }, noResize);
  assert.deepEqual([...colour.values], [-0.25, f(f(f(0.6) - 0.5) / 2), f(0.2), f(0.8), f(0.4), 1]);
  const grey = await preprocess(image, { ...plain, channels: 1, mean: [0], std: [1] }, noResize);
  const luma = (r: number, g: number, b: number) => f(0.299 * f(r) + 0.587 * f(g) + 0.114 * f(b));
  assert.deepEqual([...grey.values], [luma(0, 0.2, 0.4), luma(0.6, 0.8, 1)]);
  assert.deepEqual([grey.shape, colour.shape], [[1, 1, 1, 2], [1, 3, 1, 2]]); // prettier-ignore
  // one side is another: the bytes are resized, and what was finer is gone
  for (const [width, height] of [
    [1, 1],
    [2, 2],
  ] as const) {
    // prettier-ignore
    const resized = { ...plain, resize: { kind: 'exact', width, height } as const };
    const { values } = await preprocess(image, resized, () => Promise.resolve(new Uint8Array(3 * width * height).fill(51))); // prettier-ignore
    assert.deepEqual(new Set(values), new Set([f(0.2)]));
  }
});

test('one mean and one deviation hold for every channel, none are 0 and 1; a crop inside takes its rows and columns', async () => {
  const pixels = Uint8Array.from({ length: 3 * 4 * 5 }, (_, i) => i);
  const image: Pixels = { pixels, width: 5, height: 4, channels: 3 };
  const crop = { width: 2, height: 2, fill: [0, 0, 0] as [number, number, number] };
  const { values, geometry } = await preprocess(image, { ...plain, rescale: 1, mean: [1], std: [2], crop }, noResize);
  // the crop begins round(3 / 2) = 2 columns and (4 - 2) / 2 = 1 row inside
  const at = (row: number, column: number, channel: number) => (3 * (5 * row + column) + channel - 1) / 2;
  const places = [[1, 2], [1, 3], [2, 2], [2, 3]] as const; // prettier-ignore
  assert.deepEqual([...values], [0, 1, 2].flatMap((channel) => places.map(([row, column]) => at(row, column, channel)))); // prettier-ignore
  assert.deepEqual(geometry.region, { left: 2, top: 1, right: 4, bottom: 3 });
  const bare = await preprocess(image, { ...plain, rescale: 1, mean: [], std: [] }, noResize);
  assert.deepEqual([...bare.values.subarray(0, 3)], [0, 3, 6]);
  assert.deepEqual(bare.geometry.region, { left: 0, top: 0, right: 5, bottom: 4 });
});

test('how large a resized picture and an input may be, to the pixel', async () => {
  const image: Pixels = { pixels: new Uint8Array(3), width: 1, height: 1, channels: 3 };
  const asked = (width: number, height: number, crop: Preprocessing['crop']) =>
    preprocess(image, { ...plain, resize: { kind: 'exact', width, height }, crop }, () => Promise.reject(new Error('resized'))); // prettier-ignore
  const small = { width: 1, height: 1, fill: [0, 0, 0] as [number, number, number] };
  await assert.rejects(asked(2 ** 14, 2 ** 14, small), /^Error: resized$/);
  await assert.rejects(asked(2 ** 14 + 1, 2 ** 14, small), { message: "The picture of 1 x 1 pixels is too long and narrow: the model's resize would make it 16385 x 16384." }); // prettier-ignore
  await assert.rejects(asked(2 ** 13, 2 ** 12, null), /^Error: resized$/);
  await assert.rejects(asked(2 ** 13, 2 ** 12 + 1, null), { message: "The model's input of 8192 x 4097 pixels is larger than is made of a picture (33554432 pixels)." }); // prettier-ignore
});

test('what is done to a picture, in words: every step in its order, and none that is not done', () => {
  const said = (changes: Partial<Preprocessing>) => inWords({ ...plain, ...changes }).message;
  assert.equal(said({}), 'no resize, / 255, mean 0, std 1');
  assert.equal(said({ channels: 1, rescale: 1 }), 'grey, no resize, mean 0, std 1');
  assert.equal(said({ rescale: 1 / 127.5 }), `no resize, × ${1 / 127.5}, mean 0, std 1`);
  assert.equal(
    said({ resize: { kind: 'exact', width: 224, height: 160 }, mean: [0.5, 0.25, 0.5], std: [0.5, 0.5, 0.5] }),
    'resize to 224 × 160 (bicubic), / 255, mean 0.5 0.25 0.5, std 0.5',
  );
  assert.equal(
    said({
      resize: { kind: 'shorter-side', size: 256 },
      interpolation: 'bilinear',
      crop: { width: 224, height: 192 },
    } as Partial<Preprocessing>),
    'shorter side to 256 (bilinear), centre crop 224 × 192, / 255, mean 0, std 1',
  );
  assert.match(said({ resize: { kind: 'keep-ratio', width: 64, height: 32 } as Preprocessing['resize'] }), /^fit to 64 × 32 \(bicubic\)/); // prettier-ignore
});
