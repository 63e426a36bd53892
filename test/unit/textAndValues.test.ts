/** Files' small parts: lines of CSV, JSON as programs write it, how deep it nests, pointers of Git LFS, numbers of 16 bits, values that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvField, parseCsv } from '../../extension/files/csv';
import { bytesOf, firstNonFinite, nonFiniteIn, placeIn } from '../../extension/files/finite';
import { halfToNumber, toHalf } from '../../extension/files/half';
import { decodeText, parseJson } from '../../extension/files/json';
import { MOST_NESTING, nestedTooDeep } from '../../extension/files/jsonLimits';
import { isLfsPointer, LFS_REASON } from '../../extension/files/lfsPointer';
import { emptySummary, joined } from '../../extension/files/values';

test('CSV: fields with commas, quotes and line breaks, and what ends a line', () => {
  const cases: [text: string, rows: string[][]][] = [
    ['', []],
    ['\n\r\n\n', []],
    ['a', [['a']]],
    ['a,b\nc,d\r\ne,f', [['a', 'b'], ['c', 'd'], ['e', 'f']]], // prettier-ignore
    [',\n', [['', '']]],
    ['a,', [['a', '']]],
    [',a', [['', 'a']]],
    ['"a,b","c""d"\n"e\nf"\r\n', [['a,b', 'c"d'], ['e\nf']]],
    ['""', []],
    ['"",x', [['', 'x']]],
    ['"open\nto the end', [['open\nto the end']]],
    // a quote that closes too early is part of a plain field
    ['a\n"b"c,d\ne', [['a'], ['"b"c', 'd'], ['e']]],
    ['a\rb\r\r\nc', [['a'], ['b'], ['c']]],
    ['"a"\r"b,"\r', [['a'], ['b,']]],
  ];
  for (const [text, rows] of cases) assert.deepEqual([...parseCsv(text)], rows, JSON.stringify(text));
  const fields: [text: string, field: string][] = [['a b', 'a b'], ['', ''], ['a,b', '"a,b"'], ['a"b"', '"a""b"""'], ['a\nb', '"a\nb"'], ['a\rb', '"a\rb"']]; // prettier-ignore
  for (const [text, field] of fields) {
    assert.equal(csvField(text), field);
    assert.deepEqual([...parseCsv(`${field},x`)], [[text, 'x']]);
  }
});

test('JSON: byte order marks go, and what Python writes for no number is null', () => {
  const mark = '\uFEFF';
  assert.equal(decodeText(Buffer.from(`${mark}{"a":"${mark}"}`)), `{"a":"${mark}"}`);
  assert.equal(decodeText(Buffer.from(`${mark}é`, 'utf16le')), 'é');
  assert.equal(decodeText(Buffer.of(0xff, 0x41)), '\uFFFDA');
  assert.equal(decodeText(Buffer.of(0x41, 0xfe)), 'A\uFFFD');
  assert.equal(decodeText(Buffer.from('plain')), 'plain');
  const cases: [text: string, value: unknown][] = [
    ['[1]', [1]],
    ['[NaN, Infinity, -Infinity]', [null, null, null]],
    ['{"NaN": NaN, "-Infinity": "NaN"}', { NaN: null, '-Infinity': 'NaN' }],
    ['["", NaN]', ['', null]],
    ['["a\\"NaN", NaN]', ['a"NaN', null]],
    ['["\\\\", NaN, "Infinity"]', ['\\', null, 'Infinity']],
    ['["a\\"bc\\"NaN", NaN, "x"]', ['a"bc"NaN', null, 'x']],
    ['["\\n\\t", -Infinity]', ['\n\t', null]],
  ];
  for (const [text, value] of cases) assert.deepEqual(parseJson(text), value, text);
  for (const text of ['', '[NaN', 'xNaN', '[NaNa]', '"NaN', '["\\', '[NaN, "a\\', 'nope']) assert.throws(() => parseJson(text), SyntaxError, text); // prettier-ignore
});

test('JSON that nests too deep is known where it does, without the brackets in texts and comments', () => {
  const deep = '['.repeat(MOST_NESTING);
  assert.equal(nestedTooDeep(deep + ']'.repeat(MOST_NESTING)), null);
  assert.equal(nestedTooDeep(`${deep}[`), MOST_NESTING);
  assert.equal(nestedTooDeep('{'.repeat(MOST_NESTING + 1)), MOST_NESTING);
  assert.equal(nestedTooDeep('[{}]'.repeat(100)), null);
  for (const hidden of ['"[["', '"\\"[["', '"[\n', '// [[\n', '/* [[ */', '"\\\\"', '/']) {
    assert.equal(nestedTooDeep(deep + hidden + ']'), null, hidden);
    assert.equal(nestedTooDeep(`${deep}${hidden}[`), MOST_NESTING + hidden.length, hidden);
  }
  for (const open of ['"[[', '"[[\\', '// [[', '/* [[', '/* [[ *', '/*/ [[']) assert.equal(nestedTooDeep(deep + open), null, open); // prettier-ignore
});

test('a pointer of Git LFS is known by how it begins', () => {
  const text = 'version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n';
  for (const start of [text, Buffer.from(text), text.slice(0, 23)]) assert.equal(isLfsPointer(start), true);
  for (const start of ['', text.slice(0, 22), ` ${text}`, `x\n${text}`, Buffer.of(0x89)]) assert.equal(isLfsPointer(start), false); // prettier-ignore
  assert.match(LFS_REASON.message, /^is a Git LFS pointer.*"git lfs pull"/);
});

test('numbers of 16 bits: the nearest one, halves to even, as IEEE 754 rounds', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = halfToNumber(bits);
    if (!Number.isNaN(value)) assert.equal(toHalf(value), bits);
  }
  const step = 2 ** -10;
  const cases: [value: number, nearest: number][] = [
    [1 + step / 2, 1],
    [1 + step / 2 + 2 ** -20, 1 + step],
    [1 + (3 * step) / 2, 1 + 2 * step],
    [-(1 + step / 2), -1],
    [65504, 65504],
    [65519, 65504],
    [65520, Infinity],
    [-1e9, -Infinity],
    // in units of 2 ** -24 where there is no exponent
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2 ** -23],
    [2.5 * 2 ** -24, 2 ** -23],
    [1.25 * 2 ** -24, 2 ** -24],
    [-1.75 * 2 ** -24, -(2 ** -23)],
    [2 ** -14 - 2 ** -26, 2 ** -14],
  ];
  for (const [value, nearest] of cases) assert.equal(halfToNumber(toHalf(value)), nearest, String(value));
  assert.deepEqual([NaN, Infinity, -Infinity, -0].map(toHalf), [0x7e00, 0x7c00, 0xfc00, 0x8000]);
});

test('values that are no numbers: how many, the first one, and its place', () => {
  assert.equal(firstNonFinite([1, 2, 3]), -1);
  assert.equal(firstNonFinite([]), -1);
  assert.equal(firstNonFinite([1, -Infinity, NaN]), 1);
  assert.deepEqual((['F32', 'F16', 'BF16'] as const).map(bytesOf), [4, 2, 2]);
  const patterns = {
    F32: new Uint8Array(Uint32Array.of(0x7f7fffff, 0xff800000, 0x3f800000, 0x7fc00000).buffer),
    F16: new Uint8Array(Uint16Array.of(0x7bff, 0xfc00, 0x3c00, 0x7e00).buffer),
    BF16: new Uint8Array(Uint16Array.of(0x7f7f, 0xff80, 0x3f80, 0x7fc0).buffer),
  } as const;
  for (const dtype of ['F32', 'F16', 'BF16'] as const) {
    const bytes = patterns[dtype];
    for (const shift of [0, 1, 2]) {
      const shifted = new Uint8Array(bytes.length + 4);
      shifted.set(bytes, shift);
      const part = shifted.subarray(shift, shift + bytes.length);
      assert.deepEqual(nonFiniteIn(part, dtype), { count: 2, first: 1 }, `${dtype} ${shift}`);
      // a value that is cut is none
      assert.deepEqual(nonFiniteIn(part.subarray(0, -1), dtype), { count: 1, first: 1 });
      assert.equal(nonFiniteIn(part.subarray(0, bytesOf(dtype)), dtype), null);
    }
  }
  const places = [0, 3, 4, 23].map((index) => placeIn([2, 3, 4], index));
  assert.deepEqual(places, ['[0, 0, 0]', '[0, 0, 3]', '[0, 1, 0]', '[1, 2, 3]']);
  assert.equal(placeIn([], 0), '[]');
});

test('what values are like, of two pieces, is what they are like together', () => {
  const first = { count: 4, notFinite: 0, firstNotFinite: -1, zeros: 1, least: -2, most: 3, squares: 13 };
  const second = { count: 3, notFinite: 2, firstNotFinite: 1, zeros: 2, least: -1, most: 5, squares: 26 };
  const both = { count: 7, notFinite: 2, zeros: 3, least: -2, most: 5, squares: 39 };
  assert.deepEqual(joined(first, second), { ...both, firstNotFinite: 5 });
  assert.deepEqual(joined(second, first), { ...both, firstNotFinite: 1 });
  assert.equal(joined(second, second).firstNotFinite, 1);
  for (const one of [first, second]) {
    assert.deepEqual(joined(emptySummary(), one), one);
    assert.deepEqual(joined(one, emptySummary()), one);
  }
});
