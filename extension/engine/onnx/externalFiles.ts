/** Reads the files beside a foreign model that hold its weights. ONNX Runtime is handed their bytes, and opens no path that a file names. */
import { faultOf } from '../../errors/fileFault';
import path from 'node:path';
import { EngineError } from '../../errors/engineError';
import { whyUnreadable } from '../../errors/fileRefusal';
import { withRegularFile } from '../../files/regularFile';
import { externalRanges, type ExternalRange } from '../../onnx/externalData';
import type { OnnxModel } from '../../onnx/schema';
import { sentence } from '../../errors/sentence';

/** As onnxruntime-node takes it: `path` is the name in the model. */
export interface ExternalFile {
  path: string;
  data: Uint8Array;
}

/** What one Buffer holds in every supported Node.js. */
const MOST_BYTES = 2 ** 32 - 1;

/**
 * Files are looked for beside `file` itself and nowhere else; each must be a regular file that has all the bytes the model expects.
 * Throws EngineError with a sentence, and what `assertFits` throws when it is told how many bytes they are together.
 */
export async function externalFiles(
  file: string,
  bytes: Uint8Array,
  { graph }: OnnxModel,
  assertFits: (bytes: number) => void,
): Promise<ExternalFile[]> {
  const files = new Map<string, ExternalRange[]>();
  try {
    for (const range of externalRanges(bytes, graph)) {
      const same = files.get(range.location);
      if (same) same.push(range);
      else files.set(range.location, [range]);
    }
  } catch (error) {
    throw new EngineError('ERR_MODEL', sentence('{0} cannot be used: {1}.', file, faultOf(error)));
  }
  const read: ExternalFile[] = [];
  let total = 0;
  for (const [location, ranges] of files) {
    const data = await readRanges(file, location, ranges, (more) => assertFits(total + more));
    total += data.length;
    read.push({ path: location, data });
  }
  return read;
}

/** The file from its start to the last byte that is needed. */
async function readRanges(
  model: string,
  location: string,
  ranges: ExternalRange[],
  assertFits: (bytes: number) => void,
): Promise<Uint8Array> {
  const file = path.join(path.dirname(model), location);
  const last = ranges.reduce((furthest, range) => (range.end > furthest.end ? range : furthest));
  try {
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
      assertFits(last.end);
      const data = Buffer.allocUnsafe(last.end);
      if ((await opened.read(data, 0)) < data.length)
        throw new EngineError('ERR_MODEL', sentence('{0} changed while it was read.', file));
      return data;
    });
  } catch (error) {
    throw error instanceof EngineError ? error : new EngineError('ERR_FILE', whyUnreadable(file, error));
  }
}
