/**
 * Pillow's 8-bit resampling in TypeScript, for machines where the addon cannot be loaded and onnxruntime computes alone.
 * The same numbers as native/src/image/resize.cc (the tests hold both to Pillow's), several times slower. Grey and RGB only.
 */
import type { Interpolation, ResizeRequest } from '../../native/binding';

const PRECISION_BITS = 32 - 8 - 2;
const HALF = 1 << (PRECISION_BITS - 1);

/** Weight at distance x, and the distance beyond which it is 0. */
interface Filter {
  support: number;
  weight: (x: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const filters: Record<Exclude<Interpolation, 'nearest'>, Filter> = {
  box: { support: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  hamming: {
    support: 1,
    // Pillow's constants are float32
    weight: (x) =>
      Math.abs(x) >= 1 ? 0 : sinc(x) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(Math.abs(x) * Math.PI)),
  },
  // Keys 1981, eq. 15, with a = -0.5
  bicubic: {
    support: 2,
    weight: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
    },
  },
  lanczos: { support: 3, weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Which source positions a target position is made of: from `first` on, in units of 2^-22. */
interface Taps {
  first: number;
  weights: Int32Array;
}

function makeTaps(source: number, begin: number, end: number, target: number, { support, weight }: Filter): Taps[] {
  const scale = Math.fround(end - begin) / target;
  const widened = Math.max(scale, 1);
  const reach = support * widened;
  const inverse = 1 / widened;
  return Array.from({ length: target }, (_, i) => {
    const center = begin + (i + 0.5) * scale;
    const first = Math.max(Math.trunc(center - reach + 0.5), 0);
    const count = Math.min(Math.trunc(center + reach + 0.5), source) - first;
    const exact = Array.from({ length: count }, (_, k) => weight((k + first - center + 0.5) * inverse));
    const sum = exact.reduce((total, value) => total + value, 0);
    const fixed = exact.map((value) => {
      const scaled = (sum === 0 ? value : value / sum) * 2 ** PRECISION_BITS;
      return Math.trunc(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    });
    return { first, weights: Int32Array.from(fixed) };
  });
}

/** Sums taps over pixels that lie `step` bytes apart, beginning at `at`. */
function sample(pixels: Uint8Array, at: number, step: number, weights: Int32Array): number {
  let sum = HALF;
  for (let k = 0; k < weights.length; k++) sum += pixels[at + k * step]! * weights[k]!;
  return Math.min(255, Math.max(0, sum >> PRECISION_BITS));
}

function resampleAcross(source: Uint8Array, width: number, height: number, channels: number, taps: Taps[]): Uint8Array {
  const result = new Uint8Array(taps.length * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (const { first, weights } of taps) {
      const from = (y * width + first) * channels;
      for (let c = 0; c < channels; c++) result[to++] = sample(source, from + c, channels, weights);
    }
  }
  return result;
}

function resampleDown(source: Uint8Array, rowBytes: number, taps: Taps[]): Uint8Array {
  const result = new Uint8Array(taps.length * rowBytes);
  taps.forEach(({ first, weights }, y) => {
    for (let x = 0; x < rowBytes; x++)
      result[y * rowBytes + x] = sample(source, first * rowBytes + x, rowBytes, weights);
  });
  return result;
}

/** Source positions, the rounding of their sums included. */
function nearestPositions(begin: number, end: number, target: number): number[] {
  const step = Math.fround(end - begin) / target;
  let position = begin + step * 0.5;
  return Array.from({ length: target }, () => {
    const at = Math.trunc(position);
    position += step;
    return at;
  });
}

function nearest(request: ResizeRequest, [left, top, right, bottom]: readonly number[]): Uint8Array {
  const { pixels, width, channels, targetWidth, targetHeight } = request;
  const columns = nearestPositions(left!, right!, targetWidth);
  const result = new Uint8Array(targetWidth * targetHeight * channels);
  let to = 0;
  for (const row of nearestPositions(top!, bottom!, targetHeight)) {
    for (const column of columns) {
      const from = (row * width + column) * channels;
      for (let c = 0; c < channels; c++) result[to++] = pixels[from + c]!;
    }
  }
  return result;
}

/** (targetHeight, targetWidth, channels), as Binding.resize. */
export function resize(request: ResizeRequest): Uint8Array {
  const { pixels, width, height, channels, targetWidth, targetHeight, interpolation } = request;
  const box = request.box.map(Math.fround);
  const [left = 0, top = 0, right = 0, bottom = 0] = box;
  const across = left !== 0 || right !== width || targetWidth !== width;
  const down = top !== 0 || bottom !== height || targetHeight !== height;
  if (interpolation === 'nearest') return across || down ? nearest(request, box) : pixels.slice();
  const filter = filters[interpolation];
  const narrowed = across
    ? resampleAcross(pixels, width, height, channels, makeTaps(width, left, right, targetWidth, filter))
    : pixels.slice();
  if (!down) return narrowed;
  return resampleDown(narrowed, targetWidth * channels, makeTaps(height, top, bottom, targetHeight, filter));
}
