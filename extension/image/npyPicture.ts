import { readNpy } from '../files/npy';
import type { Pixels } from './preprocess';
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';
import { assertPixels } from './pixelLimit';

/**
 * A NumPy array as a picture: (H, W), (H, W, 1|3|4) or (1|3, H, W); uint8 in 0..255, floats in 0..1. A fourth channel is
 * dropped. Throws an Error whose message goes after the file's name.
 */
export function decodeNpyPicture(bytes: Uint8Array, maxPixels: number): Pixels {
  const { shape, dtype, values } = readNpy(bytes);
  const layout = layoutOf(shape);
  if (!layout) {
    throw new FileFault(
      sentence(
        'has shape ({0}), but a picture is (H, W), (H, W, C) or (C, H, W) with 1, 3 or 4 channels',
        shape.join(', '),
      ),
    );
  }
  const { height, width, stored, planar } = layout;
  assertPixels(width, height, maxPixels);
  const scale = dtype === '|u1' ? 255 : 1;
  const channels = stored === 1 ? 1 : 3;
  const area = height * width;
  const exact = new Float32Array(area * channels);
  for (let i = 0; i < area; i++) {
    for (let c = 0; c < channels; c++) {
      const value = values[planar ? c * area + i : i * stored + c]! / scale;
      if (!(value >= 0 && value <= 1)) {
        throw new FileFault(
          sentence("holds the value {0}, but a picture's values lie in 0..1 (floats) or 0..255 (uint8)", value * scale),
        );
      }
      exact[i * channels + c] = value;
    }
  }
  const pixels = Uint8Array.from(exact, (value) => Math.round(value * 255));
  return { pixels, width, height, channels, exact: scale === 1 ? exact : undefined };
}

function layoutOf(shape: readonly number[]): { height: number; width: number; stored: number; planar: boolean } | null {
  const [a = 0, b = 0, c = 0] = shape;
  if (shape.some((side) => side < 1)) return null;
  if (shape.length === 2) return { height: a, width: b, stored: 1, planar: false };
  if (shape.length !== 3) return null;
  if (c === 1 || c === 3 || c === 4) return { height: a, width: b, stored: c, planar: false };
  if (a === 1 || a === 3) return { height: b, width: c, stored: a, planar: true };
  return null;
}
