/** A GIF's transparency: which bytes say it, and which colour is behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { opaqueGif, withoutAlpha } from '../../extension/image/gif';

const GLOBAL = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
const LOCAL = [21, 22, 23, 24, 25, 26];
/** The screen: 2 x 1 pixels, and a palette of 2 ** (bits + 1) colours, or none. */
const screen = (palette: number[], version = '89a') => {
  const bits = Math.log2(palette.length / 3) - 1;
  return [...Buffer.from(`GIF${version}`), 2, 0, 1, 0, palette.length > 0 ? 0x80 | bits : bits & 0, 0, 0, ...palette];
};
const control = (flags: number, index: number) => [0x21, 0xf9, 4, flags, 10, 0, index, 0];
const comment = [0x21, 0xfe, 2, 65, 66, 1, 67, 0];
const frame = (palette: number[] = []) => [
  ...[0x2c, 0, 0, 0, 0, 2, 0, 1, 0, palette.length > 0 ? 0x80 : 0],
  ...[...palette, 2, 2, 68, 1, 0, 0x3b],
];
const of = (...parts: number[][]) => Uint8Array.from(parts.flat());

test('the first frame loses its transparency, and the colour that was transparent is around it', () => {
  const bytes = of(screen(GLOBAL), comment, control(0b101, 2), frame());
  const found = opaqueGif(bytes)!;
  assert.deepEqual(found.around, [7, 8, 9]);
  const flags = screen(GLOBAL).length + comment.length + 3;
  assert.deepEqual([bytes[flags], found.bytes[flags]], [0b101, 0b100]);
  assert.deepEqual(
    [...found.bytes].filter((byte, i) => byte !== bytes[i]),
    [0b100],
  );
});

test('without transparency the bytes are the same ones, and the palette’s first colour is around', () => {
  for (const version of ['87a', '89a']) {
    const bytes = of(screen(GLOBAL, version), control(0b100, 2), frame());
    const found = opaqueGif(bytes)!;
    assert.equal(found.bytes, bytes);
    assert.deepEqual(found.around, [1, 2, 3]);
  }
});

test('a frame’s own palette comes first; without any the colour is black', () => {
  assert.deepEqual(opaqueGif(of(screen(GLOBAL), control(1, 1), frame(LOCAL)))!.around, [24, 25, 26]);
  assert.deepEqual(opaqueGif(of(screen([]), control(1, 1), frame(LOCAL)))!.around, [24, 25, 26]);
  const short = of(screen([]), [0x2c, 0, 0, 0, 0, 2, 0, 1, 0, 0]);
  assert.deepEqual(opaqueGif(short)!.around.slice(1), [0, 0]);
});

test('of two control blocks both are made opaque, and the later one says the colour', () => {
  const bytes = of(screen(GLOBAL), control(1, 1), control(1, 3), frame());
  const found = opaqueGif(bytes)!;
  assert.deepEqual(found.around, [10, 11, 12]);
  const first = screen(GLOBAL).length + 3;
  assert.deepEqual([found.bytes[first], found.bytes[first + 8]], [0, 0]);
});

test('what is no GIF, or ends before its first frame, is left to others', () => {
  const whole = of(screen(GLOBAL), control(1, 2), frame());
  const head = screen(GLOBAL).length + 8;
  for (let length = 0; length <= head; length++) assert.equal(opaqueGif(whole.slice(0, length)), null, `${length}`);
  assert.ok(opaqueGif(whole.slice(0, head + 1)));
  assert.equal(opaqueGif(of(screen(GLOBAL), [0x3b], frame())), null);
  // the end, and behind it what could be the rest of an extension
  assert.equal(opaqueGif(of(screen(GLOBAL), [0x3b, 0, 0], frame())), null);
  assert.equal(opaqueGif(of(screen(GLOBAL, '88a'), frame())), null);
  assert.equal(opaqueGif(of([0], screen(GLOBAL), frame())), null);
  assert.equal(opaqueGif(of([...Buffer.from('GIF89ab')], screen(GLOBAL).slice(7), frame())) === null, false);
});

test('transparent pixels get the colour, others keep theirs', () => {
  const rgba = Uint8Array.from([9, 8, 7, 255, 6, 5, 4, 0, 3, 2, 1, 1]);
  assert.deepEqual([...withoutAlpha(rgba, [70, 80, 90])], [9, 8, 7, 70, 80, 90, 3, 2, 1]);
});
