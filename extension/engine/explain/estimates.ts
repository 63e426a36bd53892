/** Maps made of numbers that passes and gradients give. Sums are in float64. */
import type { Grid } from '../../image/geometry';

/**
 * Token sampling: mean of y over the passes that show a patch, less the mean over those that hide it; (patches).
 * RISE (Petsiuk et al. 2018, eq. 6) is the first of the two means. Their difference estimates the Banzhaf value, and with masks
 * that hide each patch with probability 1/2 every pass counts for every patch (Wang and Jia 2023, maximum sample reuse).
 */
export class SampledMap {
  private readonly sums: readonly [shown: Float64Array, hidden: Float64Array];
  private readonly counts: readonly [shown: Float64Array, hidden: Float64Array];

  constructor(private readonly patches: number) {
    this.sums = [new Float64Array(patches), new Float64Array(patches)];
    this.counts = [new Float64Array(patches), new Float64Array(patches)];
  }

  /** A pass: `mask` has 1 for each patch it hid. */
  add(y: number, mask: Uint8Array): void {
    for (let i = 0; i < this.patches; i++) {
      const hidden = mask[i] as 0 | 1;
      this.sums[hidden][i]! += y;
      this.counts[hidden][i]! += 1;
    }
  }

  /** 0 for a patch that was never hidden, or never shown. */
  map(): Float32Array {
    const mean = (hidden: 0 | 1, i: number): number => this.sums[hidden][i]! / this.counts[hidden][i]!;
    const { patches, counts } = this;
    return Float32Array.from({ length: patches }, (_, i) =>
      counts[0][i]! && counts[1][i]! ? mean(0, i) - mean(1, i) : 0,
    );
  }
}

/** The pixels of a picture's patches: plain patches have a size and leave a rest out; a soft split's overlap, and the picture is shared out evenly. */
export interface PatchLayout {
  input: readonly [channels: number, height: number, width: number];
  grid: Grid;
  /** Height and width of a plain patch; null for a soft split. */
  patch: readonly [height: number, width: number] | null;
}

/** Sum of input * gradient over each patch's pixels and channels; (patches), row by row. `input` and `gradient`: (C, H, W). */
export function inputTimesGradient(
  input: ArrayLike<number>,
  gradient: ArrayLike<number>,
  { input: [channels, height, width], grid: [rows, columns], patch }: PatchLayout,
): Float32Array {
  const sums = new Float64Array(rows * columns);
  const rowOf = (y: number): number => Math.floor(patch ? y / patch[0] : (y * rows) / height);
  const columnOf = (x: number): number => Math.floor(patch ? x / patch[1] : (x * columns) / width);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      const row = rowOf(y);
      if (row >= rows) break;
      const line = (c * height + y) * width;
      for (let x = 0; x < width; x++) {
        const column = columnOf(x);
        if (column >= columns) break;
        sums[row * columns + column]! += input[line + x]! * gradient[line + x]!;
      }
    }
  }
  return Float32Array.from(sums);
}

/** The input scaled to (k - 0.5) / steps of the way from the zero input, for k from+1..to: (to - from, C, H, W). */
export function alongTheWay(input: Float32Array, steps: number, from: number, to: number): Float32Array {
  const scaled = new Float32Array((to - from) * input.length);
  for (let k = from; k < to; k++) {
    const share = (k + 0.5) / steps;
    const at = (k - from) * input.length;
    for (let i = 0; i < input.length; i++) scaled[at + i] = share * input[i]!;
  }
  return scaled;
}

/** Adds every row of a (rows, length) matrix to `sums` (length). */
export function addRows(sums: Float64Array, rows: ArrayLike<number>): void {
  for (let i = 0; i < rows.length; i++) sums[i % sums.length]! += rows[i]!;
}
