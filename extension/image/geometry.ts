/** Where patches and tokens lie on the picture. Pure arithmetic, shared with the webview: one place for patch geometry. */
import type { Geometry, Region } from './preprocessing';

export type Grid = readonly [rows: number, columns: number];

export interface Split {
  kernel: number;
  stride: number;
  padding: number;
}

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

export interface Point {
  x: number;
  y: number;
}

/** A rectangle in the model's input, as one on the oriented original picture. */
export function inputToImage(geometry: Geometry, rect: Region): Region {
  const { region, inputWidth, inputHeight } = geometry;
  const scaleX = (region.right - region.left) / inputWidth;
  const scaleY = (region.bottom - region.top) / inputHeight;
  return {
    left: region.left + rect.left * scaleX,
    top: region.top + rect.top * scaleY,
    right: region.left + rect.right * scaleX,
    bottom: region.top + rect.bottom * scaleY,
  };
}

/** A point on the original picture, in pixels of the model's input. May lie outside it. */
export function imageToInput(geometry: Geometry, { x, y }: Point): Point {
  const { region, inputWidth, inputHeight } = geometry;
  return {
    x: ((x - region.left) / (region.right - region.left)) * inputWidth,
    y: ((y - region.top) / (region.bottom - region.top)) * inputHeight,
  };
}

/** The patch under a point of the original picture; null where the model did not look. */
export function patchAt(geometry: Geometry, [rows, columns]: Grid, point: Point): number | null {
  const { x, y } = imageToInput(geometry, point);
  const column = Math.floor((x / geometry.inputWidth) * columns);
  const row = Math.floor((y / geometry.inputHeight) * rows);
  if (!(column >= 0 && column < columns && row >= 0 && row < rows)) return null;
  return row * columns + column;
}

/** Tokens along one side after an unfold: floor((side + 2p - (k - 1) - 1) / s + 1) (torch.nn.Unfold; the articles' count_tokens). */
export function countTokens(side: number, { kernel, stride, padding }: Split): number {
  return Math.floor((side + 2 * padding - (kernel - 1) - 1) / stride + 1);
}

/** The token grid after each soft split of an input of that size, first to last. */
export function softSplitGrids(splits: readonly Split[], { width, height }: Size): [rows: number, columns: number][] {
  let [rows, columns] = [height, width];
  return splits.map((split) => {
    rows = countTokens(rows, split);
    columns = countTokens(columns, split);
    return [rows, columns];
  });
}

/** Pixels of the input that token `position` (along one axis) is made of after all splits: [from, to), padding included. */
export function receptiveInterval(splits: readonly Split[], position: number): [from: number, to: number] {
  let [from, to] = [position, position + 1];
  for (const { kernel, stride, padding } of [...splits].reverse()) {
    [from, to] = [from * stride - padding, (to - 1) * stride - padding + kernel];
  }
  return [from, to];
}
