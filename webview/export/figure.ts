/** A figure for a paper or a bug report: the picture at its own resolution with what lies over it, colour bar and caption. */
import type { Size } from '../../extension/image/geometry';
import type { Geometry, Region } from '../../extension/image/preprocessing';
import { gradient } from '../attention/colorBar';
import type { Domain } from '../../extension/drawing/colorScale';
import { value } from '../ui/format';
import type { Pen } from '../drawing/pen';
import { drawScene } from '../drawing/pictureDrawing';
import type { Theme } from '../drawing/theme';
import { drawGrid, gridPlaces, type GridScene } from '../overview/grid';
import type { PictureScene } from '../patches/scene';

export interface Figure {
  scene: PictureScene & { geometry: Geometry };
  /** Left out: none. */
  caption: string | null;
  /** Left out where there is no heat. */
  bar: Bar | null;
  /** False: only what the model was given of the picture. */
  outside: boolean;
  /** Of the picture in the figure; by default as its own resolution has it. */
  height?: number;
}

interface Bar {
  domain: Domain;
  colorMap: string;
}

/** Something that can be drawn with any pen. */
export interface Drawing extends Size {
  draw(pen: Pen): void;
}

/** Between figures beside each other, in pixels. */
const GAP = 16;

/** Browsers refuse much larger canvases. */
const largest = 8192;

/** Figures are printed and pasted into documents: black on white, whatever the editor's theme. */
export const paper: Theme = {
  background: '#ffffff',
  foreground: '#000000',
  muted: '#555555',
  focus: '#ff4d00',
  contrast: '',
  font: 'sans-serif',
  highContrast: false,
};

interface FigureLayout {
  scale: number;
  width: number;
  height: number;
  /** Height under the picture for bar and caption. */
  footer: number;
  font: number;
}

/** The picture's size, to the pixel; only where there are words, pictures smaller than 512 pixels are enlarged by a whole factor. */
export function figureLayout(picture: Size, has: { caption: boolean; bar: boolean }, height?: number): FigureLayout {
  const longer = Math.max(picture.width, picture.height);
  const enlarged = has.caption || has.bar ? Math.max(1, Math.ceil(512 / longer)) : 1;
  const scale = height !== undefined ? height / picture.height : longer > largest ? largest / longer : enlarged;
  const width = Math.round(picture.width * scale);
  const font = Math.max(11, Math.round(width / 48));
  return { scale, width, height: Math.round(picture.height * scale), footer: footerHeight(font, has), font };
}

const footerHeight = (font: number, has: { caption: boolean; bar: boolean }): number =>
  !has.caption && !has.bar ? 0 : Math.round(font * (1 + (has.caption ? 1.6 : 0) + (has.bar ? 2.6 : 0)));

export function figureDrawing(figure: Figure): Drawing {
  const { caption, bar, outside, height: wanted } = figure;
  const scene = outside ? figure.scene : cropped(figure.scene);
  const shown = shownOf({ scene, outside });
  const size = sizeOf(shown);
  const has = { caption: caption !== null, bar: bar !== null };
  const { scale, width, height, footer, font } = figureLayout(size, has, wanted);
  return {
    width,
    height: height + footer,
    draw(pen) {
      pen.fillStyle = paper.background;
      pen.fillRect(0, 0, width, height);
      drawScene(pen, { ...scene, viewport: { scale, x: -shown.left * scale, y: -shown.top * scale } }, paper);
      if (footer === 0) return;
      // what of the picture reaches below its frame goes under this
      pen.globalAlpha = 1;
      pen.fillStyle = paper.background;
      pen.fillRect(0, height, width, size.height * scale + footer);
      drawFooter(pen, { caption, bar }, { y: height, width, font });
    },
  };
}

function shownOf({ scene: { picture, geometry }, outside }: Pick<Figure, 'scene' | 'outside'>): Region {
  return outside ? { left: 0, top: 0, right: picture.width, bottom: picture.height } : geometry.region;
}

/** With no more of the picture than the model was given, in whole pixels: nothing else is in the file. */
function cropped(scene: Figure['scene']): Figure['scene'] {
  const { picture, geometry } = scene;
  const { region } = geometry;
  const [left, top] = [Math.max(0, Math.floor(region.left)), Math.max(0, Math.floor(region.top))];
  const width = Math.min(picture.width, Math.ceil(region.right)) - left;
  const height = Math.min(picture.height, Math.ceil(region.bottom)) - top;
  if (Math.max(width, height) > largest) return scene;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')!.drawImage(picture.source, -left, -top, picture.width, picture.height);
  const moved = {
    left: region.left - left,
    top: region.top - top,
    right: region.right - left,
    bottom: region.bottom - top,
  };
  return { ...scene, picture: { source: canvas, width, height }, geometry: { ...geometry, region: moved } };
}

const sizeOf = ({ left, top, right, bottom }: Region): Size => ({ width: right - left, height: bottom - top });

/** Figures beside each other, their pictures equally high, as on screen. */
export function comparedDrawing(figures: readonly Figure[]): Drawing {
  const has = {
    caption: figures.some(({ caption }) => caption !== null),
    bar: figures.some(({ bar }) => bar !== null),
  };
  const sizes = figures.map((figure) => sizeOf(shownOf(figure)));
  const tallest = Math.max(...sizes.map((size) => figureLayout(size, has).height));
  const widest = sizes.reduce((sum, { width, height }) => sum + (width / height) * tallest, 0);
  const height = Math.floor(tallest * Math.min(1, (largest - GAP * figures.length) / widest));
  const drawings = figures.map((figure) => figureDrawing({ ...figure, height }));
  const size = {
    width: drawings.reduce((sum, { width }) => sum + width + GAP, -GAP),
    height: Math.max(...drawings.map((drawing) => drawing.height)),
  };
  return {
    ...size,
    draw(pen) {
      pen.fillStyle = paper.background;
      pen.fillRect(0, 0, size.width, size.height);
      let x = 0;
      for (const drawing of drawings) {
        pen.save();
        pen.translate(x, 0);
        drawing.draw(pen);
        // half a pixel of a picture, enlarged, reaches over its edge
        pen.globalAlpha = 1;
        pen.fillStyle = paper.background;
        pen.fillRect(drawing.width, 0, GAP, size.height);
        if (x > 0) pen.fillRect(-GAP, 0, GAP, size.height);
        pen.restore();
        x += drawing.width + GAP;
      }
    },
  };
}

/** Caption and bar under a figure of that width. */
function drawFooter(
  pen: Pen,
  { caption, bar }: Pick<Figure, 'caption' | 'bar'>,
  { y, width, font }: { y: number; width: number; font: number },
): void {
  const margin = font;
  pen.fillStyle = paper.foreground;
  pen.font = `${font}px ${paper.font}`;
  pen.textBaseline = 'top';
  pen.textAlign = 'left';
  const room = width - 2 * margin;
  if (caption !== null) pen.fillText(caption, margin, y + font * 0.8, room);
  const under = y + font * (caption === null ? 0.8 : 2.4);
  if (bar) drawBar(pen, bar, { x: margin, y: under, width: room, font });
}

/** Room of a figure's grid of maps, in pixels. */
const overviewRoom: Size = { width: 1200, height: 1200 };

/** All layers and heads as one figure, with what is under other figures too. */
export function overviewDrawing(scene: GridScene, caption: string | null, bar: Bar | null): Drawing {
  const font = 14;
  const { inputWidth, inputHeight } = scene.layout;
  const places = gridPlaces(overviewRoom, scene.rows.length, scene.columns.length, inputHeight / inputWidth, font);
  const width = Math.ceil(places.width + font);
  const footer = footerHeight(font, { caption: caption !== null, bar: bar !== null });
  return {
    width,
    height: Math.ceil(places.height) + footer,
    draw(pen) {
      pen.fillStyle = paper.background;
      pen.fillRect(0, 0, width, places.height + footer);
      drawGrid(pen, scene, places, paper);
      if (footer > 0) drawFooter(pen, { caption, bar }, { y: Math.ceil(places.height), width, font });
    },
  };
}

/** A drawing's pixels. */
export function onCanvas(drawing: Drawing): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = drawing.width;
  canvas.height = drawing.height;
  drawing.draw(canvas.getContext('2d')!);
  return canvas;
}

/** A colour bar with its least, middle and greatest value under it. */
export function drawBar(
  pen: Pen,
  { domain: [low, high], colorMap }: Bar,
  { x, y, width, font }: { x: number; y: number; width: number; font: number },
): void {
  pen.imageSmoothingEnabled = true;
  pen.drawImage(gradient(colorMap), x, y, width, font);
  pen.fillStyle = paper.foreground;
  pen.font = `${font}px ${paper.font}`;
  pen.textBaseline = 'top';
  for (const [share, align] of [
    [0, 'left'],
    [0.5, 'center'],
    [1, 'right'],
  ] as const) {
    pen.textAlign = align;
    pen.fillText(value(low + (high - low) * share), x + share * width, y + font * 1.3);
  }
}
