/** Writes a results file and the embeddings beside it; goes on with one that was begun, wherever its writer was stopped. */
import { constants } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { FileRefusal, isMissing, whyUnreadable, whyUnwritable } from '../errors/fileRefusal';
import { sentence } from '../errors/sentence';
import { withRegularFile } from '../files/regularFile';
import { npyBody } from '../files/npyEncoding';
import {
  headerLine,
  parseLine,
  rowLine,
  type FailedRow,
  type PictureRow,
  type ResultsHeader,
  type RowContext,
} from './format';
import { readLines } from './reader';

/** A row to be written; its embedding gets its place in the embeddings file here. */
export type NewRow =
  | FailedRow
  | (Omit<PictureRow, 'embedding'> & {
      features: Float32Array | null;
      /** For those who watch: not written. */
      timings?: { decode_ms: number; preprocess_ms: number; forward_ms: number };
    });

/** What is in a file already. */
interface Begun {
  ids: Set<string>;
  embeddings: number;
  /** Bytes of whole lines. */
  end: number;
  /** Of the rows that were read with an error. */
  failed: number;
}

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
const nothing = (): Begun => ({ ids: new Set(), embeddings: 0, end: 0, failed: 0 });

export class ResultsWriter {
  private queue: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly file: string,
    private readonly handle: FileHandle,
    private readonly embeddings: FileHandle | null,
    private readonly context: RowContext,
    private readonly begun: Begun,
  ) {}

  /**
   * A new file with this header, or one that was begun with the same model and preprocessing: what was half-written at its end is cut
   * off. Throws FileRefusal with one sentence: it is another's results, no results, or cannot be written.
   */
  static async open(file: string, header: ResultsHeader): Promise<ResultsWriter> {
    const begun = await readBegun(file, header);
    const { engine, scores } = header;
    return attempt(file, async () => {
      const handle = await open(file, FLAGS, 0o666);
      try {
        if ((await handle.stat()).size > begun.end) await handle.truncate(begun.end);
        if (begun.end === 0) await handle.appendFile(headerLine(header));
        const embeddings = header.embeddings && (await openEmbeddings(file, header.embeddings, begun.embeddings));
        return new ResultsWriter(file, handle, embeddings, { model: header.model.source, engine, scores }, begun);
      } catch (error) {
        await handle.close();
        throw error;
      }
    });
  }

  /** Rows that were there when it was opened, and those of them with an error. */
  readonly counts = () => ({ rows: this.begun.ids.size, failed: this.begun.failed });

  /** False: there is a row of that id, or it is being made. */
  claim(id: string): boolean {
    const { ids } = this.begun;
    const before = ids.size;
    return ids.add(id).size > before;
  }

  /** In one write: what ends this process ends it before or after. */
  append(rows: readonly NewRow[]): Promise<void> {
    const written = this.queue.then(() => this.write(rows));
    this.queue = written.catch(() => undefined);
    return written;
  }

  /** Everything is on the disk. */
  async close(): Promise<void> {
    await this.queue;
    await attempt(this.file, async () => {
      for (const handle of [this.embeddings, this.handle]) {
        await handle?.sync();
        await handle?.close();
      }
    });
  }

  private async write(rows: readonly NewRow[]): Promise<void> {
    const vectors: Uint8Array[] = [];
    const lines = rows.map((row) => {
      if (row.kind === 'failed') return rowLine(row, this.context);
      const { features, ...rest } = row;
      const embedding = this.embeddings && features ? this.begun.embeddings + vectors.length : null;
      if (embedding !== null) vectors.push(npyBody(features!));
      return rowLine({ ...rest, embedding }, this.context);
    });
    await attempt(this.file, async () => {
      // first these: no row names an embedding that is not there
      if (vectors.length > 0) await this.embeddings!.appendFile(Buffer.concat(vectors));
      this.begun.embeddings += vectors.length;
      await this.handle.appendFile(lines.join(''));
    });
  }
}

async function openEmbeddings(
  file: string,
  { file: name, length }: NonNullable<ResultsHeader['embeddings']>,
  rows: number,
): Promise<FileHandle> {
  const handle = await open(path.join(path.dirname(file), name), FLAGS, 0o666);
  await handle.truncate(4 * length * rows);
  return handle;
}

async function readBegun(file: string, header: ResultsHeader): Promise<Begun> {
  try {
    return await readRows(file, header);
  } catch (error) {
    if (isMissing(error)) return nothing();
    throw error instanceof FileRefusal ? error : new FileRefusal('unwritable', whyUnreadable(file, error));
  }
}

async function readRows(file: string, header: ResultsHeader): Promise<Begun> {
  const begun = nothing();
  const failed = new Set<string>();
  const kept = await embeddingsIn(file, header);
  for await (const { text, begin, end } of readLines(file)) {
    const line = parseLine(text);
    if (begin === 0) {
      if (line?.kind !== 'header') throw refusal(sentence('{0} holds something else than results.', file));
      assertSame(file, line, header);
    } else if (line?.kind === 'picture' || line?.kind === 'failed') {
      const embedding = line.kind === 'picture' ? line.embedding : null;
      // of a machine that stopped: rows may be on the disk before their embeddings
      if (embedding === null || embedding < kept) begun.ids.add(line.id);
      if (embedding !== null && embedding < kept) begun.embeddings = Math.max(begun.embeddings, embedding + 1);
      if (line.kind === 'failed') failed.add(line.id);
      else failed.delete(line.id);
    }
    begun.end = end;
  }
  begun.failed = failed.size;
  if (begun.end === 0) await assertHeaderBegun(file);
  return begun;
}

/** A file without one whole line is a header that was being written, or somebody else's. */
async function assertHeaderBegun(file: string): Promise<void> {
  const start = Buffer.from('{"vitresults":');
  const there = Buffer.alloc(start.length);
  const length = await withRegularFile(file, (opened) => opened.read(there, 0));
  if (!start.subarray(0, length).equals(there.subarray(0, length))) {
    throw refusal(sentence('{0} holds something else than results.', file));
  }
}

async function embeddingsIn(file: string, { embeddings }: ResultsHeader): Promise<number> {
  if (!embeddings) return Infinity;
  const found = await stat(path.join(path.dirname(file), embeddings.file)).catch(() => null);
  return Math.floor((found?.size ?? 0) / (4 * embeddings.length));
}

function assertSame(file: string, begun: ResultsHeader, header: ResultsHeader): void {
  if (begun.model.hash !== header.model.hash) {
    throw refusal(
      sentence(
        '{0} holds results of another model ({1}), so {2} cannot go on with it.',
        file,
        begun.model.name,
        header.model.name,
      ),
    );
  }
  if (begun.preprocessing.hash !== header.preprocessing.hash) {
    throw refusal(sentence('{0} holds results of pictures that were resized or normalised otherwise.', file));
  }
  const how = ({ engine, precision, topK, root, embeddings }: ResultsHeader) =>
    JSON.stringify([engine, precision, topK, root, embeddings]);
  if (how(begun) !== how(header)) throw refusal(sentence('{0} holds results of other settings.', file));
}

const refusal = (said: ConstructorParameters<typeof FileRefusal>[1]) => new FileRefusal('other-contents', said);

async function attempt<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof FileRefusal ? error : new FileRefusal('unwritable', whyUnwritable(file, error));
  }
}
