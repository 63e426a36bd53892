/** The soft split, frame by frame: which window is read, over a padded image. */
import type { Size } from '../../extension/image/geometry';
import { countTokens, type Split } from '../../extension/image/geometry';

export interface SoftSplitPlan {
  /** The image with its padding, pixels. */
  width: number;
  height: number;
  padding: number;
  kernel: number;
  rows: number;
  columns: number;
}

/** How an unfold walks over an image of that size: the padded size and the windows down and across. */
export function planOf(split: Split, image: Size): SoftSplitPlan {
  const { kernel, padding } = split;
  const [width, height] = [image.width + 2 * padding, image.height + 2 * padding];
  return {
    width,
    height,
    padding,
    kernel,
    rows: countTokens(image.height, split),
    columns: countTokens(image.width, split),
  };
}

/** Window `index` (row by row) on the padded image, top left corner. */
export function windowAt(split: Split, plan: SoftSplitPlan, index: number): { x: number; y: number } {
  return { x: (index % plan.columns) * split.stride, y: Math.floor(index / plan.columns) * split.stride };
}

/** Tokens (rows * columns, C) as an image again: the mean over C at each place (rows, columns). */
export function reconstruct(values: Float32Array, tokens: number, channels: number): Float32Array {
  return Float32Array.from({ length: tokens }, (_, token) => {
    let sum = 0;
    for (let i = 0; i < channels; i++) sum += values[token * channels + i]!;
    return sum / channels;
  });
}
