/** Arrays in .npy files, a matrix at a time. The last file that was asked for is kept, so that its other matrices come at once. */
import type { ArrayView } from '../../files/arrayView';
import { FileFault } from '../../errors/fileFault';
import { fileError, ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';
import { readNpy, type NpyArray } from '../../files/npy';
import { readDatedFile, withRegularFile } from '../../files/regularFile';
import { assertConfined } from '../../models/files/namedFile';
import type { Handlers } from './handlers';

const MOST_BYTES = 256 * 2 ** 20;
/** Of one matrix, which is drawn whole. */
const MOST_VALUES = 16 * 2 ** 20;

interface Kept extends NpyArray {
  file: string;
  modified: number;
  bytes: number;
  statistics: ArrayView['statistics'];
}

export function arrayHandlers(): Pick<Handlers, 'array'> {
  let kept: Kept | null = null;
  return {
    array: async ({ file, index, confinedTo }) => {
      await assertConfined(file, [file], confinedTo);
      kept = await read(file, kept);
      return matrixOf(kept, index);
    },
  };
}

/** Throws ModelError with a sentence that names the file. */
async function read(file: string, before: Kept | null): Promise<Kept> {
  try {
    const known = await withRegularFile(file, ({ size, modified }) => Promise.resolve({ size, modified }));
    if (before?.file === file && before.modified === known.modified && before.bytes === known.size) return before;
    const { bytes, modified } = await readDatedFile(file, MOST_BYTES);
    const array = readNpy(bytes);
    return { ...array, file, modified, bytes: bytes.length, statistics: statisticsOf(array.values) };
  } catch (error) {
    if (!(error instanceof FileFault)) throw fileError(file, error);
    throw new ModelError('corrupt', sentence('{0} {1}.', file, error));
  }
}

function matrixOf({ file, shape, dtype, bytes, values, statistics }: Kept, asked: number): ArrayView {
  const [rows = 1, columns = 1] = shape.length < 2 ? [1, values.length] : shape.slice(-2);
  const size = rows * columns;
  const matrices = size === 0 ? 0 : values.length / size;
  if (size > MOST_VALUES)
    throw new ModelError(
      'unsupported',
      sentence('{0} holds matrices of {1} x {2} values, too many to draw.', file, rows, columns),
    );
  const index = Math.max(0, Math.min(asked, matrices - 1));
  const part = values.slice(index * size, (index + 1) * size);
  return { shape, dtype, bytes, matrices, index, rows, columns, values: part, statistics };
}

/** Of the finite values. */
function statisticsOf(values: Float32Array): ArrayView['statistics'] {
  let [sum, squares, least, most, zeros, finite] = [0, 0, Infinity, -Infinity, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    squares += value * value;
    if (value < least) least = value;
    if (value > most) most = value;
    if (value === 0) zeros++;
  }
  const count = values.length;
  const notFinite = count - finite;
  if (finite === 0) return { count, mean: NaN, rms: NaN, least: NaN, most: NaN, zeros, notFinite };
  return { count, mean: sum / finite, rms: Math.sqrt(squares / finite), least, most, zeros, notFinite };
}
