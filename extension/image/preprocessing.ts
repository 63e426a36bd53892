/**
 * How a picture becomes the model's input, as data: resize, crop, scale, normalise, in that order.
 * timm's and HF's processors are tables onto this (../models/config/preprocessing.ts and processors.ts). Sizes in pixels, colour statistics in 0..1.
 */
import type { Interpolation } from '../../native/binding';

export type { Interpolation } from '../../native/binding';

export type Resize =
  /** The shorter side becomes `size`, the longer one floor(size * long / short) (torchvision Resize(int), HF shortest_edge). */
  /** `longest`: where the longer side would be more, both are scaled down to it (transformers' get_size_with_aspect_ratio). */
  | { kind: 'shorter-side'; size: number; longest?: number }
  /** Both sides as given, aspect ratio ignored (timm 'squash', HF {height, width}). */
  | { kind: 'exact'; height: number; width: number }
  /** timm ResizeKeepRatio: ratio = max (longest 0) or min (longest 1) of target / side; sizes rounded. */
  | { kind: 'keep-ratio'; height: number; width: number; longest: 0 | 1 }
  | { kind: 'none' };

export interface Preprocessing {
  /** 1: grey (Pillow 'L' conversion), 3: RGB; other counts cannot be fed from a picture, only from .npy. */
  channels: number;
  resize: Resize;
  interpolation: Interpolation;
  /** timm's crop_pct: fed side / resized side, before rounding. Another input size is resized by it again. */
  cropPercent?: number;
  /** Centre crop; pads with zeros (before normalising: black; timm 'border' fills with its mean colour) where the picture is smaller. */
  crop: {
    height: number;
    width: number;
    fill: [number, number, number];
    /** How half a pixel is rounded: torchvision and timm to even (default), HF processors down. */
    rounding?: 'half-even' | 'floor';
  } | null;
  /** Pixels are divided by 255 (multiplied by this) before mean and std. */
  rescale: number;
  mean: number[];
  std: number[];
}

/** A rectangle on the oriented original picture, in its pixels; may reach outside where the crop padded. */
export interface Region {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Which part of the picture the model saw, and how it is cut. Everything drawn over the picture goes through this. */
export interface Geometry {
  /** Oriented original, pixels. */
  imageWidth: number;
  imageHeight: number;
  /** Where the model's input lies on the original. */
  region: Region;
  /** Model input, pixels. */
  inputWidth: number;
  inputHeight: number;
}
