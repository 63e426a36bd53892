/** The pictures inside a drawing, as pixels: what a file of another kind than a canvas keeps of them. */
import type { Mark } from '../drawing/recorder';

export interface Pixels {
  width: number;
  height: number;
  /** RGBA, row by row. */
  data: Uint8ClampedArray;
}

type ImageMark = Extract<Mark, { kind: 'image' }>;

/** Viewers blend a small picture that is to show flat cells: it is kept with at least so many pixels for each that it is wide or high. */
const SHARPNESS = 4;

/** As a canvas of the source's own size; flat cells are enlarged. */
export function canvasOf({ source, smooth, ...drawn }: ImageMark): HTMLCanvasElement {
  const { width, height } = source as { width: number; height: number };
  const least = Math.min(512, SHARPNESS * Math.max(drawn.width, drawn.height));
  const factor = smooth ? 1 : Math.max(1, Math.ceil(least / Math.max(width, height)));
  const canvas = document.createElement('canvas');
  canvas.width = width * factor;
  canvas.height = height * factor;
  const context = canvas.getContext('2d')!;
  context.imageSmoothingEnabled = false;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function pixelsOf(canvas: HTMLCanvasElement): Pixels {
  return canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
}

/** How many times larger than on the page a text is that becomes a picture. */
const TEXT_SHARPNESS = 4;

/** A text that a file's own fonts cannot show, drawn with the browser's; its box relative to the mark's place. */
export function textPicture(mark: Extract<Mark, { kind: 'text' }>) {
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d')!;
  const font = `${mark.weight} ${mark.size * TEXT_SHARPNESS}px sans-serif`;
  context.font = font;
  const height = Math.ceil(mark.size * 1.4);
  const natural = context.measureText(mark.text).width / TEXT_SHARPNESS;
  const width = Math.ceil(mark.width ?? natural);
  canvas.width = width * TEXT_SHARPNESS;
  canvas.height = height * TEXT_SHARPNESS;
  context.font = font;
  context.fillStyle = `rgb(${mark.color.join(', ')})`;
  context.fillText(mark.text, 0, mark.size * TEXT_SHARPNESS, width * TEXT_SHARPNESS);
  const left = mark.align === 'center' ? mark.x - width / 2 : mark.align === 'right' ? mark.x - width : mark.x;
  return { source: canvas, x: left, y: mark.y - mark.size, width, height };
}
