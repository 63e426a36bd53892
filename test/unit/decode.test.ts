/** What is known of a picture once it is decoded: its kind, its limits, its preview. Its pixels are compared with Pillow's in test/integration/image.test.ts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import sharp from 'sharp';
import { writeNpy } from '../../extension/files/npyEncoding';
import { decodeImage, decodePixels } from '../../extension/image/decode';
import { IMAGE_EXTENSIONS, isImagePath } from '../../extension/image/pictureKinds';
import { assertPixels, mostPixels } from '../../extension/image/pixelLimit';

const folder = mkdtempSync(path.join(tmpdir(), 'decode-'));
after(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;
const flat = (width: number, height: number, background = '#102030') =>
  sharp({ create: { width, height, channels: 3, background } });
const decode = (bytes: Uint8Array, name = 'a/b/picture.png') => decodeImage({ name, bytes }, never);

/** A bitmap of 2 x 1 pixels. */
function bmp(): Buffer {
  const bytes = Buffer.alloc(62);
  bytes.write('BM');
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(2, 18);
  bytes.writeInt32LE(1, 22);
  bytes.writeUInt16LE(24, 28);
  bytes.set([3, 2, 1, 6, 5, 4], 54);
  return bytes;
}

test('of each kind its name, its colours and its size are told', async () => {
  const grey = () => flat(4, 2).toColourspace('b-w');
  const cases: [format: string, space: string, channels: number, bytes: Uint8Array][] = [
    ['jpeg', 'srgb', 3, await flat(4, 2).jpeg().toBuffer()],
    ['jpeg', 'b-w', 1, await grey().jpeg().toBuffer()],
    ['png', 'srgb', 3, await flat(4, 2).png().toBuffer()],
    ['png', 'b-w', 1, await grey().png().toBuffer()],
    ['png', 'rgb16', 3, await flat(4, 2).toColourspace('rgb16').png().toBuffer()],
    ['png', 'grey16', 1, await flat(4, 2).toColourspace('grey16').png().toBuffer()],
    ['webp', 'srgb', 3, await flat(4, 2).webp().toBuffer()],
    ['gif', 'srgb', 3, await flat(4, 2).gif().toBuffer()],
    ['tiff', 'srgb', 3, await flat(4, 2).tiff().toBuffer()],
    ['avif', 'srgb', 3, await flat(4, 2).avif().toBuffer()],
    ['svg', 'srgb', 3, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="4" height="2"/>')],
    ['bmp', 'srgb', 3, bmp()],
    [
      'npy',
      'b-w',
      1,
      writeNpy(
        [2, 4],
        Float32Array.from({ length: 8 }, () => 0.5),
      ),
    ],
    [
      'npy',
      'srgb',
      3,
      writeNpy(
        [2, 4, 3],
        Float32Array.from({ length: 24 }, () => 0.5),
      ),
    ],
  ];
  for (const [format, space, channels, bytes] of cases) {
    const image = await decode(bytes);
    const size = format === 'bmp' ? [2, 1] : [4, 2];
    const seen = [image.format, image.space, image.channels, image.width, image.height, image.orientation];
    assert.deepEqual(seen, [format, space, channels, ...size, 1], format);
    assert.deepEqual([image.name, image.bytes], ['picture.png', bytes.length]);
    assert.equal(image.pixels.length, size[0]! * size[1]! * channels, format);
    assert.deepEqual([image.preview.mime, image.preview.width, image.preview.height], ['image/png', ...size], format);
    assert.ok(image.decodeMs >= 0 && image.decodeMs < 60_000);
    assert.equal(image.exact !== undefined, format === 'npy');
  }
});

test('a picture lies as it was held: sides are exchanged, and the number is told', async () => {
  const bytes = await flat(4, 2).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const { width, height, orientation, preview } = await decode(bytes);
  assert.deepEqual([width, height, orientation], [2, 4, 6]);
  assert.deepEqual([preview.width, preview.height], [2, 4]);
});

test('an SVG is drawn on white, alpha is dropped and not blended', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="1"><rect width="1" height="1" fill="#00f"/></svg>'); // prettier-ignore
  assert.deepEqual([...(await decode(svg)).pixels], [0, 0, 255, 255, 255, 255]);
  const raw = sharp(Uint8Array.from([9, 8, 7, 0, 6, 5, 4, 128]), { raw: { width: 2, height: 1, channels: 4 } });
  assert.deepEqual([...(await decode(await raw.png().toBuffer())).pixels], [9, 8, 7, 6, 5, 4]);
});

test('a preview is lossless up to 65,536 pixels, and none is made where none is wanted', async () => {
  const mime = async (width: number, height: number) =>
    (await decode(await flat(width, height).png().toBuffer())).preview.mime;
  assert.equal(await mime(256, 256), 'image/png');
  assert.equal(await mime(257, 256), 'image/jpeg');
  const bytes = await flat(3, 2).png().toBuffer();
  const none = await decodeImage({ name: 'x', bytes, preview: false }, never);
  assert.deepEqual(none.preview, { mime: 'image/png', bytes: new Uint8Array(), width: 0, height: 0 });
  const { preview } = await decode(bytes);
  assert.equal(Buffer.isBuffer(preview.bytes), false);
  assert.deepEqual([...(await sharp(preview.bytes).raw().toBuffer())].slice(0, 3), [0x10, 0x20, 0x30]);
});

test('what the header says is told before anything is decoded, and refused where it is too much', async () => {
  const bytes = await flat(30, 20).png().toBuffer();
  const said: number[] = [];
  const sized = (pixels: number) => said.push(pixels);
  // three bytes for each of 600 pixels in half of the memory
  const fits = await decodePixels({ name: 'x.png', bytes }, never, { sized, memory: 3600 });
  assert.deepEqual([fits.width, fits.height, fits.modified, said], [30, 20, null, [600]]);
  const refused = (source: Uint8Array, memory: number, size: string) =>
    assert.rejects(decodePixels({ name: 'x.png', bytes: source }, never, { sized, memory }), {
      code: 'ERR_IMAGE',
      message: `x.png has ${size} pixels (0 megapixels), over the 0 megapixels that the memory limit allows (vit.memoryLimit, --memory-limit).`,
    });
  await refused(bytes, 3599, '30 x 20');
  await refused(bmp(), 11, '2 x 1');
  await refused(writeNpy([2, 3], new Float32Array(6)), 35, '3 x 2');
  assert.deepEqual(said, [600], 'nothing is told of what is refused');
  const file = path.join(folder, 'dated.png');
  writeFileSync(file, bytes);
  const dated = await decodePixels({ path: file }, never);
  assert.deepEqual([dated.modified, dated.name], [statSync(file).mtimeMs, 'dated.png']);
});

test('as many pixels as Pillow takes, or as fit into half of the memory', () => {
  // PIL.Image.MAX_IMAGE_PIXELS is 1024 * 1024 * 1024 // 4 // 3, and twice that is refused
  assert.equal(mostPixels(), 2 * Math.floor(1024 ** 3 / 4 / 3));
  assert.deepEqual([mostPixels(6e6), mostPixels(6e6 + 5), mostPixels(6e6 + 6), mostPixels(0)], [1e6, 1e6, 1e6 + 1, 0]); // prettier-ignore
  assertPixels(10, 10, 100);
  assertPixels(mostPixels(), 1, mostPixels());
  assert.throws(() => assertPixels(1800, 1500, 2_699_999), { message: 'has 1800 x 1500 pixels (3 megapixels), over the 2 megapixels that the memory limit allows (vit.memoryLimit, --memory-limit)' }); // prettier-ignore
  assert.throws(() => assertPixels(mostPixels() + 1, 1, mostPixels()), { message: 'has 178956971 x 1 pixels (179 megapixels), over the limit of 178 megapixels' }); // prettier-ignore
});

test('what cannot be decoded is told in a sentence with the name as it was given', async () => {
  const png = await flat(64, 64).png().toBuffer();
  const damaged = Buffer.from(png);
  damaged.fill(0, 45, 60);
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(), /^a\/b\.png is empty\.$/],
    [Buffer.from('words'), /^a\/b\.png is not a picture: its contents are none of PNG, JPEG, WebP, GIF, TIFF, AVIF, SVG and BMP\.$/], // prettier-ignore
    [png.subarray(0, png.length - 20), /^a\/b\.png is truncated or damaged \([^)]+\)\.$/],
    [Buffer.from('BM'), /^a\/b\.png is truncated within its header\.$/],
    [Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /^a\/b\.png is a Git LFS pointer/],
  ];
  for (const [bytes, message] of cases) await assert.rejects(decode(bytes, 'a/b.png'), { code: 'ERR_IMAGE', message });
  await assert.rejects(decode(damaged, 'a/b.png'), { code: 'ERR_IMAGE', message: /^a\/b\.png [^\n]*[^.:]\)?\.$/ });
  await assert.rejects(decodeImage({ path: path.join(folder, 'none.png') }, never), { code: 'ERR_IMAGE', message: /none\.png does not exist\.$/ }); // prettier-ignore
});

test('who no longer wants a picture is told so, before and after its pixels', async () => {
  const bytes = await flat(2, 2).png().toBuffer();
  await assert.rejects(decodeImage({ name: 'x', bytes }, AbortSignal.abort()), { code: 'ERR_CANCELLED' });
  const asked = new AbortController();
  const decoding = decodePixels({ name: 'x', bytes }, asked.signal, { sized: () => asked.abort() });
  await assert.rejects(decoding, { code: 'ERR_CANCELLED' });
});

test('files are pictures by their last ending, in capitals too', () => {
  assert.deepEqual([...IMAGE_EXTENSIONS].sort(), ['avif', 'bmp', 'gif', 'jpeg', 'jpg', 'png', 'svg', 'tif', 'tiff', 'webp']); // prettier-ignore
  for (const ending of IMAGE_EXTENSIONS) assert.ok(isImagePath(`/a.b/c.${ending}`) && isImagePath(`C.${ending.toUpperCase()}`)); // prettier-ignore
  for (const name of ['png', 'a.png.txt', 'a.npy', 'a.pngx', 'a.xpng', 'a.png/', 'a.png ', 'a.', ''])
    assert.equal(isImagePath(name), false, name);
});
