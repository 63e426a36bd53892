/** Values to pixels and files: fields that fade, grow and are cut out; PNG; floats of every width. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, inflateSync } from 'node:zlib';
import { cutOut, enlarge, paint, type Field } from '../../extension/drawing/raster';
import { floatsOf } from '../../extension/files/floats';
import { writePng } from '../../extension/files/png';

/** Grey, so that a colour says its position. */
const greys = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));
const field = (rows: number, columns: number, ...values: number[]): Field => ({ rows, columns, values });

test('a pixel is its value’s colour; what fades lets show through; nothing is drawn where nothing is', () => {
  const values = field(1, 6, 0, 1, 2, 3, 4, NaN);
  const of = (fade?: 'none' | 'low' | 'middle') => {
    const pixels = paint(values, [0, 4] as never, greys, fade);
    return Array.from({ length: 6 }, (_, i) => [...pixels.slice(4 * i, 4 * i + 4)]);
  };
  const colours = [0, 64, 128, 191, 255].map((grey) => [grey, grey, grey]);
  const with_ = (...alphas: number[]) => [...colours.map((rgb, i) => [...rgb, alphas[i]!]), [0, 0, 0, 0]];
  assert.deepEqual(of(), with_(255, 255, 255, 255, 255));
  assert.deepEqual(of('none'), with_(255, 255, 255, 255, 255));
  assert.deepEqual(of('low'), with_(0, 64, 128, 191, 255));
  assert.deepEqual(of('middle'), with_(255, 128, 0, 128, 255));
});

test('enlarged, the middle of a patch keeps its value, and edges are not mixed with what is beyond', () => {
  const { rows, columns, values } = enlarge(field(2, 2, 0, 3, 6, 9), 3);
  assert.deepEqual([rows, columns], [6, 6]);
  const row = (r: number) =>
    [...(values as Float32Array).slice(6 * r, 6 * r + 6)].map((value) => Number(value.toFixed(5)));
  assert.deepEqual(row(0), [0, 0, 1, 2, 3, 3]);
  assert.deepEqual(row(1), [0, 0, 1, 2, 3, 3]);
  assert.deepEqual(row(2), [2, 2, 3, 4, 5, 5]);
  assert.deepEqual(row(5), [6, 6, 7, 8, 9, 9]);
  const wide = enlarge(field(1, 3, 1, 2, 3), 1);
  assert.deepEqual([wide.rows, wide.columns, [...(wide.values as Float32Array)]], [1, 3, [1, 2, 3]]);
});

test('nothing is spread where nothing is', () => {
  const { values } = enlarge(field(2, 2, NaN, 4, 8, NaN), 2);
  // the nearer one decides, from either side and from above and below
  const seen = [...(values as Float32Array)].map((value) => (Number.isNaN(value) ? null : value));
  assert.deepEqual(seen, [null, null, 4, 4, null, null, 4, 4, 8, 8, null, null, 8, 8, null, null]);
});

test('a cell without a value is cut out, whole', () => {
  const cells = field(2, 2, 1, NaN, 2, 3);
  const cut = cutOut(field(4, 4, ...Array.from({ length: 16 }, (_, i) => i)), cells);
  assert.deepEqual([cut.rows, cut.columns], [4, 4]);
  assert.deepEqual([...(cut.values as Float32Array)], [0, 1, NaN, NaN, 4, 5, NaN, NaN, 8, 9, 10, 11, 12, 13, 14, 15]);
  // at the end of one row of cells and the beginning of the next
  const below = cutOut(field(4, 4, ...Array.from({ length: 16 }, (_, i) => i)), field(2, 2, 1, 2, NaN, 3));
  assert.deepEqual([...(below.values as Float32Array)], [0, 1, 2, 3, 4, 5, 6, 7, NaN, NaN, 10, 11, NaN, NaN, 14, 15]);
});

test('a PNG: its chunks, their sums, and its lines', () => {
  const rgb = Uint8Array.from({ length: 2 * 3 * 3 }, (_, i) => i);
  const png = Buffer.from(writePng(3, 2, rgb));
  assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const chunks: Record<string, Buffer> = {};
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    const named = png.subarray(at + 4, at + 8 + length);
    assert.equal(png.readUInt32BE(at + 8 + length), crc32(named));
    chunks[named.toString('latin1', 0, 4)] = named.subarray(4);
    at += 12 + length;
  }
  assert.deepEqual(Object.keys(chunks), ['IHDR', 'IDAT', 'IEND']);
  assert.deepEqual([...chunks['IHDR']!], [0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0]);
  assert.deepEqual([...inflateSync(chunks['IDAT']!)], [0, ...rgb.slice(0, 9), 0, ...rgb.slice(9)]);
  assert.equal(chunks['IEND']!.length, 0);
});

test('floats of 32 and 16 bits, wherever they lie', () => {
  const values = [1, -2, 0.5, 65280];
  const [f32, f16, bf16] = [
    Buffer.from(Float32Array.from(values).buffer),
    Buffer.from(Uint16Array.from([0x3c00, 0xc000, 0x3800, 0x7bf8]).buffer),
    Buffer.from(Uint16Array.from([0x3f80, 0xc000, 0x3f00, 0x477f]).buffer),
  ];
  for (const [dtype, bytes] of [
    ['F32', f32],
    ['F16', f16],
    ['BF16', bf16],
  ] as const) {
    // prettier-ignore
    for (const shift of [0, 1, 2, 3]) {
      const shifted = new Uint8Array(bytes.length + 8);
      shifted.set(bytes, shift);
      const part = shifted.subarray(shift, shift + bytes.length);
      assert.deepEqual([...floatsOf(part, dtype)], values, `${dtype} ${shift}`);
      // what is less than a value at the end is left out
      assert.deepEqual([...floatsOf(shifted.subarray(shift, shift + bytes.length + 1), dtype)], values);
      assert.deepEqual([...floatsOf(part.subarray(0, bytes.length - 1), dtype)], values.slice(0, 3));
    }
  }
});
