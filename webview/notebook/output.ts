/** What a cell of a notebook hands to the renderer (docs/notebooks.md), checked: it comes from a file. */
import { plainText } from '../../extension/errors/plainText';
import { sentence, type Sentence } from '../../extension/errors/sentence';
import type { Reading } from '../../extension/files/arrayView';
import { MOST_CELLS } from '../drawing/patchValues';

/** A copy of package.json's `contributes.notebookRenderer`. */
export const MIME = 'application/vnd.vit-inspector.map+json';
const VERSION = 1;

const MOST_VALUES = 16 * 2 ** 20;
const MOST_PICTURE_CHARACTERS = 16 * 2 ** 20;
const PICTURES = ['image/png', 'image/jpeg', 'image/webp'];
const READINGS: readonly Reading[] = ['grid', 'attention', 'lengths', 'values'];

export interface MapOutput {
  title: string;
  /** null: the likeliest of its shape. */
  reading: Reading | null;
  shape: number[];
  /** The last two axes; a list is a matrix of one row. */
  rows: number;
  columns: number;
  values: Float32Array;
  picture: Blob;
}

/** The output, or why it cannot be drawn. */
export function readOutput(given: unknown): MapOutput | Sentence {
  const { version, title, reading, shape, values, picture } = fields(given);
  if (version !== VERSION)
    return sentence(
      'This output is of version {0}; this version of ViT Inspector draws version {1}.',
      shown(version),
      VERSION,
    );
  if (!isShape(shape)) return sentence('This output has no shape that can be drawn.');
  const count = shape.reduce((product, side) => product * side, 1);
  if (count > MOST_VALUES)
    return sentence('This output has {0} values, more than the {1} that can be drawn.', count, MOST_VALUES);
  const bytes = typeof values === 'string' ? decoded(values, count * 4) : null;
  if (bytes?.length !== count * 4)
    return sentence('This output has other values than its shape ({0}) says.', shape.join(', '));
  const { mime, data } = fields(picture);
  const isPicture = typeof data === 'string' && PICTURES.some((kind) => kind === mime);
  const file = isPicture ? decoded(data, MOST_PICTURE_CHARACTERS) : null;
  if (!file)
    return sentence(
      'This output has no picture that can be drawn: {0}, at most {1} bytes.',
      PICTURES,
      MOST_PICTURE_CHARACTERS,
    );
  const [rows, columns] = shape.length < 2 ? [1, count] : (shape.slice(-2) as [number, number]);
  return {
    title: typeof title === 'string' ? plainText(title) : '',
    reading: READINGS.find((each) => each === reading) ?? null,
    ...{ shape, rows, columns },
    values: new Float32Array(bytes.buffer),
    picture: new Blob([file], { type: mime as string }),
  };
}

const fields = (given: unknown): Record<string, unknown> =>
  typeof given === 'object' && given !== null ? (given as Record<string, unknown>) : {};

const shown = (given: unknown): string =>
  typeof given === 'number' || typeof given === 'string' ? plainText(String(given), 40) : '?';

const isShape = (given: unknown): given is number[] =>
  Array.isArray(given) &&
  given.length >= 1 &&
  given.length <= 8 &&
  given.every((side) => Number.isInteger(side) && side >= 1 && side <= MOST_VALUES) &&
  given.slice(-2).every((side) => given.length === 1 || (side as number) <= MOST_CELLS * 4);

/** Of base64, at most so many bytes; null: it is not that. */
function decoded(text: string, most: number): Uint8Array<ArrayBuffer> | null {
  if (text.length > Math.ceil(most / 3) * 4 + 4) return null;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}
