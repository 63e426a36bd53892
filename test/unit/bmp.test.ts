import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBmp } from '../../extension/image/bmp';

interface Fields {
  width: number;
  height: number;
  bits: number;
  compression?: number;
  /** B, G, R, 0 of each colour, or the three masks of bit fields. */
  table?: number[];
  pixels: number[];
}

/** A bitmap with a BITMAPINFOHEADER. */
function bitmap({ width, height, bits, compression = 0, table = [], pixels }: Fields): Uint8Array {
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54 + table.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(compression, 30);
  header.writeUInt32LE(compression === 3 ? 0 : table.length / 4, 46);
  return Buffer.concat([header, Uint8Array.from(table), Uint8Array.from(pixels)]);
}

const red = [255, 0, 0];
const green = [0, 255, 0];
const blue = [0, 0, 255];
/** 0: red, 1: green, 2: blue */
const palette = [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0];
const decoded = (bytes: Uint8Array) => [...decodeBmp(bytes, 1000).pixels];

describe('bitmaps', () => {
  test('rows go from the bottom up, or from the top down when the height is negative', () => {
    const rows = [0, 0, 255, 0, 0, 255, 0, 0];
    assert.deepEqual(decoded(bitmap({ width: 1, height: 2, bits: 24, pixels: rows })), [...green, ...red]);
    assert.deepEqual(decoded(bitmap({ width: 1, height: -2, bits: 24, pixels: rows })), [...red, ...green]);
  });

  test('4 and 1 bits look colours up, the first pixel in the high bits', () => {
    const four = bitmap({ width: 3, height: 1, bits: 4, table: palette, pixels: [0x21, 0x00, 0, 0] });
    assert.deepEqual(decoded(four), [...blue, ...green, ...red]);
    const one = bitmap({ width: 3, height: 1, bits: 1, table: palette.slice(0, 8), pixels: [0b01000000, 0, 0, 0] });
    assert.deepEqual(decoded(one), [...red, ...green, ...red]);
  });

  test('16 bits: five a colour, or what the masks say', () => {
    const five = bitmap({ width: 2, height: 1, bits: 16, pixels: [0x00, 0x7c, 0x10, 0x00] });
    assert.deepEqual(decoded(five), [...red, 0, 0, Math.floor((16 * 255) / 31)]);
    const masks = [0x00, 0xf8, 0, 0, 0xe0, 0x07, 0, 0, 0x1f, 0, 0, 0];
    const fields = bitmap({
      width: 2,
      height: 1,
      bits: 16,
      compression: 3,
      table: masks,
      pixels: [0xe0, 0x07, 0x1f, 0],
    });
    assert.deepEqual(decoded(fields), [...green, ...blue]);
  });

  test('32 bits with the masks of the last byte', () => {
    const masks = [0, 0, 0, 0xff, 0, 0, 0xff, 0, 0, 0xff, 0, 0];
    const bytes = bitmap({ width: 1, height: 1, bits: 32, compression: 3, table: masks, pixels: [9, 3, 2, 1] });
    assert.deepEqual(decoded(bytes), [1, 2, 3]);
  });

  test('run lengths: runs, literals, jumps and ends', () => {
    const pixels = [2, 1, 0, 3, 2, 0, 1, 0, 0, 0, 0, 2, 1, 0, 1, 2, 0, 1];
    // bottom row: green green | literal blue red green; top row: jump one, blue, the rest is colour 0
    const bytes = bitmap({ width: 5, height: 2, bits: 8, compression: 1, table: palette, pixels });
    const bottom = [...green, ...green, ...blue, ...red, ...green];
    assert.deepEqual(decoded(bytes), [...red, ...blue, ...red, ...red, ...red, ...bottom]);
  });

  test('run lengths of 4 bits alternate two colours', () => {
    const bytes = bitmap({ width: 3, height: 1, bits: 4, compression: 2, table: palette, pixels: [3, 0x12, 0, 1] });
    assert.deepEqual(decoded(bytes), [...green, ...blue, ...green]);
  });

  test('an index beyond the palette is black, not a crash', () => {
    const bytes = bitmap({ width: 1, height: 1, bits: 8, table: palette, pixels: [200, 0, 0, 0] });
    assert.deepEqual(decoded(bytes), [0, 0, 0]);
  });

  test('bad ones are refused', () => {
    const good: Fields = { width: 1, height: 1, bits: 24, pixels: [1, 2, 3, 0] };
    const cases: [Uint8Array, RegExp][] = [
      [bitmap({ ...good, width: 0 }), /says it has 0 x 1 pixels/],
      [bitmap({ ...good, width: -4 }), /says it has -4 x 1 pixels/],
      [bitmap({ ...good, height: -2147483648 }), /has 1 x 2147483648 pixels .*, over the \d+ megapixels/],
      [bitmap({ ...good, pixels: [1, 2] }), /is truncated: its pixels need 4 bytes, but 2 are there/],
      [bitmap({ ...good, bits: 7 }), /not supported \(7 bits, compression 0\)/],
      [bitmap({ ...good, compression: 4 }), /not supported \(24 bits, compression 4\)/],
      [bitmap({ width: 5, height: 1, bits: 8, compression: 1, pixels: [2, 1] }), /is truncated within its pixels/],
      [Buffer.from('BMxxxx'), /is truncated within its header/],
    ];
    for (const [bytes, message] of cases) assert.throws(() => decodeBmp(bytes, 1000), { message });
  });
});
