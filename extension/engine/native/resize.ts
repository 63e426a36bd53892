/** Pillow's resize by the addon, or without it: onnxruntime still computes where the addon cannot be loaded. */
import type { Binding, ResizeRequest } from '../../../native/binding';
import { resize } from '../../image/resize';
import { loadBinding } from './binding';

/** (targetHeight, targetWidth, channels), as Binding.resize. */
export function addonOrOwnResize(request: ResizeRequest): Promise<Uint8Array> {
  let binding: Binding;
  try {
    binding = loadBinding();
  } catch {
    return Promise.resolve(resize(request));
  }
  return binding.resize(request);
}
