import type { Point, Size } from '../../extension/image/geometry';
import type { Region } from '../../extension/image/preprocessing';

/** Where the picture lies on the canvas: screen = picture * scale + offset, in CSS pixels. */
export interface Viewport {
  scale: number;
  x: number;
  y: number;
}

/** The whole picture, centred, with `margin` pixels around it. */
export function fit(picture: Size, canvas: Size, margin = 12): Viewport {
  const width = Math.max(1, canvas.width - 2 * margin);
  const height = Math.max(1, canvas.height - 2 * margin);
  const scale = Math.min(width / picture.width, height / picture.height);
  return {
    scale,
    x: (canvas.width - picture.width * scale) / 2,
    y: (canvas.height - picture.height * scale) / 2,
  };
}

/** That part of it, in pixels of the picture, as large as it fits. */
export function fitPart({ left, top, right, bottom }: Region, canvas: Size, margin = 12): Viewport {
  const { scale, x, y } = fit({ width: right - left, height: bottom - top }, canvas, margin);
  return { scale, x: x - left * scale, y: y - top * scale };
}

/** Enlarges about a point of the screen that stays where it is. From half of `fitted` to 64 pixels for one. */
export function zoomAt(view: Viewport, factor: number, at: Point, fitted: Viewport): Viewport {
  const least = Math.min(fitted.scale / 2, 1);
  const most = Math.max(64, fitted.scale * 8);
  const scale = Math.min(most, Math.max(least, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio };
}

/** Moves the picture, leaving at least a quarter of the canvas (or the picture) in sight. */
export function pan(view: Viewport, by: Point, picture: Size, canvas: Size): Viewport {
  const keep = (offset: number, length: number, room: number) => {
    const inSight = Math.min(length, room) / 4;
    return Math.min(room - inSight, Math.max(inSight - length, offset));
  };
  return {
    scale: view.scale,
    x: keep(view.x + by.x, picture.width * view.scale, canvas.width),
    y: keep(view.y + by.y, picture.height * view.scale, canvas.height),
  };
}

export function toPicture(view: Viewport, screen: Point): Point {
  return { x: (screen.x - view.x) / view.scale, y: (screen.y - view.y) / view.scale };
}

/** What is seen of a picture, whatever its size and the canvas's: several are looked at through the same one. */
export interface Lens {
  /** How much larger than fitted. */
  zoom: number;
  /** The point of the picture in the middle of the canvas, as shares of its width and height. */
  x: number;
  y: number;
}

export function lensOf(view: Viewport, picture: Size, canvas: Size): Lens {
  const middle = toPicture(view, { x: canvas.width / 2, y: canvas.height / 2 });
  return {
    zoom: view.scale / fit(picture, canvas).scale,
    x: middle.x / picture.width,
    y: middle.y / picture.height,
  };
}

export function throughLens({ zoom, x, y }: Lens, picture: Size, canvas: Size): Viewport {
  const scale = fit(picture, canvas).scale * zoom;
  return { scale, x: canvas.width / 2 - x * picture.width * scale, y: canvas.height / 2 - y * picture.height * scale };
}
