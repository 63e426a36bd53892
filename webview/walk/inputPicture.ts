/** The model's input as the articles draw it: one channel in reversed purples, three as colours. */
import type { Slice } from '../../extension/engine/requests';
import type { Preprocessing } from '../../extension/image/preprocessing';
import { pixels } from '../drawing/fieldCanvas';
import type { Domain } from '../../extension/drawing/colorScale';
import { denormalize } from '../patches/modelInput';

/** What black and white pixels (0 and 1) became by normalizing: the articles' clim [0, 1] for any mean and std. */
export function unitDomain({ mean, std }: Preprocessing): Domain {
  const ends = mean.flatMap((m, channel) => [(0 - m) / (std[channel] ?? 1), (1 - m) / (std[channel] ?? 1)]);
  return ends.length > 0 ? [Math.min(...ends), Math.max(...ends)] : [0, 1];
}

export const inputColumns = (column: number): string => `x ${column}`;

const drawn = new WeakMap<Float32Array, HTMLCanvasElement>();

export function inputPicture(input: Slice, preprocessing: Preprocessing): HTMLCanvasElement {
  const known = drawn.get(input.values);
  if (known) return known;
  const [channels, height, width] = input.shape.slice(-3) as [number, number, number];
  let canvas: HTMLCanvasElement;
  if (channels === 1) {
    canvas = pixels({ rows: height, columns: width, values: input.values }, unitDomain(preprocessing), 'purples_r');
  } else {
    canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const rgba = denormalize({ shape: [channels, height, width], values: input.values }, preprocessing);
    canvas.getContext('2d')!.putImageData(new ImageData(rgba, width, height), 0, 0);
  }
  drawn.set(input.values, canvas);
  return canvas;
}
