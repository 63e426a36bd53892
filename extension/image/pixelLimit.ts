/** How many pixels a picture may have: one rule for every decoder, applied to what the header says. */
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';

/** Where Pillow refuses too (twice Image.MAX_IMAGE_PIXELS): 537 MB of pixels. */
const MAX_PIXELS = 178_956_970;

/** Of a process that may hold so many bytes: three for each pixel in half of them, the other half is for what decoding needs. */
export const mostPixels = (memory = Infinity): number => Math.min(MAX_PIXELS, Math.floor(memory / 2 / 3));

/** Throws FileFault with the numbers when a picture has more than `most` pixels. */
export function assertPixels(width: number, height: number, most: number): void {
  if (width * height <= most) return;
  const [megapixels, limit] = [Math.round((width * height) / 1e6), Math.floor(most / 1e6)];
  throw new FileFault(
    most === MAX_PIXELS
      ? sentence(
          'has {0} x {1} pixels ({2} megapixels), over the limit of {3} megapixels',
          width,
          height,
          megapixels,
          limit,
        )
      : sentence(
          'has {0} x {1} pixels ({2} megapixels), over the {3} megapixels that the memory limit allows (vit.memoryLimit, --memory-limit)',
          width,
          height,
          megapixels,
          limit,
        ),
  );
}
