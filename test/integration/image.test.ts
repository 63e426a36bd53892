import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { loadBinding } from '../../extension/engine/native/binding';
import { decodeImage } from '../../extension/image/decode';
import { readNpy } from '../../extension/files/npy';
import { preprocess } from '../../extension/image/preprocess';
import type { Preprocessing } from '../../extension/image/preprocessing';

const golden = (folder: string, file: string) => fileURLToPath(new URL(`../golden/${folder}/${file}`, import.meta.url));
const never = new AbortController().signal;
const decode = (file: string) => decodeImage({ path: file }, never);

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'vit-image-'));
});
after(() => rm(folder, { recursive: true }));

describe('decoded pixels are those of Pillow', () => {
  const { cases } = JSON.parse(readFileSync(golden('images', 'cases.json'), 'utf8')) as {
    cases: { file: string; width: number; height: number; channels: number; pixels: [number, number] }[];
  };
  const pixels = readFileSync(golden('images', 'pixels.bin'));
  for (const {
    file,
    width,
    height,
    channels,
    pixels: [offset, bytes],
  } of cases) {
    test(file, async () => {
      const image = await decode(golden('images', file));
      assert.deepEqual([image.width, image.height, image.channels], [width, height, channels]);
      const expected = pixels.subarray(offset, offset + bytes);
      assert.ok(
        expected.equals(image.pixels),
        `first difference at byte ${image.pixels.findIndex((v, i) => v !== expected[i])}`,
      );
    });
  }
});

describe('pictures other readers take', () => {
  /** A TIFF of 4 x 4 pixels, 8 bits, one colour. */
  function tiff(orientation: number, photometric: number, colour: number[]): Buffer {
    const [side, entries] = [4, [[256, 4], [257, 4], [258, 8], [259, 1], [262, photometric], [273, 0], [274, orientation], [277, 3], [278, 4], [279, 48]]] as const; // prettier-ignore
    const data = 8 + 2 + entries.length * 12 + 4;
    const bytes = Buffer.alloc(data + side * side * 3 + 6);
    bytes.write('II*\0', 'latin1');
    bytes.writeUInt32LE(8, 4);
    bytes.writeUInt16LE(entries.length, 8);
    entries.forEach(([tag, value], i) => {
      const at = 10 + i * 12;
      bytes.writeUInt16LE(tag, at);
      bytes.writeUInt16LE(tag === 273 ? 4 : 3, at + 2);
      bytes.writeUInt32LE(tag === 258 ? 3 : 1, at + 4);
      if (tag === 258) bytes.writeUInt32LE(data + side * side * 3, at + 8);
      else bytes.writeUInt32LE(tag === 273 ? data : value, at + 8);
    });
    for (let i = 0; i < side * side; i++) bytes.set(colour, data + 3 * i);
    for (let i = 0; i < 3; i++) bytes.writeUInt16LE(8, data + side * side * 3 + 2 * i);
    return bytes;
  }
  const decodeBytes = (bytes: Uint8Array) => decodeImage({ name: 'picture', bytes }, never);

  test('orientations that are none are upright', async () => {
    for (const orientation of [0, 1, 9, 4711]) {
      const bytes = tiff(orientation, 2, [10, 200, 30]);
      const before = Uint8Array.from(bytes);
      const image = await decodeBytes(bytes);
      assert.deepEqual([image.orientation, ...image.pixels.subarray(0, 3)], [1, 10, 200, 30]);
      assert.deepEqual(Uint8Array.from(bytes), before);
    }
  });

  test('CIE LAB, and an SVG without a size, are named as what they are', async () => {
    for (const photometric of [8, 9, 10])
      await assert.rejects(decodeBytes(tiff(1, photometric, [128, 40, 250])), /is a TIFF in CIE LAB colours.*save it as RGB/);
    for (const svg of ['<svg xmlns="http://www.w3.org/2000/svg"/>', '<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%"/>'])
      await assert.rejects(decodeBytes(Buffer.from(svg)), /is an SVG without a size/);
    await assert.rejects(decodeBytes(Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:0\n')), /Git LFS pointer/);
  }); // prettier-ignore

  test('transparent pixels of a GIF have their colour in the palette', async () => {
    const bytes = readFileSync(golden('images', 'transparent-palette.gif'));
    const { pixels, channels } = await decodeBytes(bytes);
    assert.equal(channels, 3);
    const colours = new Map<string, number>();
    for (let i = 0; i < pixels.length; i += 3) {
      const colour = pixels.subarray(i, i + 3).join();
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    // Pillow's convert('RGB') gives the palette's entry of the transparent index
    assert.ok((colours.get('230,225,119') ?? 0) > 0);
    assert.equal(colours.get('0,0,0'), undefined);
  });
});

describe('preprocessing is that of timm and HF, in every bit', () => {
  const { cases } = JSON.parse(readFileSync(golden('preprocess', 'cases.json'), 'utf8')) as {
    cases: { name: string; picture: string; preprocessing: Preprocessing; shape: number[] }[];
  };
  const tensors = readNpy(readFileSync(golden('preprocess', 'tensors.npy'))).values;
  let offset = 0;
  for (const { name, picture, preprocessing, shape } of cases) {
    const length = shape.reduce((product, side) => product * side, 1);
    const expected = tensors.subarray(offset, (offset += length));
    test(name, async () => {
      const image = await decode(golden('preprocess', picture));
      const result = await preprocess(image, preprocessing, (request) => loadBinding().resize(request));
      assert.deepEqual(result.shape, [1, ...shape]);
      assert.deepEqual(result.values, expected.slice());
    });
  }
});

describe('other formats', () => {
  const stripes = Buffer.from(Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (Math.floor(i / 120) % 2 ? 200 : 40)));
  const picture = () => sharp(stripes, { raw: { width: 40, height: 30, channels: 3 } });

  test('AVIF', async () => {
    const bytes = await picture().avif({ lossless: true }).toBuffer();
    const image = await decodeImage({ name: 'picture.avif', bytes }, never);
    assert.deepEqual([image.format, image.width, image.height], ['avif', 40, 30]);
    assert.deepEqual([...image.pixels.subarray(0, 3)], [40, 40, 40]);
  });

  test('SVG is drawn at its own size, on white', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="6" height="4"><rect width="3" height="4" fill="#f00"/></svg>';
    const image = await decodeImage({ name: 'drawing.svg', bytes: Buffer.from(svg) }, never);
    assert.deepEqual([image.format, image.width, image.height], ['svg', 6, 4]);
    assert.deepEqual([...image.pixels.subarray(0, 3), ...image.pixels.subarray(15, 18)], [255, 0, 0, 255, 255, 255]);
  });

  test('16 bits a channel: the high byte', async () => {
    const wide = Uint16Array.from({ length: 12 }, (_, i) => i * 5000 + 77);
    const bytes = await sharp(wide, { raw: { width: 2, height: 2, channels: 3 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    const image = await decodeImage({ name: 'wide.png', bytes }, never);
    assert.deepEqual(
      [...image.pixels],
      [...wide].map((value) => value >> 8),
    );
  });

  test('CMYK becomes RGB colours close to what was printed', async () => {
    const image = await decode(golden('images', 'cmyk.jpg'));
    assert.deepEqual([image.space, image.channels, image.width, image.height], ['cmyk', 3, 29, 19]);
    const rgb = await decode(golden('images', 'rgb.png'));
    const difference =
      rgb.pixels.reduce((sum, value, i) => sum + Math.abs(value - image.pixels[i]!), 0) / rgb.pixels.length;
    assert.ok(difference < 45, `mean difference ${difference}`);
  });

  test('a colour profile changes the preview, not the pixels', async () => {
    const red = { create: { width: 300, height: 300, channels: 3, background: '#c02020' } } as const;
    const plain = await sharp(red).png().toBuffer();
    const bytes = await sharp(red).withIccProfile('p3').png().toBuffer();
    const [image, unprofiled] = [
      await decodeImage({ name: 'p3.png', bytes }, never),
      await decodeImage({ name: 'plain.png', bytes: plain }, never),
    ];
    const stored = await sharp(bytes, { ignoreIcc: true }).raw().toBuffer();
    assert.deepEqual([...image.pixels.subarray(0, 3)], [...stored.subarray(0, 3)]);
    assert.notDeepEqual([...image.pixels.subarray(0, 3)], [...unprofiled.pixels.subarray(0, 3)]);
    const shown = await sharp(image.preview.bytes).raw().toBuffer();
    for (const [c, value] of [0xc0, 0x20, 0x20].entries()) assert.ok(Math.abs(shown[c]! - value) <= 6);
  });

  test('previews: small ones lossless with alpha, large ones at most 2048 pixels', async () => {
    const small = await decode(golden('images', 'rgba.png'));
    assert.deepEqual([small.preview.mime, small.preview.width, small.preview.height], ['image/png', 29, 19]);
    const shown = await sharp(small.preview.bytes).raw().toBuffer({ resolveWithObject: true });
    assert.equal(shown.info.channels, 4);
    const bytes = await sharp({ create: { width: 3000, height: 1500, channels: 3, background: '#808080' } })
      .jpeg()
      .toBuffer();
    const large = await decodeImage({ name: 'large.jpg', bytes }, never);
    assert.deepEqual([large.width, large.height], [3000, 1500]);
    assert.deepEqual([large.preview.mime, large.preview.width, large.preview.height], ['image/jpeg', 2048, 1024]);
    const clear = { create: { width: 300, height: 300, channels: 4, background: '#80808080' } } as const;
    const glass = await decodeImage({ name: 'glass.png', bytes: await sharp(clear).png().toBuffer() }, never);
    assert.equal(glass.preview.mime, 'image/webp');
    assert.equal((await sharp(glass.preview.bytes).metadata()).hasAlpha, true);
    const none = await decodeImage({ name: 'large.jpg', bytes, preview: false }, never);
    assert.equal(none.preview.bytes.length, 0);
  });

  test('an .npy picture of floats reaches the model unrounded when nothing is resized', async () => {
    const how: Preprocessing = {
      channels: 1,
      resize: { kind: 'exact', height: 1, width: 2 },
      interpolation: 'bicubic',
      crop: null,
      rescale: 1 / 255,
      mean: [0],
      std: [1],
    };
    const header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }".padEnd(117) + '\n';
    const values = new Uint8Array(Float64Array.from([0.123456, 0.9]).buffer);
    const bytes = Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00\x76\x00${header}`, 'latin1'), values]);
    const image = await decodeImage({ name: 'field.npy', bytes }, never);
    const { values: fed } = await preprocess(image, how, (request) => loadBinding().resize(request));
    assert.deepEqual([...fed], [Math.fround(0.123456), Math.fround(0.9)]);
  });
});

describe('bad pictures: one sentence with the name and the reason', () => {
  const good = (name: string) => readFileSync(golden('images', name));
  const half = (name: string) => good(name).subarray(0, Math.floor(good(name).length / 2));
  const cases: [file: string, bytes: () => Uint8Array | Promise<Uint8Array>, reason: RegExp][] = [
    ['empty.png', () => new Uint8Array(), /is empty/],
    ['text.png', () => Buffer.from('just some words\n'), /is not a picture: its contents are none of/],
    ['zeros.jpg', () => new Uint8Array(1000), /is not a picture: its contents are none of/],
    ['cut.png', () => half('rgb.png'), /is truncated or damaged/],
    ['cut.jpg', () => half('orientation-1.jpg'), /is truncated or damaged/],
    ['cut.webp', () => half('lossless.webp'), /is truncated or damaged/],
    ['cut.gif', () => half('still.gif'), /is truncated or damaged/],
    ['cut.tiff', () => half('plain.tiff'), /is truncated or damaged/],
    ['cut.bmp', () => half('24-bit.bmp'), /is truncated: its pixels need/],
    ['cut.npy', () => half('../preprocess/tensors.npy'), /is truncated: its shape/],
    ['huge.png', () => hugePng(), /has 20000 x 20000 pixels \(400 megapixels\), over the limit of 178 megapixels/],
    ['huge.bmp', () => hugeBmp(), /has 20000 x 20000 pixels \(400 megapixels\), over the limit of 178 megapixels/],
  ];
  for (const [file, bytes, reason] of cases) {
    test(file, async () => {
      const full = path.join(folder, file);
      await writeFile(full, await bytes());
      await assert.rejects(decode(full), (error: Error & { code: string }) => {
        assert.equal(error.code, 'ERR_IMAGE');
        assert.match(error.message, reason);
        assert.ok(error.message.startsWith(`${full} `), error.message);
        assert.ok(/^[^\n]+\.$/.test(error.message), 'one line that ends with a full stop');
        return true;
      });
    });
  }

  test('missing.png', () =>
    assert.rejects(decode(path.join(folder, 'missing.png')), {
      code: 'ERR_IMAGE',
      message: /missing\.png does not exist\.$/,
    }));

  test('a directory', () =>
    assert.rejects(decode(folder), { code: 'ERR_IMAGE', message: /is a directory, not a file\.$/ }));

  test('a cancelled request stops before decoding', async () => {
    const signal = AbortSignal.abort();
    await assert.rejects(decodeImage({ path: golden('images', 'rgb.png') }, signal), { code: 'ERR_CANCELLED' });
  });
});

/** 20000 x 20000 black pixels, compressed to some 50 KB. */
const hugePng = () =>
  sharp({ create: { width: 20_000, height: 20_000, channels: 3, background: 'black' }, limitInputPixels: false })
    .toColourspace('b-w')
    .png({ compressionLevel: 9 })
    .toBuffer();

/** Only a header: the size is refused before the pixels are looked for. */
function hugeBmp(): Uint8Array {
  const bytes = Buffer.alloc(54);
  bytes.write('BM');
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(20_000, 18);
  bytes.writeInt32LE(20_000, 22);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}
