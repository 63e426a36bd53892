/** A figure for a paper or a bug report: the picture at its own resolution with what lies over it, colour bar and caption. */
import type { Size } from '../../extension/image/geometry';
import type { Geometry } from '../../extension/image/preprocessing';
import { gradient } from './colorBar';
import type { Domain } from '../../extension/drawing/colorScale';
import { value } from '../ui/format';
import { drawScene, type Scene } from '../drawing/pictureDrawing';
import type { Theme } from '../drawing/theme';

export interface Figure {
  scene: Omit<Scene, 'viewport' | 'geometry'> & { geometry: Geometry };
  caption: string;
  /** Left out where there is no heat. */
  bar: { domain: Domain; colorMap: string } | null;
}

/** Browsers refuse much larger canvases. */
const largest = 8192;

/** Figures are printed and pasted into documents: black on white, whatever the editor's theme. */
const paper: Theme = {
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

/** Pictures smaller than 512 pixels are enlarged by a whole factor so that the caption can be read. */
export function figureLayout(picture: Size, hasBar: boolean): FigureLayout {
  const longer = Math.max(picture.width, picture.height);
  const scale = longer > largest ? largest / longer : Math.max(1, Math.ceil(512 / longer));
  const width = Math.round(picture.width * scale);
  const font = Math.max(11, Math.round(width / 48));
  const footer = Math.round(font * (hasBar ? 5.2 : 2.6));
  return { scale, width, height: Math.round(picture.height * scale), footer, font };
}

export function drawFigure({ scene, caption, bar }: Figure): HTMLCanvasElement {
  const { scale, width, height, footer, font } = figureLayout(scene.picture, bar !== null);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height + footer;
  const context = canvas.getContext('2d')!;
  drawScene(context, { ...scene, viewport: { scale, x: 0, y: 0 } }, width, height, paper);
  context.fillStyle = paper.background;
  context.fillRect(0, height, width, footer);
  const margin = font;
  context.fillStyle = paper.foreground;
  context.font = `${font}px ${paper.font}`;
  context.textBaseline = 'top';
  context.fillText(caption, margin, height + font * 0.8, width - 2 * margin);
  if (bar) drawBar(context, bar, { x: margin, y: height + font * 2.4, width: width - 2 * margin, font });
  return canvas;
}

function drawBar(
  context: CanvasRenderingContext2D,
  { domain: [low, high], colorMap }: NonNullable<Figure['bar']>,
  { x, y, width, font }: { x: number; y: number; width: number; font: number },
): void {
  context.imageSmoothingEnabled = true;
  context.drawImage(gradient(colorMap), x, y, width, font);
  context.fillStyle = paper.foreground;
  for (const [share, align] of [
    [0, 'left'],
    [0.5, 'center'],
    [1, 'right'],
  ] as const) {
    context.textAlign = align;
    context.fillText(value(low + (high - low) * share), x + share * width, y + font * 1.3);
  }
}
