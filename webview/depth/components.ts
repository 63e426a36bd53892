/** The patches' tokens after a block as colours: their first three principal components as red, green and blue. */
import { h } from '../ui/dom';

/** Scores (patches, 3) to RGBA: each component from its least to its greatest score. */
export function componentPixels(scores: ArrayLike<number>, patches: number): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(4 * patches).fill(255);
  for (let c = 0; c < 3; c++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0; i < patches; i++) {
      low = Math.min(low, scores[3 * i + c]!);
      high = Math.max(high, scores[3 * i + c]!);
    }
    for (let i = 0; i < patches; i++)
      pixels[4 * i + c] = high > low ? Math.round((255 * (scores[3 * i + c]! - low)) / (high - low)) : 128;
  }
  return pixels;
}

export class Components {
  readonly canvas = h('canvas', { class: 'components', role: 'img', 'data-testid': 'components', width: 1, height: 1 });
  private drawn: ArrayLike<number> | null = null;

  show(scores: Float32Array, [rows, columns]: readonly [number, number], description: string): void {
    this.canvas.setAttribute('aria-label', description);
    if (scores === this.drawn) return;
    this.drawn = scores;
    this.canvas.width = columns;
    this.canvas.height = rows;
    const image = new ImageData(componentPixels(scores, rows * columns), columns, rows);
    this.canvas.getContext('2d')!.putImageData(image, 0, 0);
  }
}
