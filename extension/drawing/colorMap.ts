/** Colour maps as tables of 256 RGB entries; sampled once from d3's interpolators. */
import {
  interpolateGreys,
  interpolateInferno,
  interpolateMagma,
  interpolatePuOr,
  interpolatePurples,
  interpolateTurbo,
  interpolateViridis,
} from 'd3-scale-chromatic';

/** 256 * 3 bytes, red green blue. */
export type ColorTable = Uint8Array;

const interpolators: Record<string, (t: number) => string> = {
  viridis: interpolateViridis,
  inferno: interpolateInferno,
  magma: interpolateMagma,
  turbo: interpolateTurbo,
  purples: interpolatePurples,
  greys: interpolateGreys,
  // the articles' figures use matplotlib's reversed maps; d3's PuOr runs from purple to orange, as matplotlib's PuOr_r does
  purples_r: (t) => interpolatePurples(1 - t),
  puor_r: interpolatePuOr,
  // planes of a picture
  red: (t) => `rgb(${Math.round(255 * t)}, 0, 0)`,
  green: (t) => `rgb(0, ${Math.round(255 * t)}, 0)`,
  blue: (t) => `rgb(0, 0, ${Math.round(255 * t)})`,
};

/** The maps offered for attention heat, in the order of the menu. */
export const colorMapNames = ['viridis', 'inferno', 'magma', 'turbo', 'purples', 'greys'] as const;

export const defaultColorMap = 'inferno';

/** Of a map over its picture, where it may follow the value. Of pictures without a panel: inspect/mapPicture.ts. */
export const defaultOpacity = 0.8;

/** For values on both sides of zero. */
export const signedColorMap = 'puor_r';

/** Reads '#rrggbb' or 'rgb(r, g, b)', the two forms d3's interpolators return. */
export function parseColor(text: string): [number, number, number] {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (hex) return [parseInt(hex[1]!, 16), parseInt(hex[2]!, 16), parseInt(hex[3]!, 16)];
  const rgb = /^rgb\((\d+), ?(\d+), ?(\d+)\)$/.exec(text);
  if (rgb) return [Number(rgb[1]), Number(rgb[2]), Number(rgb[3])];
  throw new Error(`"${text}" is not a colour`);
}

const tables = new Map<string, ColorTable>();

/** The table of a map by name; the default map for a name that does not exist (an old saved state). */
export function colorTable(name: string): ColorTable {
  const known = Object.hasOwn(interpolators, name) ? name : defaultColorMap;
  let table = tables.get(known);
  if (!table) {
    table = new Uint8Array(256 * 3);
    for (let i = 0; i < 256; i++) table.set(parseColor(interpolators[known]!(i / 255)), i * 3);
    tables.set(known, table);
  }
  return table;
}
