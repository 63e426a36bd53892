/**
 * Resize and crop, patches and tokens: where each lies on the picture. Pure arithmetic, shared with the webview: one place
 * for geometry.
 */
import type { Geometry, Preprocessing, Region, Resize } from './preprocessing';

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

/** Where the crop lies on the resized picture; negative or beyond it where the crop pads. */
export interface CropBox extends Size {
  left: number;
  top: number;
}

/** Size after the resize step, by the rounding rules of torchvision (shorter-side) and timm (keep-ratio). */
export function resizedSize({ width, height }: Size, resize: Resize): Size {
  switch (resize.kind) {
    case 'none':
      return { width, height };
    case 'exact':
      return { width: resize.width, height: resize.height };
    case 'shorter-side': {
      const [shorter, longer] = [Math.min(width, height), Math.max(width, height)];
      const { size, longest = Infinity } = resize;
      const wanted = (longer / shorter) * size > longest ? (longest * shorter) / longer : size;
      const rounded = Math.max(1, roundHalfEven(wanted));
      const other = Math.trunc((wanted * longer) / shorter);
      return width <= height ? { width: rounded, height: other } : { width: other, height: rounded };
    }
    case 'keep-ratio': {
      const ratios = [height / resize.height, width / resize.width];
      const ratio = resize.longest ? Math.max(...ratios) : Math.min(...ratios);
      return { width: Math.max(1, roundHalfEven(width / ratio)), height: Math.max(1, roundHalfEven(height / ratio)) };
    }
  }
}

/** The centre crop on a picture of that size. */
export function cropBox(size: Size, crop: NonNullable<Preprocessing['crop']>): CropBox {
  const offset = (side: number, wanted: number) => {
    if (crop.rounding === 'floor') return Math.floor((side - wanted) / 2);
    // torchvision first pads floor((wanted - side) / 2) before and the rest after, then crops round((side - wanted) / 2)
    return wanted > side ? 0 - Math.floor((wanted - side) / 2) : roundHalfEven((side - wanted) / 2);
  };
  const { width, height } = crop;
  return { left: offset(size.width, width), top: offset(size.height, height), width, height };
}

/** Where the box of the resized picture lies on the original. */
export function geometryOf(image: Size, resized: Size, box: CropBox): Geometry {
  const scaleX = image.width / resized.width;
  const scaleY = image.height / resized.height;
  return {
    imageWidth: image.width,
    imageHeight: image.height,
    region: {
      left: box.left * scaleX,
      top: box.top * scaleY,
      right: (box.left + box.width) * scaleX,
      bottom: (box.top + box.height) * scaleY,
    },
    inputWidth: box.width,
    inputHeight: box.height,
  };
}

/** Python's round(): halves go to the even neighbour. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
