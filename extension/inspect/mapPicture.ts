/** A map drawn over the model's input, as pixels. */
import { colorTable, defaultColorMap, signedColorMap } from '../drawing/colorMap';
import { domainOf, position, symmetric } from '../drawing/colorScale';
import { enlarge } from '../drawing/raster';
import type { Slice } from '../engine/requests';
import { writePng } from '../files/png';
import type { Preprocessing } from '../image/preprocessing';

/** How much of the colour covers the picture. Less than the panel's (defaultView in webview/app/state.ts), where low values fade. */
const OPACITY = 0.6;

export interface PatchMap {
  rows: number;
  columns: number;
  /** One value a patch, row by row. */
  values: Float32Array;
  signed: boolean;
}

/** A PNG file as large as the model's input, (C, H, W) as the model gets it. */
export function mapPicture(map: PatchMap, { shape, values }: Slice, { mean, std }: Preprocessing): Uint8Array {
  const [channels = 1, height = 0, width = 0] = shape;
  const area = height * width;
  const domain = map.signed ? symmetric(domainOf([map.values])) : domainOf([map.values]);
  const table = colorTable(map.signed ? signedColorMap : defaultColorMap);
  const field = enlarge(map, Math.max(1, Math.ceil(Math.max(height / map.rows, width / map.columns))));
  const rgb = new Uint8Array(3 * area);
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * field.rows) / height) * field.columns;
    for (let x = 0; x < width; x++) {
      const value = field.values[row + Math.floor((x * field.columns) / width)]!;
      const entry = 3 * Math.round(255 * position(value, domain));
      const pixel = y * width + x;
      for (let c = 0; c < 3; c++) {
        // other than three channels: the first one as grey
        const from = channels === 3 ? c : 0;
        const light = 255 * (values[from * area + pixel]! * (std[from] ?? std[0] ?? 1) + (mean[from] ?? mean[0] ?? 0));
        const below = Math.min(255, Math.max(0, light));
        rgb[3 * pixel + c] = Math.round(OPACITY * table[entry + c]! + (1 - OPACITY) * below);
      }
    }
  }
  return writePng(width, height, rgb);
}
