import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resize } from '../../extension/image/resize';
import { cases, stored } from '../golden/resize/cases';

describe('the resize without the addon equals Pillow in every bit', () => {
  for (const { name, source, expected, ...request } of cases.filter(({ channels }) => channels < 4)) {
    test(name, () => {
      const before = stored(source);
      const result = resize({ ...request, pixels: before });
      assert.deepEqual(result, stored(expected));
      assert.deepEqual(before, stored(source), 'the source is not written to');
    });
  }
});
