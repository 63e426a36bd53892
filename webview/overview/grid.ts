/** Draws the maps of all layers (down) and heads (across), with their captions, with any pen. Sizes in pixels. */
import type { Domain } from '../../extension/drawing/colorScale';
import type { Size } from '../../extension/image/geometry';
import { fieldOf, pixels } from '../drawing/fieldCanvas';
import type { Pen } from '../drawing/pen';
import type { Theme } from '../drawing/theme';
import type { TokenLayout } from '../drawing/tokenLayout';
import type { Maps } from '../app/layerMaps';

export interface GridScene {
  maps: Maps;
  layout: TokenLayout;
  colorMap: string;
  smooth: boolean;
  /** Captions, the short ones for where there is no room. */
  rows: readonly Caption[];
  columns: readonly Caption[];
}

export interface Caption {
  long: string;
  short: string;
}

/** Where things are. */
export interface GridPlaces extends Size {
  left: number;
  top: number;
  cell: Size;
  font: number;
}

/** The least and the most of a map's width. */
const CELL = [24, 160] as const;
const GAP = 2;

/**
 * As large as the room allows with all rows and columns in sight; where that would be too small to see anything, larger than the room.
 * @param aspect height of the model's input over its width
 */
export function gridPlaces(room: Size, rows: number, columns: number, aspect: number, font: number): GridPlaces {
  const [left, top] = [font * 5.5, font * 2];
  const tall = Math.min(1.5, Math.max(0.4, aspect));
  const fitting = Math.min((room.width - left) / columns, (room.height - top) / rows / tall);
  const width = Math.min(CELL[1], Math.max(CELL[0], Math.floor(fitting)));
  const cell = { width, height: width * tall };
  return { left, top, cell, font, width: left + columns * width, height: top + rows * cell.height };
}

export function drawGrid(pen: Pen, scene: GridScene, places: GridPlaces, theme: Theme): void {
  const { left, top, cell, font } = places;
  pen.font = `${font}px ${theme.font}`;
  pen.fillStyle = theme.foreground;
  const fitting = ({ long, short }: Caption, room: number) => (pen.measureText(long).width <= room ? long : short);
  pen.textAlign = 'center';
  pen.textBaseline = 'middle';
  scene.columns.forEach((caption, column) =>
    pen.fillText(fitting(caption, cell.width - 4), left + (column + 0.5) * cell.width, top / 2, cell.width),
  );
  pen.textAlign = 'right';
  scene.rows.forEach((caption, row) =>
    pen.fillText(fitting(caption, left - 8), left - 6, top + (row + 0.5) * cell.height, left - 8),
  );
  pen.imageSmoothingEnabled = scene.smooth;
  scene.maps.layers.forEach((maps, layer) =>
    scene.columns.forEach((_, head) => {
      const { x, y } = cellPlace(places, layer, head);
      const place = [x, y, cell.width - GAP, cell.height - GAP] as const;
      const map = maps?.[head];
      if (map) return pen.drawImage(picture(map, scene, scene.maps.domainOf(layer, head), cell), ...place);
      pen.globalAlpha = 0.15;
      pen.fillStyle = theme.muted;
      pen.fillRect(...place);
      pen.globalAlpha = 1;
    }),
  );
}

function picture(map: Float32Array, { layout, smooth, colorMap }: GridScene, domain: Domain, cell: Size) {
  const finest = Math.ceil(2 * Math.max(cell.width, cell.height));
  return pixels(fieldOf(layout, map, smooth, finest), domain, colorMap);
}

/** The upper left corner of a map. */
export const cellPlace = ({ left, top, cell }: GridPlaces, layer: number, head: number) => ({
  x: left + head * cell.width + GAP / 2,
  y: top + layer * cell.height + GAP / 2,
});

/** The map under a point; null beside them. */
export function cellAt(
  { left, top, cell }: GridPlaces,
  { x, y }: { x: number; y: number },
): { layer: number; head: number } | null {
  const [layer, head] = [Math.floor((y - top) / cell.height), Math.floor((x - left) / cell.width)];
  return layer >= 0 && head >= 0 ? { layer, head } : null;
}
