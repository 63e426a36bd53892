/**
 * A GIF's transparent pixels have a colour in its palette, which is what Pillow's convert('RGB') gives; libvips gives them
 * as black. https://www.w3.org/Graphics/GIF/spec-gif89a.txt
 */

export interface OpaqueGif {
  /** The same file, its first frame without transparency. */
  bytes: Uint8Array;
  /** Where that frame does not reach: its transparent colour, else the palette's first. */
  around: [red: number, green: number, blue: number];
}

const SCREEN_BYTES = 13;
const EXTENSION = 0x21;
const GRAPHIC_CONTROL = 0xf9;
const IMAGE = 0x2c;

/** null when the bytes are no GIF, or end before the first frame. */
export function opaqueGif(bytes: Uint8Array): OpaqueGif | null {
  if (!['GIF87a', 'GIF89a'].includes(Buffer.from(bytes.slice(0, 6)).toString('latin1'))) return null;
  const tableBytes = (packed: number) => (packed & 0x80 ? 3 * 2 ** ((packed & 7) + 1) : 0);
  let palette = SCREEN_BYTES;
  let at = SCREEN_BYTES + tableBytes(bytes[10] ?? 0);
  let transparent = 0;
  let opaque = bytes;
  while (at < bytes.length) {
    if (bytes[at] === IMAGE) {
      if (tableBytes(bytes[at + 9] ?? 0) > 0) palette = at + 10;
      const colour = (channel: number) => bytes[palette + 3 * transparent + channel] ?? 0;
      return { bytes: opaque, around: [colour(0), colour(1), colour(2)] };
    }
    if (bytes[at] !== EXTENSION) return null;
    const packed = bytes[at + 3] ?? 0;
    if (bytes[at + 1] === GRAPHIC_CONTROL && (packed & 1) === 1) {
      transparent = bytes[at + 6] ?? 0;
      opaque = opaque === bytes ? Uint8Array.from(bytes) : opaque;
      opaque[at + 3] = packed & ~1;
    }
    // sub-blocks: a length, that many bytes, and so on until a length of 0
    at += 2;
    while (at < bytes.length && bytes[at] !== 0) at += 1 + (bytes[at] ?? 0);
    at++;
  }
  return null;
}

/** Pixels without alpha; those that are transparent get `colour`. */
export function withoutAlpha(rgba: Uint8Array, colour: OpaqueGif['around']): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const covered = rgba[from + 3] !== 0;
    for (let channel = 0; channel < 3; channel++)
      rgb[to + channel] = covered ? (rgba[from + channel] ?? 0) : (colour[channel] ?? 0);
  }
  return rgb;
}
