/** What the model was given, as pixels one can see: the input tensor with normalisation undone. */
import type { Slice } from '../../extension/engine/requests';
import type { Preprocessing } from '../../extension/image/preprocessing';
import type { App } from '../app/app';

/** (C, H, W) to RGBA: x * std + mean, back to 0..255. One channel is shown grey; of more than three the first three. */
export function denormalize(input: Slice, { mean, std, rescale }: Preprocessing): Uint8ClampedArray<ArrayBuffer> {
  const [channels, height, width] = input.shape as [number, number, number];
  const plane = height * width;
  const pixels = new Uint8ClampedArray(plane * 4);
  for (let rgb = 0; rgb < 3; rgb++) {
    const channel = Math.min(rgb, channels === 2 ? 0 : channels - 1);
    const scale = (std[channel] ?? 1) / rescale;
    const offset = (mean[channel] ?? 0) / rescale;
    for (let i = 0; i < plane; i++) pixels[i * 4 + rgb] = input.values[channel * plane + i]! * scale + offset;
  }
  for (let i = 0; i < plane; i++) pixels[i * 4 + 3] = 255;
  return pixels;
}

const drawn = new WeakMap<Slice, HTMLCanvasElement>();

/** The input as a canvas of its own size; null until it has arrived. */
export function inputCanvas({ state, slices }: App): HTMLCanvasElement | null {
  const peek = slices.peek({ kind: 'input' });
  if (!state.model || peek.status !== 'ready') return null;
  let canvas = drawn.get(peek.slice);
  if (!canvas) {
    canvas = document.createElement('canvas');
    const [, height, width] = peek.slice.shape as [number, number, number];
    canvas.width = width;
    canvas.height = height;
    const pixels = denormalize(peek.slice, state.model.preprocessing);
    canvas.getContext('2d')!.putImageData(new ImageData(pixels, width, height), 0, 0);
    drawn.set(peek.slice, canvas);
  }
  return canvas;
}
