/** What pictures can be fed by: every field at both edges of its range, and what is said of one beyond. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrongPreprocessing } from '../../extension/architecture/preprocessingBounds';

const usual = {
  channels: 3,
  resize: { kind: 'exact', height: 224, width: 224 },
  interpolation: 'bicubic',
  crop: null,
  rescale: 1 / 255,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};
const crop = { height: 224, width: 224, fill: [0, 0, 0] };
const said = (changes: object) => wrongPreprocessing({ ...usual, ...changes })?.message ?? null;

const good: object[] = [
  {},
  ...[1, 1024].map((channels) => ({ channels, mean: Array<number>(channels).fill(0), std: Array<number>(channels).fill(1) })),
  ...[-1e6, 1e6].map((mean) => ({ mean: [0, 0, mean] })),
  ...[1e-6, 1e6].map((std) => ({ std: [1, 1, std] })),
  ...[1e-9, 1e6].map((rescale) => ({ rescale })),
  ...['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'].map((interpolation) => ({ interpolation })),
  { resize: { kind: 'none' } },
  ...[1, 65536].map((size) => ({ resize: { kind: 'shorter-side', size } })),
  ...[1, 1e9].map((longest) => ({ resize: { kind: 'shorter-side', size: 8, longest } })),
  { resize: { kind: 'exact', height: 1, width: 65536 } },
  { resize: { kind: 'exact', height: 65536, width: 1 } },
  ...[0, 1].map((longest) => ({ resize: { kind: 'keep-ratio', height: 8, width: 8, longest } })),
  { crop },
  { crop: { height: 1, width: 65536, fill: [0, 128, 255] } },
  { crop: { height: 65536, width: 1, fill: [255, 0, 255] } },
  ...['half-even', 'floor'].map((rounding) => ({ crop: { ...crop, rounding } })),
  ...[0.01, 0.875, 10].map((cropPercent) => ({ cropPercent })),
  // 2^30 values and no more; a crop counts, and not what is resized to
  { channels: 1, mean: [0], std: [1], resize: { kind: 'exact', height: 32768, width: 32768 } },
  { resize: { kind: 'exact', height: 65536, width: 65536 }, crop },
  { resize: { kind: 'keep-ratio', height: 65536, width: 65536, longest: 0 } },
]; // prettier-ignore

test('everything within its range is taken', () => {
  for (const changes of good) assert.equal(said(changes), null, JSON.stringify(changes).slice(0, 100));
});

const bad: [changes: object, message: string][] = [
  ...[0, 1025, 1.5, '3', null].map((channels): [object, string] => [{ channels }, `channels is ${JSON.stringify(channels)}, but must be from 1 to 1024`]),
  [{ channels: undefined }, 'channels is nothing, but must be from 1 to 1024'],
  [{ channels: NaN }, 'channels is NaN, but must be from 1 to 1024'],
  ...[[0, 0], [0, 0, 0, 0], [0, 0, -1000001], [1000001, 0, 0], [0, 0, '0'], 'abc', { length: 3 }].map((mean): [object, string] => [
    { mean },
    `mean is ${JSON.stringify(mean)}, but must be 3 numbers from -1000000 to 1000000`,
  ]),
  ...[[1, 1], [1, 1, 0], [9.9e-7, 1, 1], [1, 1, 1000001], [1, null, 1]].map((std): [object, string] => [
    { std },
    `std is ${JSON.stringify(std)}, but must be 3 numbers from 0.000001 to 1000000`,
  ]),
  ...[0, 9.9e-10, 1000001, '1'].map((rescale): [object, string] => [{ rescale }, `rescale is ${JSON.stringify(rescale)}, but must be a number from 1e-9 to 1000000`]),
  ...['cubic', 'toString', 3, ['bicubic']].map((interpolation): [object, string] => [
    { interpolation },
    `interpolation is ${JSON.stringify(interpolation)}, but must be one of nearest, box, bilinear, hamming, bicubic, lanczos`,
  ]),
  ...[
    null,
    'exact',
    {},
    { kind: 'shorter-side' },
    { kind: 'shorter-side', size: 0 },
    { kind: 'shorter-side', size: 65537 },
    { kind: 'shorter-side', size: 1.5 },
    { kind: 'shorter-side', size: 8, longest: 0 },
    { kind: 'shorter-side', size: 8, longest: 1e9 + 1 },
    { kind: 'exact', height: 0, width: 8 },
    { kind: 'exact', height: 8, width: 65537 },
    { kind: 'exact', height: 8 },
    { kind: 'keep-ratio', height: 8, width: 8 },
    { kind: 'keep-ratio', height: 8, width: 8, longest: 2 },
    { kind: 'keep-ratio', height: 8, width: 0, longest: 0 },
    { kind: 'other', height: 8, width: 8, longest: 0 },
  ].map((resize): [object, string] => [{ resize }, `resize is ${cut(resize)}, but must be whole numbers of pixels from 1 to 65536`]),
  ...[
    undefined,
    7,
    {},
    { ...crop, height: 0 },
    { ...crop, height: 65537 },
    { ...crop, width: 0 },
    { ...crop, width: 65537 },
    { ...crop, fill: [0, 0] },
    { ...crop, fill: [0, 0, 256] },
    { ...crop, fill: [-1, 0, 0] },
    { ...crop, fill: [0, 0.5, 0] },
    { ...crop, rounding: 'up' },
  ].map((crop): [object, string] => [{ crop }, `crop is ${cut(crop)}, but must be whole numbers of pixels from 1 to 65536`]),
  ...[0, 0.0099, 10.01, null].map((cropPercent): [object, string] => [{ cropPercent }, `cropPercent is ${JSON.stringify(cropPercent)}, but must be a number from 0.01 to 10`]),
  [{ channels: 1, mean: [0], std: [1], resize: { kind: 'exact', height: 32768, width: 32769 } }, 'the input has 32768 x 32769 pixels of 1 channels, more than 1073741824 values'],
  [{ resize: { kind: 'none' }, crop: { ...crop, height: 18919, width: 18919 } }, 'the input has 18919 x 18919 pixels of 3 channels, more than 1073741824 values'],
]; // prettier-ignore

/** As it is shown: 60 characters, and that there are more. */
function cut(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

for (const [changes, message] of bad) test(message.slice(0, 90), () => assert.equal(said(changes), message));

test('a value of 60 characters is shown whole, a longer one cut', () => {
  const of = (length: number) => said({ interpolation: 'x'.repeat(length - 2) });
  assert.ok(of(60)!.startsWith(`interpolation is "${'x'.repeat(58)}", but`));
  assert.ok(of(61)!.startsWith(`interpolation is "${'x'.repeat(59)}…, but`));
});
