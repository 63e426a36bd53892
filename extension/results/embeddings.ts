/** The embeddings beside a results file, as unit vectors of the rows that have one. */
import { dirname, join } from 'node:path';
import { EngineError } from '../errors/engineError';
import { whyUnreadable } from '../errors/fileRefusal';
import { sentence } from '../errors/sentence';
import { withRegularFile } from '../files/regularFile';
import type { ResultsHeader } from './format';
import { normalise } from './neighbours';
import type { ResultsTable } from './table';

/** In memory, in bytes. */
const MOST_BYTES = 2 ** 30;

export interface Embeddings {
  /** Rows of the table, ascending. */
  rows: Uint32Array;
  /** (rows, length) */
  vectors: Float32Array;
}

/** Throws EngineError where there are none, or more than fit. */
export async function readEmbeddings(file: string, header: ResultsHeader, table: ResultsTable): Promise<Embeddings> {
  if (header.embeddings === null) {
    throw new EngineError('ERR_UNSUPPORTED', sentence('{0} has no embeddings.', file));
  }
  const { length } = header.embeddings;
  const beside = join(dirname(file), header.embeddings.file);
  const width = 4 * length;
  const indices = table.embedding.first(table.rows);
  try {
    return await withRegularFile(beside, async (opened) => {
      const kept = Math.floor(opened.size / width);
      const rows = Uint32Array.from(indices.keys()).filter((row) => indices[row]! >= 0 && indices[row]! < kept);
      if (rows.length * width > MOST_BYTES) {
        const most = MOST_BYTES / 2 ** 20;
        throw new EngineError('ERR_MEMORY', sentence('The embeddings in {0} take more than {1} MiB.', beside, most));
      }
      const vectors = new Float32Array(rows.length * length);
      // in pieces of neighbouring rows: most files have them all in order
      for (let start = 0; start < rows.length;) {
        let end = start + 1;
        while (end < rows.length && indices[rows[end]!] === indices[rows[end - 1]!]! + 1 && end - start < 65_536) end++;
        const target = new Uint8Array(vectors.buffer, start * width, (end - start) * width);
        await opened.read(target, indices[rows[start]!]! * width);
        start = end;
      }
      for (let i = 0; i < vectors.length; i++) if (!Number.isFinite(vectors[i])) vectors[i] = 0;
      normalise(vectors, rows.length);
      return { rows, vectors };
    });
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError('ERR_ARGUMENT', whyUnreadable(beside, error));
  }
}
