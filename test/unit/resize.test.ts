import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { ResizeRequest } from '../../native/binding';
import { resize } from '../../extension/image/resize';

type Stored = [offset: number, bytes: number];

interface Case extends Omit<ResizeRequest, 'pixels' | 'antialias'> {
  name: string;
  source: Stored;
  expected: Stored;
}

const golden = new URL('../golden/resize/', import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL('cases.json', golden), 'utf8')) as { cases: Case[] };
const pixels = readFileSync(new URL('pixels.bin', golden));
const stored = ([offset, bytes]: Stored) => new Uint8Array(pixels.subarray(offset, offset + bytes));

describe('the resize without the addon equals Pillow in every bit', () => {
  for (const { name, source, expected, ...request } of cases.filter(({ channels }) => channels < 4)) {
    test(name, () => {
      const before = stored(source);
      const result = resize({ ...request, pixels: before, antialias: true });
      assert.deepEqual(result, stored(expected));
      assert.deepEqual(before, stored(source), 'the source is not written to');
    });
  }
});
