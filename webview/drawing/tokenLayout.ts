/** Where each patch token lies on the picture: a cell of the patch grid, or a receptive field of the soft split. */
import {
  imageToInput,
  inputToImage,
  patchAt as gridPatchAt,
  receptiveInterval,
  type Point,
  type Split,
} from '../../extension/image/geometry';
import type { Geometry, Region } from '../../extension/image/preprocessing';
import type { PanelModel } from '../../extension/protocol/panel';
import type { Field } from '../../extension/drawing/raster';

export interface TokenLayout {
  rows: number;
  columns: number;
  /** One name a prefix token: 'class', 'distillation', 'register 1'. */
  prefixNames: readonly string[];
  /** The unfolds, first to last; null: patches side by side. */
  splits: readonly Split[] | null;
  inputWidth: number;
  inputHeight: number;
}

export function layoutOf(model: PanelModel, geometry: Geometry): TokenLayout {
  const tokenizer = model.architecture?.tokenizer;
  const [rows, columns] = model.loaded.grid;
  return {
    rows,
    columns,
    prefixNames: model.loaded.prefixNames,
    splits: tokenizer?.kind === 'soft-split' ? tokenizer.splits : null,
    inputWidth: geometry.inputWidth,
    inputHeight: geometry.inputHeight,
  };
}

export const patchCount = (layout: TokenLayout): number => layout.rows * layout.columns;

/**
 * The pixels of the model's input that token `patch` (0-based) was made of. For a soft split the unfolds are walked back:
 * token i of one reads [i * stride - padding, + kernel) of the one before; the box may reach into the padding.
 */
export function inputBox(layout: TokenLayout, patch: number): Region {
  const row = Math.floor(patch / layout.columns);
  const column = patch % layout.columns;
  if (!layout.splits) {
    const width = layout.inputWidth / layout.columns;
    const height = layout.inputHeight / layout.rows;
    return { left: column * width, top: row * height, right: (column + 1) * width, bottom: (row + 1) * height };
  }
  const [left, right] = receptiveInterval(layout.splits, column);
  const [top, bottom] = receptiveInterval(layout.splits, row);
  return { left, top, right, bottom };
}

/** Token `patch` on the oriented original picture, in its pixels. */
export const pictureBox = (layout: TokenLayout, geometry: Geometry, patch: number): Region =>
  inputToImage(geometry, inputBox(layout, patch));

/** The patch (0-based) under a point of the picture; for a soft split the token whose box is centred nearest. */
export function patchAt(layout: TokenLayout, geometry: Geometry, point: Point): number | null {
  if (!layout.splits) return gridPatchAt(geometry, [layout.rows, layout.columns], point);
  const { x, y } = imageToInput(geometry, point);
  if (!(x >= 0 && x < layout.inputWidth && y >= 0 && y < layout.inputHeight)) return null;
  return nearestIndex(layout.splits, layout.rows, y) * layout.columns + nearestIndex(layout.splits, layout.columns, x);
}

function nearestIndex(splits: readonly Split[], count: number, at: number): number {
  const [begin, end] = receptiveInterval(splits, 0);
  const step = splits.reduce((product, { stride }) => product * stride, 1);
  return Math.min(count - 1, Math.max(0, Math.round((at - (begin + end) / 2) / step)));
}

/**
 * Heat of a soft split on the input's own pixels (one value every `step` pixels): each pixel is the mean of the tokens
 * whose receptive field covers it, NaN where none does. Boxes are added as four corners and summed up once (2-D prefix sum).
 */
export function spread(layout: TokenLayout, values: ArrayLike<number>, step = 1): Field {
  const columns = Math.ceil(layout.inputWidth / step);
  const rows = Math.ceil(layout.inputHeight / step);
  const width = columns + 1;
  const sums = new Float64Array(width * (rows + 1));
  const counts = new Float64Array(width * (rows + 1));
  for (let patch = 0; patch < patchCount(layout); patch++) {
    const value = values[patch]!;
    if (Number.isNaN(value)) continue;
    const box = inputBox(layout, patch);
    const left = clamp(Math.ceil(box.left / step), columns);
    const right = clamp(Math.ceil(box.right / step), columns);
    const top = clamp(Math.ceil(box.top / step), rows);
    const bottom = clamp(Math.ceil(box.bottom / step), rows);
    for (const [corner, sign] of [
      [top * width + left, 1],
      [top * width + right, -1],
      [bottom * width + left, -1],
      [bottom * width + right, 1],
    ] as const) {
      sums[corner]! += sign * value;
      counts[corner]! += sign;
    }
  }
  const spreadValues = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * width + column;
      for (const table of [sums, counts]) {
        table[at]! += column > 0 ? table[at - 1]! : 0;
        table[at]! += row > 0 ? table[at - width]! : 0;
        table[at]! -= row > 0 && column > 0 ? table[at - width - 1]! : 0;
      }
      const covered = Math.round(counts[at]!);
      spreadValues[row * columns + column] = covered > 0 ? sums[at]! / covered : NaN;
    }
  }
  return { rows, columns, values: spreadValues };
}

const clamp = (x: number, most: number) => Math.min(most, Math.max(0, x));
