/** TIFFs that libvips refuses and others read: an orientation that is none, in both byte orders and in BigTIFF. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FileFault } from '../../extension/errors/fileFault';
import { readableTiff } from '../../extension/image/tiff';

type Entry = [tag: number, value: number, type?: number];
const [ORIENTATION, PHOTOMETRIC, SAMPLE_FORMAT] = [274, 262, 339];
const forms = [
  [true, false],
  [false, false],
  [true, true],
  [false, true],
] as const;

/** The first directory, behind eight bytes of something else; and where the values of its entries are. */
function tiff(little: boolean, big: boolean, entries: Entry[], more = 0) {
  const [countBytes, entryBytes, valueAt, at] = big ? [8, 20, 12, 24] : [2, 12, 8, 16];
  const bytes = new Uint8Array(at + countBytes + entries.length * entryBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, big ? 43 : 42, little);
  if (big) {
    view.setBigUint64(8, BigInt(at), little);
    view.setBigUint64(at, BigInt(entries.length + more), little);
  } else {
    view.setUint32(4, at, little);
    view.setUint16(at, entries.length + more, little);
  }
  const places = entries.map(([tag, value, type = 3], i) => {
    const entry = at + countBytes + i * entryBytes;
    view.setUint16(entry, tag, little);
    view.setUint16(entry + 2, type, little);
    view.setUint16(entry + valueAt, value, little);
    return entry + valueAt;
  });
  return { bytes, places };
}

const changed = (before: Uint8Array, after: Uint8Array) =>
  [...after.keys()].filter((i) => after[i] !== before[i]).map((i) => [i, after[i]]);

for (const [little, big] of forms) {
  const name = `${big ? 'BigTIFF' : 'TIFF'}, ${little ? 'little' : 'big'}-endian`;
  test(`${name}: an orientation from 1 to 8 stays; 0 and 9 are upright`, () => {
    for (const orientation of [1, 2, 8]) {
      const { bytes } = tiff(little, big, [[PHOTOMETRIC, 2], [ORIENTATION, orientation]]); // prettier-ignore
      assert.equal(readableTiff(bytes), bytes);
    }
    for (const orientation of [0, 9]) {
      const { bytes, places } = tiff(little, big, [[PHOTOMETRIC, 2], [ORIENTATION, orientation]]); // prettier-ignore
      const before = Uint8Array.from(bytes);
      const upright = readableTiff(bytes);
      assert.deepEqual(bytes, before, 'what was given is not written to');
      assert.deepEqual(changed(bytes, upright), [[places[1]! + (little ? 0 : 1), 1]]);
    }
  });

  test(`${name}: CIE LAB is refused unless its samples are floats`, () => {
    for (const lab of [8, 9, 10]) {
      assert.throws(
        () => readableTiff(tiff(little, big, [[PHOTOMETRIC, lab]]).bytes),
        (error) => error instanceof FileFault && /CIE LAB/.test(error.message),
      );
      const floats = tiff(little, big, [[PHOTOMETRIC, lab], [SAMPLE_FORMAT, 3]]).bytes; // prettier-ignore
      assert.equal(readableTiff(floats), floats);
    }
    for (const other of [1, 2, 7, 11]) assert.ok(readableTiff(tiff(little, big, [[PHOTOMETRIC, other]]).bytes));
  });

  test(`${name}: an entry of another type is passed over; a directory that is longer than the file ends with it`, () => {
    const { bytes } = tiff(little, big, [[ORIENTATION, 9, 4]]);
    assert.equal(readableTiff(bytes), bytes);
    const cut = tiff(little, big, [[ORIENTATION, 9]], 5);
    assert.equal(changed(cut.bytes, readableTiff(cut.bytes)).length, 1);
    const short = cut.bytes.slice(0, -1);
    assert.equal(readableTiff(short), short);
    for (const length of [0, 15, 16, big ? 31 : 17]) {
      const part = cut.bytes.slice(0, length);
      assert.equal(readableTiff(part), part);
    }
  });
}

test('bytes of another kind come back as they are', () => {
  const { bytes } = tiff(true, false, [[ORIENTATION, 9]]);
  for (const [at, value] of [
    [0, 0x50],
    [2, 41],
    [2, 44],
  ] as const) {
    // prettier-ignore
    const other = Uint8Array.from(bytes);
    other[at] = value;
    assert.equal(readableTiff(other), other);
  }
});

test('a byte order is two letters that are the same; a directory is read to its thousandth entry', () => {
  const { bytes } = tiff(false, false, [[ORIENTATION, 9]]);
  for (const at of [0, 1]) {
    const other = Uint8Array.from(bytes);
    other[at] = 0x49;
    assert.equal(readableTiff(other), other);
  }
  const others = (count: number): Entry[] => Array.from({ length: count }, (_, i) => [1000 + i, 1]);
  const last = tiff(true, false, [...others(999), [ORIENTATION, 9]]).bytes;
  assert.equal(changed(last, readableTiff(last)).length, 1);
  const beyond = tiff(true, false, [...others(1000), [ORIENTATION, 9]]).bytes;
  assert.equal(readableTiff(beyond), beyond);
});
