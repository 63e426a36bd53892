/** Whether pictures can be fed by a preprocessing, whatever file it came from. */
import { sentence, type Argument, type Sentence } from '../errors/sentence';
import type { Interpolation, Preprocessing, Resize } from '../image/preprocessing';
import { LIMITS } from './limits';

/** Colour statistics and the factor before them, in these ranges, keep every input value finite. */
export const MEAN_RANGE: [least: number, most: number] = [-1e6, 1e6];
export const STD_RANGE: [least: number, most: number] = [1e-6, 1e6];
/** timm crops 0.875 to all of the resized picture. */
export const CROP_PERCENT: [least: number, most: number] = [0.01, 10];
export const RESCALE_RANGE: [least: number, most: number] = [1e-9, 1e6];

const INTERPOLATIONS: Record<Interpolation, true> = {
  nearest: true,
  box: true,
  bilinear: true,
  hamming: true,
  bicubic: true,
  lanczos: true,
};

/**
 * What is wrong with a preprocessing, as a clause ("std is [0, 0, 0], but must be ..."); null when pictures can be fed by it.
 * It may come from a file as it is, so nothing of its type is believed.
 */
export function wrongPreprocessing(of: { [K in keyof Preprocessing]?: unknown }): Sentence | null {
  const { channels, resize, interpolation, crop, cropPercent, rescale, mean, std } = of;
  const problem = (name: string, value: unknown, wanted: Sentence): Sentence =>
    sentence('{0} is {1}, but must be {2}', name, shown(value), wanted);
  if (!isSize(channels, LIMITS.channels))
    return problem('channels', channels, sentence('from {0} to {1}', 1, LIMITS.channels));
  if (!isList(mean, channels, MEAN_RANGE)) return problem('mean', mean, listOf(channels, MEAN_RANGE));
  if (!isList(std, channels, STD_RANGE)) return problem('std', std, listOf(channels, STD_RANGE));
  if (!isBetween(rescale, RESCALE_RANGE)) return problem('rescale', rescale, numberOf(RESCALE_RANGE));
  if (typeof interpolation !== 'string' || !Object.hasOwn(INTERPOLATIONS, interpolation))
    return problem('interpolation', interpolation, sentence('one of {0}', Object.keys(INTERPOLATIONS)));
  const sides = sentence('whole numbers of pixels from 1 to {0}', LIMITS.side);
  if (!isResize(resize)) return problem('resize', resize, sides);
  if (crop !== null && !isCrop(crop)) return problem('crop', crop, sides);
  if (cropPercent !== undefined && !isBetween(cropPercent, CROP_PERCENT))
    return problem('cropPercent', cropPercent, numberOf(CROP_PERCENT));
  const area = crop ?? (resize.kind === 'exact' ? resize : null);
  if (area && area.height * area.width * channels > LIMITS.inputValues)
    return sentence(
      'the input has {0} x {1} pixels of {2} channels, more than {3} values',
      area.height,
      area.width,
      channels,
      LIMITS.inputValues,
    );
  return null;
}

function isResize(value: unknown): value is Resize {
  const { kind, size, height, width, longest } = fieldsOf(value);
  const sides = isSize(height, LIMITS.side) && isSize(width, LIMITS.side);
  if (kind === 'none') return true;
  if (kind === 'shorter-side') return isSize(size, LIMITS.side) && (longest === undefined || isSize(longest, 1e9));
  return kind === 'exact' ? sides : kind === 'keep-ratio' && sides && (longest === 0 || longest === 1);
}

function isCrop(value: unknown): value is NonNullable<Preprocessing['crop']> {
  const { height, width, fill, rounding } = fieldsOf(value);
  return (
    isSize(height, LIMITS.side) &&
    isSize(width, LIMITS.side) &&
    isList(fill, 3, [0, 255]) &&
    fill.every(Number.isInteger) &&
    (rounding === undefined || rounding === 'half-even' || rounding === 'floor')
  );
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const isBetween = (value: unknown, [least, most]: [number, number]): value is number =>
  typeof value === 'number' && value >= least && value <= most;
const isSize = (value: unknown, most: number): value is number =>
  isBetween(value, [1, most]) && Number.isInteger(value);
const isList = (value: unknown, length: number, of: [number, number]): value is number[] =>
  Array.isArray(value) && value.length === length && value.every((item) => isBetween(item, of));
const numberOf = ([least, most]: [number, number]): Sentence => sentence('a number from {0} to {1}', least, most);
const listOf = (length: number, [least, most]: [number, number]): Sentence =>
  sentence('{0} numbers from {1} to {2}', length, least, most);

function shown(value: unknown): Argument {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  if (text === undefined) return sentence('nothing');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
