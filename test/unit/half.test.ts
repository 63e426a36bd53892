import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfToNumber } from '../../extension/files/half';

test('every binary16 pattern stands for the number IEEE 754 says', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const sign = bits & 0x8000 ? -1 : 1;
    const want =
      exponent === 31
        ? fraction
          ? NaN
          : sign * Infinity
        : sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14);
    assert.ok(Object.is(halfToNumber(bits), want), `pattern ${bits} is ${halfToNumber(bits)}`);
  }
});
