/** Values over a picture as a canvas that is stretched over it. */
import { colorTable } from '../../extension/drawing/colorMap';
import type { Domain } from '../../extension/drawing/colorScale';
import { cutOut, enlarge, paint, type Fade, type Field } from '../../extension/drawing/raster';
import { spread, type TokenLayout } from './tokenLayout';

/** Pixels wide or high at most; more than a grid of patches can show. */
export const finestPixels = 768;

/**
 * Patch values as a field over the whole input: cells, smoothed cells, or a soft split's overlapping boxes.
 * @param kept the same with NaN for patches that are not drawn; those still count where their neighbours are smoothed
 */
export function fieldOf(
  layout: TokenLayout,
  values: Float32Array,
  smooth: boolean,
  finest = finestPixels,
  kept = values,
): Field {
  if (layout.splits) {
    return spread(layout, kept, Math.max(1, Math.ceil(Math.max(layout.inputWidth, layout.inputHeight) / finest)));
  }
  const { rows, columns } = layout;
  if (!smooth) return { rows, columns, values: kept };
  const factor = Math.max(1, Math.min(32, Math.floor(finest / Math.max(rows, columns))));
  const field = enlarge({ rows, columns, values }, factor);
  return kept === values ? field : cutOut(field, { rows, columns, values: kept });
}

/** A pixel a value; transparent where nothing is there, or faded. */
export function pixels(field: Field, domain: Domain, colorMap: string, fade?: Fade): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = field.columns;
  canvas.height = field.rows;
  const image = new ImageData(paint(field, domain, colorTable(colorMap), fade), field.columns, field.rows);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
  return canvas;
}
