import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isNpy, readNpy } from '../../extension/files/npy';
import { npyHeader, writeNpy } from '../../extension/files/npyEncoding';
import { decodeNpyPicture } from '../../extension/image/npyPicture';

/** A version 1.0 file with that header and those bytes, as NumPy lays it out. */
function file(dtype: string, fortran: boolean, shape: string, body: Uint8Array): Uint8Array {
  const header = `{'descr': '${dtype}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
  const padded = header.padEnd(Math.ceil((header.length + 11) / 64) * 64 - 11) + '\n';
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(padded, 'latin1'), body]);
}
const bytesOf = (array: Float32Array | Float64Array | Uint16Array) => new Uint8Array(array.buffer);

describe('npy', () => {
  test('what is written is read again', () => {
    const values = Float32Array.from([1.5, -2, 3e-30, Infinity, 0, 7]);
    for (const shape of [[6], [2, 3], [1, 2, 3, 1]]) {
      const bytes = writeNpy(shape, values);
      assert.ok(isNpy(bytes));
      assert.deepEqual(readNpy(bytes), { shape, dtype: '<f4', values });
    }
  });

  test('64 dimensions are read, 65 and headers beyond 10,000 bytes are not', () => {
    const one = (count: number) => `(${'1, '.repeat(count)})`;
    const body = bytesOf(Float32Array.of(7));
    assert.deepEqual(readNpy(file('<f4', true, one(64), body)).values, Float32Array.of(7));
    assert.throws(() => readNpy(file('<f4', false, one(65), body)), {
      message: 'has 65 dimensions, more than the 64 that NumPy knows',
    });
    // version 2.0, whose header may have 4 GB
    const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${one(40_000)}, }`;
    const length = Buffer.alloc(4);
    length.writeUInt32LE(header.length);
    const large = Buffer.concat([Buffer.from('\x93NUMPY\x02\x00', 'latin1'), length, Buffer.from(header), body]);
    assert.throws(() => readNpy(large), { message: /^has a header of \d+ bytes, over the limit of 10000$/ });
    // many dimensions in column-major order cost no more than few
    const values = Float32Array.from({ length: 2 ** 16 }, (_, i) => i);
    const twos = readNpy(file('<f4', true, `(${'2, '.repeat(16)})`, bytesOf(values)));
    assert.deepEqual([...twos.values.subarray(0, 4)], [0, 2 ** 15, 2 ** 14, 2 ** 14 + 2 ** 15]);
  });

  test('sides that are no numbers, or whose product is none, are refused', () => {
    const body = new Uint8Array(64);
    for (const shape of ['(9999999999, 9999999999)', `(${'9'.repeat(400)},)`, '(1 2,)'])
      assert.throws(() => readNpy(file('<f4', false, shape, body)), /impossible shape|too large|is truncated/, shape);
  });

  test('headers are those NumPy writes', () => {
    // numpy.save of numpy.zeros((13, 3, 224, 224), 'float32') begins with these bytes
    const text = "{'descr': '<f4', 'fortran_order': False, 'shape': (13, 3, 224, 224), }";
    const expected = `\x93NUMPY\x01\x00\x76\x00${text.padEnd(117)}\n`;
    assert.equal(Buffer.from(npyHeader([13, 3, 224, 224])).toString('latin1'), expected);
    assert.match(Buffer.from(npyHeader([4])).toString('latin1'), /'shape': \(4,\)/);
  });

  test('float64, uint8, float16 and an array without axes', () => {
    assert.deepEqual(
      [...readNpy(file('<f8', false, '(2,)', bytesOf(Float64Array.from([0.1, -4])))).values],
      [Math.fround(0.1), -4],
    );
    assert.deepEqual([...readNpy(file('|u1', false, '(3,)', Uint8Array.from([0, 128, 255]))).values], [0, 128, 255]);
    assert.deepEqual(
      [...readNpy(file('<f2', false, '(4,)', bytesOf(Uint16Array.from([0x3c00, 0xc000, 0x0001, 0x7c00])))).values],
      [1, -2, 2 ** -24, Infinity],
    );
    assert.deepEqual(readNpy(file('<f4', false, '()', bytesOf(Float32Array.from([5])))), {
      shape: [],
      dtype: '<f4',
      values: Float32Array.from([5]),
    });
  });

  test('column-major files are put in row-major order', () => {
    const body = bytesOf(Float32Array.from([0, 3, 1, 4, 2, 5]));
    assert.deepEqual([...readNpy(file('<f4', true, '(2, 3)', body)).values], [0, 1, 2, 3, 4, 5]);
    // numpy.asfortranarray(numpy.arange(12).reshape(2, 3, 2))
    const three = bytesOf(Float32Array.from([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]));
    assert.deepEqual(
      [...readNpy(file('<f4', true, '(2, 3, 2)', three)).values],
      Array.from({ length: 12 }, (_, i) => i),
    );
  });

  test('bad files are refused with the reason', () => {
    const body = bytesOf(Float32Array.from([1, 2]));
    const cases: [Uint8Array, RegExp][] = [
      [Buffer.from('hello, hello'), /is not a NumPy .npy file/],
      [file('<f4', false, '(3,)', body), /is truncated: its shape \(3\) needs 12 bytes, but 8 are there/],
      [file('<c8', false, '(1,)', body), /values of type <c8/],
      [file('<f4', false, '(99999999, 99999999)', body), /too large|truncated/],
      [file("|O', 'x': '", false, '(1,)', body), /values of type \|O/],
      [file('<f4', false, '"lies"', body), /no plain dtype, order and shape/],
      [file('<f4', false, '(2,)', body).subarray(0, 40), /truncated within its header/],
    ];
    for (const [bytes, message] of cases) assert.throws(() => readNpy(bytes), { message });
  });
});

describe('npy pictures', () => {
  test('(H, W) of float64 in 0..1: bytes are rounded, exact values kept', () => {
    const picture = decodeNpyPicture(file('<f8', false, '(1, 2)', bytesOf(Float64Array.from([0.25, 1]))), 100);
    assert.deepEqual(picture, {
      ...{ width: 2, height: 1, channels: 1 },
      pixels: Uint8Array.from([64, 255]),
      exact: Float32Array.from([0.25, 1]),
    });
  });

  test('(H, W, 4) loses alpha, (3, H, W) is interleaved, (1, H, W) is one channel', () => {
    const rgba = decodeNpyPicture(file('|u1', false, '(1, 1, 4)', Uint8Array.from([1, 2, 3, 4])), 100);
    assert.deepEqual([rgba.channels, [...rgba.pixels]], [3, [1, 2, 3]]);
    const planar = decodeNpyPicture(file('|u1', false, '(3, 1, 2)', Uint8Array.from([1, 2, 3, 4, 5, 6])), 100);
    assert.deepEqual([...planar.pixels], [1, 3, 5, 2, 4, 6]);
    const { pixels, width, height, channels } = decodeNpyPicture(
      file('|u1', false, '(1, 1, 2)', Uint8Array.from([1, 2])),
      100,
    );
    assert.deepEqual([[...pixels], width, height, channels], [[1, 2], 2, 1, 1]);
  });

  test('values out of range, odd shapes and too many pixels are refused', () => {
    const floats = (...values: number[]) => bytesOf(Float32Array.from(values));
    assert.throws(() => decodeNpyPicture(file('<f4', false, '(1, 1)', floats(1.5)), 100), /holds the value 1.5/);
    assert.throws(() => decodeNpyPicture(file('<f4', false, '(1, 1)', floats(NaN)), 100), /holds the value NaN/);
    assert.throws(() => decodeNpyPicture(file('<f4', false, '(1,)', floats(1)), 100), /has shape \(1\)/);
    assert.throws(
      () => decodeNpyPicture(file('<f4', false, '(1, 2)', floats(1, 1)), 1),
      /has 2 x 1 pixels .*, over the/,
    );
  });
});

test('npy pictures: every layout, the edges of their values and of their number, and what is none', () => {
  const uint8 = (shape: string, ...values: number[]) => file('|u1', false, shape, Uint8Array.from(values));
  const floats = (shape: string, ...values: number[]) => file('<f4', false, shape, bytesOf(Float32Array.from(values)));
  const seen = (bytes: Uint8Array, most = 100) => {
    const { pixels, width, height, channels, exact } = decodeNpyPicture(bytes, most);
    return [width, height, channels, [...pixels], exact && [...exact]];
  };
  const six = [1, 2, 3, 4, 5, 6];
  assert.deepEqual(seen(uint8('(2, 3)', ...six)), [3, 2, 1, six, undefined]);
  assert.deepEqual(seen(uint8('(2, 3, 1)', ...six)), [3, 2, 1, six, undefined]);
  assert.deepEqual(seen(uint8('(1, 2, 3)', ...six)), [2, 1, 3, six, undefined]);
  assert.deepEqual(seen(uint8('(1, 3, 2)', ...six)), [2, 3, 1, six, undefined]);
  assert.deepEqual(seen(uint8('(3, 1, 2)', ...six)), [2, 1, 3, [1, 3, 5, 2, 4, 6], undefined]);
  assert.deepEqual(seen(uint8('(2, 1, 4)', 1, 2, 3, 9, 4, 5, 6, 9)), [1, 2, 3, six, undefined]);
  // half a step is rounded up, as a picture of bytes would have it
  assert.deepEqual(seen(floats('(1, 3)', 0, 0.5, 1)), [3, 1, 1, [0, 128, 255], [0, 0.5, 1]]);
  assert.deepEqual(seen(uint8('(1, 2)', 0, 255), 2), [2, 1, 1, [0, 255], undefined]);
  const say = "but a picture's values lie in 0..1 (floats) or 0..255 (uint8)";
  assert.throws(() => decodeNpyPicture(floats('(1, 1)', -0.5), 9), { message: `holds the value -0.5, ${say}` });
  for (const shape of ['(0, 2)', '(2, 0, 3)', '(5, 2, 2)', '(4, 5, 5)', '(1, 1, 1, 1)', '(6,)', '()'])
    assert.throws(() => decodeNpyPicture(uint8(shape, ...Array.from({ length: 100 }, () => 0)), 100), { message: `has shape ${shape.replace(',)', ')')}, but a picture is (H, W), (H, W, C) or (C, H, W) with 1, 3 or 4 channels` }, shape); // prettier-ignore
});

test('npy: big-endian numbers, the least header, and bytes behind the values', () => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, -2.5);
  assert.deepEqual([...readNpy(file('>f8', false, '(1,)', new Uint8Array(view.buffer))).values], [-2.5]);
  view.setFloat32(0, 1.5);
  view.setFloat32(4, 7);
  assert.deepEqual([...readNpy(file('>f4', false, '(1,)', new Uint8Array(view.buffer))).values], [1.5]);
  assert.equal(isNpy(Buffer.from('\x93NUMPY\x01\0', 'latin1')), false);
  assert.equal(isNpy(Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1')), true);
  assert.throws(() => readNpy(Buffer.from('\x93NUMPY\x01\0\0\0', 'latin1')), /gives no plain dtype, order and shape/);
  assert.throws(() => readNpy(Buffer.from('\x93NUMPY\x02\0\0\0', 'latin1')), /is truncated within its header/);
});
