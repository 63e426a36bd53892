/** Which of a graph's inputs takes the picture, and what a file exported here says of itself. */
import type { PictureInput } from '../architecture/description';
import { LIMITS } from '../architecture/limits';
import { wrongPreprocessing } from '../architecture/preprocessingBounds';
import { nestedTooDeep } from '../files/jsonLimits';
import type { Preprocessing } from '../image/preprocessing';
import type { OnnxGraph, OnnxModel } from './schema';
import { FileFault } from '../errors/fileFault';
import { sentence } from '../errors/sentence';

/** The only input that no initializer feeds, when it has four dimensions (or says none). */
export function pictureInput({ inputs, initializers }: OnnxGraph): PictureInput | null {
  const [input, ...others] = inputs.filter(({ name }) => !initializers.has(name));
  if (input === undefined || others.length > 0 || (input.shape !== null && input.shape.length !== 4)) return null;
  const channelsLast = !isChannels(input.shape?.[1]) && isChannels(input.shape?.[3]);
  const side = (axis: number): number | null => {
    const dimension = input.shape?.[axis];
    return typeof dimension === 'number' && dimension > 0 ? dimension : null;
  };
  const [c, h, w] = channelsLast ? [3, 1, 2] : [1, 2, 3];
  const { name, elementType } = input;
  return { name, elementType, channelsLast, channels: side(c), height: side(h), width: side(w), batch: side(0) };
}

const isChannels = (dimension: number | string | undefined): boolean => dimension === 1 || dimension === 3;

/** Goes with an export as a metadata property, so that the file alone is enough to classify with. */
export interface ExportedNotes {
  preprocessing: Preprocessing;
  labels: string[] | null;
  energyThreshold?: number;
}

export const NOTES_KEY = 'vit_inspector';

/**
 * Null when the file was not exported here. Throws an Error, to be put after the file's name, when what it says of itself
 * cannot be used: to guess instead would be to feed it wrongly.
 */
export function exportedNotes({ metadata }: OnnxModel): ExportedNotes | null {
  const text = metadata.get(NOTES_KEY);
  if (text === undefined) return null;
  const { preprocessing, labels, energyThreshold } = parseNotes(text);
  const wrong = wrongPreprocessing(recordOf(preprocessing));
  if (wrong !== null) throw new FileFault(sentence('in its metadata {0}', wrong));
  const names = labels ?? null;
  if (names !== null && !(isList(names) && names.length <= LIMITS.classes && names.every(isText)))
    throw new FileFault(sentence('in its metadata the labels are no list of at most {0} names', LIMITS.classes));
  if (energyThreshold !== undefined && typeof energyThreshold !== 'number')
    throw new FileFault(sentence('in its metadata the energy threshold is no number'));
  return { preprocessing: preprocessing as Preprocessing, labels: names, energyThreshold };
}

function parseNotes(text: string): Record<string, unknown> {
  if (nestedTooDeep(text) !== null) throw new FileFault(sentence('its metadata is nested too deep'));
  try {
    return recordOf(JSON.parse(text));
  } catch {
    throw new FileFault(sentence('its metadata is not JSON'));
  }
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const isList = (value: unknown): value is unknown[] => Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
