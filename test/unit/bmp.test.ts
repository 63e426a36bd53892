import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeBmp, isBmp } from '../../extension/image/bmp';

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

/** A bitmap with a BITMAPCOREHEADER: three bytes a colour. */
function core({ width, height, bits, table = [], pixels }: Fields): Uint8Array {
  const header = Buffer.alloc(26);
  header.write('BM');
  header.writeUInt32LE(26 + table.length, 10);
  header.writeUInt32LE(12, 14);
  header.writeUInt16LE(width, 18);
  header.writeInt16LE(height, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt16LE(bits, 24);
  return Buffer.concat([header, Uint8Array.from(table), Uint8Array.from(pixels)]);
}

/** Its pixels further behind. */
function moved(bytes: Uint8Array, by: number): Uint8Array {
  const longer = Buffer.concat([bytes.subarray(0, 54), Buffer.alloc(by, 77), bytes.subarray(54)]);
  longer.writeUInt32LE(54 + by, 10);
  return longer;
}

/** Whole but for its pixels, with a header that says it is so long. */
function withInfoSize(size: number): Uint8Array {
  const bytes = Buffer.from(bitmap({ width: 1, height: 1, bits: 24, pixels: [] }));
  bytes.writeUInt32LE(size, 14);
  return bytes;
}

/** Of a byte each: red, green and blue, where masks belong to that compression. */
const masksOf = (compression: number): number[] =>
  compression === 3 || compression === 6 ? [0, 0, 0xff, 0, 0, 0xff, 0, 0, 0xff, 0, 0, 0] : [];

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

  test('rows of several pixels, each of whole 32-bit words, lie behind whatever the header says', () => {
    // 2 x 2 of 24 bits: six bytes and two of padding a row
    const rows = [3, 2, 1, 6, 5, 4, 99, 99, 9, 8, 7, 12, 11, 10, 99, 99];
    const colours = bitmap({ width: 2, height: -2, bits: 24, pixels: rows });
    assert.deepEqual(decoded(colours), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    assert.deepEqual(decoded(moved(colours, 5)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    // 9 x 2 of 4 bits: five bytes and three of padding a row
    const nine = [0x01, 0x20, 0x12, 0x01, 0x20, 9, 9, 9, 0x21, 0x02, 0x10, 0x21, 0x10, 9, 9, 9];
    const mixed = [1, 2, 3, 0, 4, 5, 6, 0, 7, 8, 9, 0];
    const of = (...indices: number[]) => indices.flatMap((i) => [mixed[4 * i + 2]!, mixed[4 * i + 1]!, mixed[4 * i]!]);
    const four = bitmap({ width: 9, height: -2, bits: 4, table: mixed, pixels: nine });
    const [first, second] = [[0, 1, 2, 0, 1, 2, 0, 1, 2], [2, 1, 0, 2, 1, 0, 2, 1, 1]] as const; // prettier-ignore
    assert.deepEqual(decoded(four), of(...first, ...second));
    // 33 x 2 of 1 bit: two words a row, and only the first bit of the second one is a pixel
    const bits = [0xff, 0, 0xff, 0, 0x7f, 0, 0, 0, 0, 0xff, 0, 0xff, 0x80, 0, 0, 0];
    const one = bitmap({ width: 33, height: -2, bits: 1, table: mixed.slice(0, 8), pixels: bits });
    const eight = (index: number) => Array.from({ length: 8 }, () => index);
    const line = (a: number, b: number) => [...eight(a), ...eight(b), ...eight(a), ...eight(b)];
    assert.deepEqual(decoded(one), of(...line(1, 0), 0, ...line(0, 1), 1));
  });

  test('the oldest header: sides of 16 bits, and a palette of three bytes a colour', () => {
    // 16 colours; the four bytes at 46, where other headers count them, are 1, 0, 0, 0
    const table = Array.from({ length: 48 }, (_, i) => (i < 20 || i > 23 ? 100 + i : i === 20 ? 1 : 0));
    const bytes = core({ width: 2, height: 2, bits: 4, table, pixels: [0x8f, 0, 0, 0, 0x60, 0, 0, 0] });
    const colour = (i: number) => [table[3 * i + 2], table[3 * i + 1], table[3 * i]];
    assert.deepEqual(decoded(bytes), [...colour(6), ...colour(0), ...colour(8), ...colour(15)]);
    const empty = core({ width: 1, height: 1, bits: 24, pixels: [] });
    assert.equal(empty.length, 26);
    assert.throws(() => decoded(empty), { message: 'is truncated: its pixels need 4 bytes, but 0 are there' });
    assert.throws(() => decoded(empty.slice(0, 25)), { message: 'is truncated within its header' });
  });

  test('a palette as long as the header says, or as the bits allow; behind a longer header, too', () => {
    // three colours are stored: the fourth would be the pixels themselves
    const three = bitmap({ width: 1, height: 1, bits: 8, table: palette, pixels: [3, 0, 0, 0] });
    assert.deepEqual(decoded(three), [0, 0, 0]);
    const unsaid = bitmap({ width: 2, height: 1, bits: 1, table: palette.slice(4), pixels: [0b01000000, 0, 0, 0] });
    Buffer.from(unsaid.buffer).writeUInt32LE(0, unsaid.byteOffset + 46);
    assert.deepEqual(decoded(unsaid), [...green, ...blue]);
    const longer = Buffer.concat([bitmap({ width: 1, height: 1, bits: 8, table: palette, pixels: [] }).subarray(0, 54), Buffer.alloc(84), Uint8Array.from([...palette, 2, 0, 0, 0])]); // prettier-ignore
    longer.writeUInt32LE(124, 14);
    longer.writeUInt32LE(54 + 84 + palette.length, 10);
    assert.deepEqual(decoded(longer), blue);
  });

  test('which compression goes with which bits', () => {
    const known = ['0:1', '0:4', '0:8', '0:16', '0:24', '0:32', '1:8', '2:4', '3:16', '3:32', '6:16', '6:32'];
    for (const compression of [0, 1, 2, 3, 4, 5, 6, 7]) {
      for (const bits of [0, 1, 2, 4, 8, 16, 24, 32, 48]) {
        const pixels = Array.from({ length: 64 }, () => 0);
        const read = () => decoded(bitmap({ width: 1, height: 1, bits, compression, table: masksOf(compression), pixels })); // prettier-ignore
        if (known.includes(`${compression}:${bits}`)) assert.equal(read().length, 3);
        else assert.throws(read, { message: `is a kind of bitmap that is not supported (${bits} bits, compression ${compression})` }); // prettier-ignore
      }
    }
  });

  test('masks of any width, with alpha or without, and none', () => {
    const alpha = bitmap({ width: 1, height: 1, bits: 32, compression: 6, table: masksOf(6), pixels: [9, 8, 7, 6] });
    assert.deepEqual(decoded(alpha), [7, 8, 9]);
    // ten bits of red at the top, none of green, one of blue
    const odd = [0, 0, 0xc0, 0xff, 0, 0, 0, 0, 1, 0, 0, 0];
    const bytes = bitmap({ width: 1, height: 1, bits: 32, compression: 3, table: odd, pixels: [0xff, 0xff, 0x3f, 0x80] }); // prettier-ignore
    assert.deepEqual(decoded(bytes), [Math.floor((512 * 255) / 1023), 0, 255]);
    const short = bitmap({ width: 1, height: 1, bits: 32, compression: 3, table: odd, pixels: [] });
    assert.throws(() => decoded(short), { message: 'is truncated: its pixels need 4 bytes, but 0 are there' });
    assert.throws(() => decoded(short.subarray(0, 65)), { message: 'is truncated within its header' });
  });

  test('run lengths stay in their row, move in both directions, and end with the last row', () => {
    const runs = (height: number, pixels: number[], width = 2) =>
      decoded(bitmap({ width, height, bits: 8, compression: 1, table: palette, pixels }));
    // four blue pixels in a row of two: the row below keeps its green
    assert.deepEqual(runs(2, [2, 1, 0, 0, 4, 2, 0, 1]), [...blue, ...blue, ...green, ...green]);
    assert.deepEqual(runs(-2, [4, 2, 0, 0, 2, 1, 0, 1]), [...blue, ...blue, ...green, ...green]);
    // no end is said after the last row
    assert.deepEqual(runs(1, [2, 1, 0, 0]), [...green, ...green]);
    // one to the right and one up
    assert.deepEqual(runs(2, [0, 2, 1, 1, 1, 2, 0, 1]), [...red, ...blue, ...red, ...red]);
    // four literals need no padding, three do; a run goes on behind them
    assert.deepEqual(runs(1, [0, 4, 2, 0, 1, 2, 1, 1, 0, 1], 5), [...blue, ...red, ...green, ...blue, ...green]);
    assert.deepEqual(runs(1, [0, 3, 2, 0, 1, 9, 2, 2, 0, 1], 5), [...blue, ...red, ...green, ...blue, ...blue]);
    // of 4 bits five literals are three bytes, and one of padding
    const nibbles = bitmap({ width: 6, height: 1, bits: 4, compression: 2, table: palette, pixels: [0, 5, 0x21, 0x01, 0x20, 9, 1, 0x10, 0, 1] }); // prettier-ignore
    assert.deepEqual(decoded(nibbles), [...blue, ...green, ...red, ...green, ...blue, ...green]);
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
      [bitmap({ ...good, height: 0 }), /says it has 1 x 0 pixels/],
      [bitmap({ ...good, height: 2 }), /is truncated: its pixels need 8 bytes, but 4 are there/],
      [withInfoSize(11), /has a damaged bitmap header/],
      [withInfoSize(39), /has a damaged bitmap header/],
      [withInfoSize(40), /is truncated: its pixels need 4 bytes, but 0 are there/],
      [withInfoSize(41), /has a damaged bitmap header/],
    ];
    for (const [bytes, message] of cases) assert.throws(() => decodeBmp(bytes, 1000), { message });
  });
});

test('a bitmap begins with BM', () => {
  assert.deepEqual(['BM', 'BMx', 'B', '', 'BX', 'XM'].map((text) => isBmp(Buffer.from(text))), [true, true, false, false, false, false]); // prettier-ignore
});
