/** From decoded pixels to the model's input, equal to what timm and HF do through Pillow and torchvision. */
import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import { cropBox, geometryOf, resizedSize, type CropBox, type Size } from './geometry';
import type { ResizeRequest } from '../../native/binding';
import type { OpenedImage } from './opened';
import type { Geometry, Preprocessing } from './preprocessing';

export interface Pixels {
  /** (height, width, channels), 8 bit. */
  pixels: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3;
  /** The same in 0..1 where the source is finer than 8 bits (.npy pictures): used when nothing is resized. */
  exact?: Float32Array;
}

export type ResizeFunction = (request: ResizeRequest) => Promise<Uint8Array>;

export interface Preprocessed {
  values: Float32Array;
  shape: [batch: 1, channels: number, height: number, width: number];
  geometry: Geometry;
  ms: number;
}

/** A picture of which only a model's input is kept, as `how` says. */
export interface PreparedImage extends Omit<OpenedImage, 'imageId'> {
  how: Preprocessing;
  input: Preprocessed;
}

/** Resized pictures larger than this are refused: only extreme aspect ratios get there. */
const MAX_RESIZED_PIXELS = 2 ** 28;
/** Inputs larger than this (5792 x 5792) would hold up everybody else for many seconds. */
const MAX_INPUT_PIXELS = 2 ** 25;

/** Rejects with code ERR_IMAGE when this picture cannot be fed to the model. */
export async function preprocess(image: Pixels, how: Preprocessing, resize: ResizeFunction): Promise<Preprocessed> {
  const started = performance.now();
  if (how.channels !== 1 && how.channels !== 3) {
    throw new EngineError(
      'ERR_IMAGE',
      sentence('The model takes {0} channels: a picture has 1 or 3, so give it a .npy tensor.', how.channels),
    );
  }
  const source = how.channels === 1 && image.channels === 3 ? toGrey(image) : image;
  const size = resizedSize(image, how.resize);
  if (size.width * size.height > MAX_RESIZED_PIXELS) {
    throw new EngineError(
      'ERR_IMAGE',
      sentence(
        "The picture of {0} x {1} pixels is too long and narrow: the model's resize would make it {2} x {3}.",
        image.width,
        image.height,
        size.width,
        size.height,
      ),
    );
  }
  const box: CropBox = how.crop ? cropBox(size, how.crop) : { left: 0, top: 0, ...size };
  if (box.width * box.height > MAX_INPUT_PIXELS) {
    throw new EngineError(
      'ERR_IMAGE',
      sentence(
        "The model's input of {0} x {1} pixels is larger than is made of a picture ({2} pixels).",
        box.width,
        box.height,
        MAX_INPUT_PIXELS,
      ),
    );
  }
  const untouched = size.width === image.width && size.height === image.height;
  const resized = untouched ? source.pixels : await resize(resizeRequest(source, size, how));
  const exact = untouched ? source.exact : undefined;
  const values = normalize({ ...source, ...size, pixels: resized, exact }, box, how);
  return {
    values,
    shape: [1, how.channels, box.height, box.width],
    geometry: geometryOf(image, size, box),
    ms: performance.now() - started,
  };
}

const resizeRequest = (source: Pixels, size: Size, { interpolation }: Preprocessing): ResizeRequest => ({
  pixels: source.pixels,
  width: source.width,
  height: source.height,
  channels: source.channels,
  box: [0, 0, source.width, source.height],
  targetWidth: size.width,
  targetHeight: size.height,
  interpolation,
});

/** Pillow's convert('L'): ITU-R 601-2 luma with 16 fractional bits. */
function toGrey({ pixels, width, height, exact }: Pixels): Pixels {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += 3) {
    grey[i] = (pixels[at]! * 19595 + pixels[at + 1]! * 38470 + pixels[at + 2]! * 7471 + 0x8000) >> 16;
  }
  const luma =
    exact &&
    Float32Array.from(grey, (_, i) => 0.299 * exact[3 * i]! + 0.587 * exact[3 * i + 1]! + 0.114 * exact[3 * i + 2]!);
  return { pixels: grey, width, height, channels: 1, exact: luma };
}

/** (value * rescale - mean) / std, each step rounded to float32 as torchvision's ToTensor and Normalize do. */
function normalize(image: Pixels, box: CropBox, { channels, rescale, mean, std, crop }: Preprocessing): Float32Array {
  const round = Math.fround;
  const area = box.width * box.height;
  const values = new Float32Array(channels * area);
  const rows = overlap(box.top, box.height, image.height);
  const columns = overlap(box.left, box.width, image.width);
  for (let c = 0; c < channels; c++) {
    const [m, s] = [round(mean[c] ?? mean[0] ?? 0), round(std[c] ?? std[0] ?? 1)];
    const unit = (value: number) => round(round(value - m) / s);
    const table = Float32Array.from({ length: 256 }, (_, value) => unit(round(value * rescale)));
    const plane = values.subarray(c * area, (c + 1) * area).fill(table[crop?.fill[c] ?? 0]!);
    // a grey picture feeds every channel of a colour model
    const channel = Math.min(c, image.channels - 1);
    const { exact, pixels } = image;
    // ten thousand pictures go through here: no call for each pixel
    for (let row = rows.first; row < rows.end; row++) {
      const from = ((row + box.top) * image.width + box.left) * image.channels + channel;
      const to = row * box.width;
      for (let column = columns.first; column < columns.end; column++) {
        const at = from + column * image.channels;
        plane[to + column] = exact ? unit(exact[at]!) : table[pixels[at]!]!;
      }
    }
  }
  return values;
}

/** Of the box's rows (columns), those that lie on the picture. */
const overlap = (begin: number, boxSide: number, imageSide: number): { first: number; end: number } => ({
  first: Math.max(0, -begin),
  end: Math.min(boxSide, imageSide - begin),
});
