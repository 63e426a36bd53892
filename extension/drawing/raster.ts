/** Values to pixels: upsampling in value space, then the colour map. RGBA, 8 bit. */
import type { ColorTable } from './colorMap';
import { position, type Domain } from './colorScale';

export interface Field {
  rows: number;
  columns: number;
  /** rows * columns, row by row. NaN: nothing is there (drawn transparent). */
  values: ArrayLike<number>;
}

/** Which values let show through what is below: none, the low ones, or those in the middle of the range (near zero). */
export type Fade = 'none' | 'low' | 'middle';

const opacities: Record<Fade, (position: number) => number> = {
  none: () => 1,
  low: (position) => position,
  middle: (position) => Math.abs(2 * position - 1),
};

/** RGBA pixels of a field, one pixel a value; opaque where nothing fades. */
export function paint(
  field: Field,
  domain: Domain,
  table: ColorTable,
  fade: Fade = 'none',
): Uint8ClampedArray<ArrayBuffer> {
  const opacity = opacities[fade];
  const count = field.rows * field.columns;
  const pixels = new Uint8ClampedArray(count * 4);
  for (let i = 0; i < count; i++) {
    const value = field.values[i]!;
    if (Number.isNaN(value)) continue;
    const at = position(value, domain);
    const entry = Math.round(at * 255) * 3;
    pixels[i * 4] = table[entry]!;
    pixels[i * 4 + 1] = table[entry + 1]!;
    pixels[i * 4 + 2] = table[entry + 2]!;
    pixels[i * 4 + 3] = Math.round(opacity(at) * 255);
  }
  return pixels;
}

/**
 * Bilinear enlargement by a whole factor with half-pixel centres (align_corners=False), so that the value at the middle of
 * a patch stays what it is as far as the factor is odd. Interpolating values, not colours, keeps the colour bar true.
 */
export function enlarge(field: Field, factor: number): Field {
  const rows = field.rows * factor;
  const columns = field.columns * factor;
  const values = new Float32Array(rows * columns);
  const x = axis(field.columns, factor);
  const y = axis(field.rows, factor);
  for (let row = 0; row < rows; row++) {
    const top = y.low[row]! * field.columns;
    const bottom = y.high[row]! * field.columns;
    const v = y.share[row]!;
    for (let column = 0; column < columns; column++) {
      const left = x.low[column]!;
      const right = x.high[column]!;
      const u = x.share[column]!;
      const above = mix(field.values[top + left]!, field.values[top + right]!, u);
      const below = mix(field.values[bottom + left]!, field.values[bottom + right]!, u);
      values[row * columns + column] = mix(above, below, v);
    }
  }
  return { rows, columns, values };
}

/** A field of `cells`, enlarged, with NaN wherever its cell is NaN. */
export function cutOut({ rows, columns, values }: Field, cells: Field): Field {
  const cut = Float32Array.from(values);
  for (let row = 0; row < rows; row++) {
    const above = Math.floor((row * cells.rows) / rows) * cells.columns;
    for (let column = 0; column < columns; column++) {
      const cell = cells.values[above + Math.floor((column * cells.columns) / columns)]!;
      if (Number.isNaN(cell)) cut[row * columns + column] = NaN;
    }
  }
  return { rows, columns, values: cut };
}

/** Leaves NaN (nothing there) out of a mixture instead of spreading it. */
function mix(a: number, b: number, share: number): number {
  if (Number.isNaN(a)) return share < 0.5 ? NaN : b;
  if (Number.isNaN(b)) return share < 0.5 ? a : NaN;
  return a + (b - a) * share;
}

function axis(length: number, factor: number) {
  const low = new Uint32Array(length * factor);
  const high = new Uint32Array(length * factor);
  const share = new Float32Array(length * factor);
  for (let i = 0; i < low.length; i++) {
    const at = Math.min(length - 1, Math.max(0, (i + 0.5) / factor - 0.5));
    low[i] = Math.floor(at);
    high[i] = Math.min(low[i]! + 1, length - 1);
    share[i] = at - low[i]!;
  }
  return { low, high, share };
}
