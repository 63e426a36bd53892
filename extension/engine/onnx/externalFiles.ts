/** Reads the files beside a foreign model that hold its weights. ONNX Runtime is handed their bytes, and opens no path that a file names. */
import { faultOf, FileFault } from '../../errors/fileFault';
import path from 'node:path';
import { EngineError } from '../../errors/engineError';
import { whyUnreadable } from '../../errors/fileRefusal';
import { assertBeside } from '../../files/within';
import { withRegularFile, type RegularFile } from '../../files/regularFile';
import { externalRanges, type ExternalRange } from '../../onnx/externalData';
import { readOnnxSkeleton } from '../../onnx/header';
import { readModel, type OnnxGraph, type OnnxModel } from '../../onnx/schema';
import { sentence } from '../../errors/sentence';

/** As onnxruntime-node takes it: `path` is the name in the model. */
export interface ExternalFile {
  path: string;
  data: Uint8Array;
}

/** What one Buffer holds in every supported Node.js. */
const MOST_BYTES = 2 ** 32 - 1;

/**
 * Files are looked for beside `file` itself and nowhere else, links followed; each must be a regular file that has all the bytes the
 * model expects. Throws EngineError with a sentence, and what `assertFits` throws when it is told how many bytes they are together.
 */
export async function externalFiles(
  file: string,
  bytes: Uint8Array,
  { graph }: OnnxModel,
  assertFits: (bytes: number) => void,
): Promise<ExternalFile[]> {
  const read: ExternalFile[] = [];
  let total = 0;
  for (const [location, ranges] of rangesByFile(file, bytes, graph)) {
    const data = await withData(file, location, ranges, async (opened, length, name) => {
      assertFits(total + length);
      const data = Buffer.allocUnsafe(length);
      if ((await opened.read(data, 0)) < length)
        throw new EngineError('ERR_MODEL', sentence('{0} changed while it was read.', name));
      return data;
    });
    total += data.length;
    read.push({ path: location, data });
  }
  return read;
}

/** Throws as externalFiles does where a file is missing, too short or elsewhere; none of them is read. */
export async function assertExternalFiles(file: string): Promise<void> {
  let skeleton: Uint8Array;
  try {
    skeleton = await withRegularFile(file, readOnnxSkeleton);
  } catch (error) {
    if (error instanceof FileFault) throw unusable(file, error);
    throw new EngineError('ERR_FILE', whyUnreadable(file, error));
  }
  for (const [location, ranges] of rangesByFile(file, skeleton, readModel(skeleton).graph))
    await withData(file, location, ranges, () => Promise.resolve());
}

function rangesByFile(file: string, bytes: Uint8Array, graph: OnnxGraph): Map<string, ExternalRange[]> {
  const files = new Map<string, ExternalRange[]>();
  try {
    for (const range of externalRanges(bytes, graph)) {
      const same = files.get(range.location);
      if (same) same.push(range);
      else files.set(range.location, [range]);
    }
  } catch (error) {
    throw unusable(file, error);
  }
  return files;
}

const unusable = (file: string, error: unknown) =>
  new EngineError('ERR_MODEL', sentence('{0} cannot be used: {1}.', file, faultOf(error)));

/** `use` with one of the files open, once it is known to have every byte that is needed: so many from its start. */
async function withData<T>(
  model: string,
  location: string,
  ranges: ExternalRange[],
  use: (opened: RegularFile, length: number, name: string) => Promise<T>,
): Promise<T> {
  const file = path.join(path.dirname(model), location);
  const last = ranges.reduce((furthest, range) => (range.end > furthest.end ? range : furthest));
  try {
    await assertBeside(model, file);
    return await withRegularFile(file, async (opened) => {
      if (last.end > opened.size)
        throw new EngineError(
          'ERR_MODEL',
          sentence(
            '{0} is shorter than {1} says: weight {2} should end at byte {3}, the file has {4}.',
            file,
            model,
            last.tensor,
            last.end,
            opened.size,
          ),
        );
      if (last.end > MOST_BYTES)
        throw new EngineError(
          'ERR_MODEL',
          sentence('{0} is larger than 4 GiB, the most that is read of such a file.', file),
        );
      return use(opened, last.end, file);
    });
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError('ERR_FILE', whyUnreadable(file, error));
  }
}
