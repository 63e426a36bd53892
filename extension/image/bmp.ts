import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';
import { assertPixels } from './pixelLimit';
/**
 * Windows bitmaps (.bmp), which sharp's libvips does not read: 1, 4, 8, 16, 24 and 32 bits, palettes, RLE and bit fields,
 * bottom-up and top-down. Alpha is dropped. Layout: BITMAPFILEHEADER and BITMAPINFOHEADER of the Windows GDI reference.
 */

interface Bitmap {
  width: number;
  height: number;
  /** (height, width, 3) */
  pixels: Uint8Array;
}

interface Header {
  width: number;
  height: number;
  topDown: boolean;
  bits: number;
  compression: number;
  /** Where the pixels begin. */
  offset: number;
  /** 256 entries of R, G, B at most. */
  palette: Uint8Array;
  masks: [red: number, green: number, blue: number];
}

const RGB = 0;
const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHABITFIELDS = 6;

export const isBmp = (bytes: Uint8Array): boolean => bytes.length > 1 && bytes[0] === 0x42 && bytes[1] === 0x4d;

/** Throws an Error whose message says what is wrong, to be put after the file's name. */
export function decodeBmp(bytes: Uint8Array, maxPixels: number): Bitmap {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view, maxPixels);
  const { width, height, bits, compression } = header;
  const runs = compression === RLE8 || compression === RLE4;
  // before anything is allocated: a short file may claim any size
  if (!runs) checkLength(header, bytes.length);
  const pixels = new Uint8Array(width * height * 3);
  if (runs) {
    paint(header, decodeRuns(header, bytes), pixels);
  } else if (bits <= 8) {
    paint(header, unpackIndices(header, bytes), pixels);
  } else {
    readColours(header, view, pixels);
  }
  return { width, height, pixels };
}

function readHeader(view: DataView, maxPixels: number): Header {
  if (view.byteLength < 26) throw new FileFault(sentence('is truncated within its header'));
  const infoSize = view.getUint32(14, true);
  const core = infoSize === 12;
  if ((!core && infoSize < 40) || 14 + infoSize > view.byteLength)
    throw new FileFault(sentence('has a damaged bitmap header'));
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = core ? view.getInt16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? RGB : view.getUint32(30, true);
  const height = Math.abs(signedHeight);
  if (width <= 0 || height === 0) throw new FileFault(sentence('says it has {0} x {1} pixels', width, signedHeight));
  assertPixels(width, height, maxPixels);
  const known =
    (compression === RGB && [1, 4, 8, 16, 24, 32].includes(bits)) ||
    (compression === RLE8 && bits === 8) ||
    (compression === RLE4 && bits === 4) ||
    ((compression === BITFIELDS || compression === ALPHABITFIELDS) && (bits === 16 || bits === 32));
  if (!known)
    throw new FileFault(
      sentence('is a kind of bitmap that is not supported ({0} bits, compression {1})', bits, compression),
    );
  return {
    width,
    height,
    topDown: signedHeight < 0,
    bits,
    compression,
    offset: view.getUint32(10, true),
    palette: readPalette(view, 14 + infoSize, core ? 3 : 4, bits),
    masks: readMasks(view, bits, compression),
  };
}

function readPalette(view: DataView, start: number, stride: number, bits: number): Uint8Array {
  const palette = new Uint8Array(256 * 3);
  if (bits > 8) return palette;
  const stored = stride === 4 ? view.getUint32(46, true) : 0;
  const count = Math.min(stored || 2 ** bits, 2 ** bits, Math.floor((view.byteLength - start) / stride));
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) palette[3 * i + c] = view.getUint8(start + i * stride + 2 - c);
  }
  return palette;
}

function readMasks(view: DataView, bits: number, compression: number): Header['masks'] {
  if (compression !== BITFIELDS && compression !== ALPHABITFIELDS) {
    return bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff];
  }
  if (view.byteLength < 66) throw new FileFault(sentence('is truncated within its header'));
  return [view.getUint32(54, true), view.getUint32(58, true), view.getUint32(62, true)];
}

/** Bytes of a stored row: whole 32-bit words. */
const rowBytes = ({ width, bits }: Header): number => Math.ceil((width * bits) / 32) * 4;

function checkLength(header: Header, length: number): void {
  const wanted = rowBytes(header) * header.height;
  if (header.offset + wanted > length) {
    throw new FileFault(
      sentence(
        'is truncated: its pixels need {0} bytes, but {1} are there',
        wanted,
        Math.max(0, length - header.offset),
      ),
    );
  }
}

/** Stored row (from the first in the file) of row `y` from the top. */
const storedRow = ({ topDown, height }: Header, y: number): number => (topDown ? y : height - 1 - y);

function unpackIndices(header: Header, bytes: Uint8Array): Uint8Array {
  const { width, height, bits, offset } = header;
  const indices = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = offset + storedRow(header, y) * rowBytes(header);
    for (let x = 0; x < width; x++) {
      const bit = x * bits;
      indices[y * width + x] = (bytes[row + (bit >> 3)]! >> (8 - bits - (bit & 7))) & (2 ** bits - 1);
    }
  }
  return indices;
}

/** RLE8 and RLE4: (count, value) runs; 0 escapes to end of line (0), end (1), a jump (2) or `n` literal pixels. */
function decodeRuns(header: Header, bytes: Uint8Array): Uint8Array {
  const { width, height, compression, offset } = header;
  const indices = new Uint8Array(width * height);
  const nibbles = compression === RLE4;
  let [at, x, stored] = [offset, 0, 0];
  const next = () => {
    if (at >= bytes.length) throw new FileFault(sentence('is truncated within its pixels'));
    return bytes[at++]!;
  };
  const put = (index: number) => {
    if (x < width && stored < height) indices[storedRow(header, stored) * width + x] = index;
    x++;
  };
  const nibble = (byte: number, i: number) => (nibbles ? (i % 2 === 0 ? byte >> 4 : byte & 15) : byte);
  while (stored < height) {
    const count = next();
    const value = next();
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibble(value, i));
    } else if (value === 0) {
      [x, stored] = [0, stored + 1];
    } else if (value === 1) {
      break;
    } else if (value === 2) {
      x += next();
      stored += next();
    } else {
      const length = nibbles ? Math.ceil(value / 2) : value;
      const literals = Array.from({ length }, next);
      for (let i = 0; i < value; i++) put(nibble(literals[nibbles ? i >> 1 : i]!, i));
      // literal runs end on a 16-bit word
      if (length % 2 === 1) next();
    }
  }
  return indices;
}

function paint({ palette }: Header, indices: Uint8Array, pixels: Uint8Array): void {
  for (let i = 0; i < indices.length; i++) {
    const entry = 3 * indices[i]!;
    pixels[3 * i] = palette[entry]!;
    pixels[3 * i + 1] = palette[entry + 1]!;
    pixels[3 * i + 2] = palette[entry + 2]!;
  }
}

function readColours(header: Header, view: DataView, pixels: Uint8Array): void {
  const { width, height, bits, offset } = header;
  // no shift: what stands below a mask is below the largest value, too
  const colours = header.masks.map((mask) => ({ mask, largest: mask >>> 0 || 1 }));
  const bytesPerPixel = bits / 8;
  for (let y = 0; y < height; y++) {
    let at = offset + storedRow(header, y) * rowBytes(header);
    let to = 3 * y * width;
    for (let x = 0; x < width; x++, at += bytesPerPixel) {
      const low = view.getUint16(at, true);
      const pixel = bytesPerPixel === 2 ? low : low | (view.getUint8(at + 2) << 16);
      const word = bytesPerPixel === 4 ? pixel | (view.getUint8(at + 3) << 24) : pixel;
      for (const { mask, largest } of colours) {
        pixels[to++] = Math.floor((((word & mask) >>> 0) * 255) / largest);
      }
    }
  }
}
