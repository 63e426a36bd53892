import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ResizeRequest } from '../../native/binding';
import { loadBinding } from '../../extension/engine/native/binding';
import { cases, stored } from '../golden/resize/cases';

const binding = loadBinding();

describe('resize equals Pillow in every bit', () => {
  for (const { name, source, expected, ...request } of cases) {
    test(name, async () => {
      const result = await binding.resize({ ...request, pixels: stored(source) });
      assert.deepEqual(result, stored(expected));
    });
  }
});

describe('resize refuses', () => {
  const request: ResizeRequest = {
    pixels: new Uint8Array(12),
    width: 2,
    height: 2,
    channels: 3,
    box: [0, 0, 2, 2],
    targetWidth: 1,
    targetHeight: 1,
    interpolation: 'bicubic',
  };
  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['too few pixels', { pixels: new Uint8Array(11) }, /pixel bytes is not height \* width \* channels/],
    ['two channels', { channels: 2, pixels: new Uint8Array(8) }, /channels must be 1, 3 or 4/],
    ['no width', { width: 0 }, /width must be a whole number/],
    ['half a pixel', { targetHeight: 1.5 }, /targetHeight must be a whole number/],
    ['a box outside', { box: [0, 0, 2.5, 2] }, /box reaches outside/],
    ['an empty box', { box: [1, 0, 1, 2] }, /box is empty/],
    ['a box that is not a number', { box: [NaN, 0, 2, 2] }, /box reaches outside/],
    ['an unknown interpolation', { interpolation: 'cubic' }, /interpolation must be nearest, box/],
    ['floats', { pixels: new Float32Array(12) }, /pixels must be a Uint8Array/],
  ];
  for (const [name, change, message] of wrong) {
    test(name, async () => {
      await assert.rejects(binding.resize({ ...request, ...change }), { code: 'ERR_ARGUMENT', message });
    });
  }
});

test('many resizes at once do not disturb each other', async () => {
  const wanted = cases.filter(({ interpolation }) => interpolation === 'bicubic');
  const jobs = Array.from({ length: 8 }, () => wanted).flat();
  const results = await Promise.all(
    jobs.map(({ source, ...request }) => binding.resize({ ...request, pixels: stored(source) })),
  );
  results.forEach((result, i) => assert.deepEqual(result, stored(jobs[i]!.expected), jobs[i]!.name));
});
