/** Which of a graph's inputs takes the picture, and what a file exported here says of itself. */
import type { Preprocessing } from '../image/preprocessing';
import type { OnnxGraph, OnnxModel, OnnxValue } from './schema';

/** Sides that are symbolic in the file are null. */
export interface PictureInput {
  input: OnnxValue;
  channelsLast: boolean;
  channels: number | null;
  height: number | null;
  width: number | null;
}

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
  return { input, channelsLast, channels: side(c), height: side(h), width: side(w) };
}

const isChannels = (dimension: number | string | undefined): boolean => dimension === 1 || dimension === 3;

/** Goes with an export as a metadata property, so that the file alone is enough to classify with. */
export interface ExportedNotes {
  preprocessing: Preprocessing;
  labels: string[] | null;
  energyThreshold?: number;
}

export const NOTES_KEY = 'vit_inspector';

/** Null when the file was not exported here, or by a version with other notes. */
export function exportedNotes({ metadata }: OnnxModel): ExportedNotes | null {
  try {
    const notes = JSON.parse(metadata.get(NOTES_KEY) ?? 'null') as Partial<ExportedNotes> | null;
    if (!Array.isArray(notes?.preprocessing?.mean) || !Array.isArray(notes.preprocessing.std)) return null;
    return { preprocessing: notes.preprocessing, labels: notes.labels ?? null, energyThreshold: notes.energyThreshold };
  } catch {
    return null;
  }
}
