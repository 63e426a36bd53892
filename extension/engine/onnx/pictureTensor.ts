/** The input of a graph, in the order of axes and the number format it wants. */
import type { Tensor } from 'onnxruntime-node';
import { toHalf } from '../../files/half';
import type { Runtime } from './runtime';

export interface PictureFormat {
  /** Channels last: the file came from a framework that keeps pictures that way. */
  channelsLast: boolean;
  /** float16 instead of float32. */
  half: boolean;
}

/** @param values (B, C, H, W) */
export function pictureTensor(
  ort: Runtime,
  values: Float32Array,
  batch: number,
  [channels, height, width]: readonly [channels: number, height: number, width: number],
  { channelsLast, half }: PictureFormat,
): Tensor {
  const plane = height * width;
  let ordered = values;
  if (channelsLast) {
    ordered = new Float32Array(values.length);
    for (let b = 0; b < batch; b++) {
      for (let c = 0; c < channels; c++) {
        for (let p = 0; p < plane; p++)
          ordered[(b * plane + p) * channels + c] = values[(b * channels + c) * plane + p] ?? 0;
      }
    }
  }
  const dims = channelsLast ? [batch, height, width, channels] : [batch, channels, height, width];
  return half
    ? new ort.Tensor('float16', Uint16Array.from(ordered, toHalf), dims)
    : new ort.Tensor('float32', ordered, dims);
}
