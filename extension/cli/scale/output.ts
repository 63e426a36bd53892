/**
 * The output of a job: FILE.part, a results file, while it works, from which it goes on after whatever stopped it; then FILE in the
 * format that was asked for, written aside and renamed. Of several rows of one id the last one counts.
 */
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { npyHeader, npyBody } from '../../files/npyEncoding';
import { RegularFile } from '../../files/regularFile';
import { writeWholeFile } from '../../files/wholeFile';
import { COLUMNS, csvHeader, csvLine, type TableRow } from '../../results/exportColumns';
import { RESULTS_SUFFIX, headerLine, parseLine, rowLine, type ResultsHeader } from '../../results/format';
import { writeParquetFile } from '../../results/parquet';
import { readLines } from '../../results/reader';

export type Format = 'jsonl' | 'csv' | 'parquet' | 'npy';

/** By its name, when nothing else is said. */
export function formatOf(file: string): Format {
  const ending = path.extname(file).toLowerCase();
  return ending === '.csv' || ending === '.parquet' || ending === '.npy' ? (ending.slice(1) as Format) : 'jsonl';
}

export const partOf = (file: string): string => `${file}.part`;
/** Without its folder. */
export const embeddingsPartOf = (file: string): string => `${path.basename(file)}.part.f32`;

export const isDone = async (file: string): Promise<boolean> => (await stat(file).catch(() => null))?.isFile() === true;

/** What an earlier run left, when it is not to be gone on with. */
export async function startAnew(file: string): Promise<void> {
  await rm(partOf(file), { force: true });
  await rm(path.join(path.dirname(file), embeddingsPartOf(file)), { force: true });
}

/** Makes FILE of FILE.part, which is gone then. */
export async function finishOutput(file: string, format: Format, shown: (image: string) => string): Promise<void> {
  const part = new Part(partOf(file), shown);
  await part.open();
  const folder = path.dirname(file);
  const stem = path.join(folder, path.basename(file, path.extname(file)));
  if (format === 'csv') await writeWholeFile(file, csvOf(part));
  else if (format === 'parquet') {
    const embeddings = part.header.embeddings !== null;
    await writeParquetFile(file, { columns: COLUMNS, rows: () => part.rows(), embeddings });
  } else if (format === 'npy') {
    await writeWholeFile(`${stem}.jsonl`, part.rowLines({ numbered: true }));
    await writeWholeFile(file, npyOf(part));
  } else if (file.endsWith(RESULTS_SUFFIX)) await part.become(file);
  else await writeWholeFile(file, part.rowLines({ numbered: false }));
  await startAnew(file);
}

/** A finished FILE.part. */
class Part {
  header!: ResultsHeader;
  /** Where the row that counts begins, by id. */
  private readonly last = new Map<string, number>();

  constructor(
    private readonly file: string,
    private readonly shown: (image: string) => string,
  ) {}

  async open(): Promise<void> {
    for await (const line of readLines(this.file)) {
      const parsed = parseLine(line.text);
      if (parsed?.kind === 'header') {
        const { kind: _kind, ...header } = parsed;
        this.header = header;
      } else if (parsed?.kind === 'picture' || parsed?.kind === 'failed') this.last.set(parsed.id, line.begin);
    }
  }

  /** Rows as tables have them, with their embeddings. */
  async *rows(): AsyncGenerator<TableRow> {
    const { model, engine, scores, embeddings } = this.header;
    const context = { model: model.source, engine, scores };
    const vectors = embeddings && path.join(path.dirname(this.file), embeddings.file);
    const read = async function* (this: Part, opened: RegularFile | null): AsyncGenerator<TableRow> {
      for await (const { text, begin } of readLines(this.file)) {
        const row = parseLine(text);
        if ((row?.kind !== 'picture' && row?.kind !== 'failed') || this.last.get(row.id) !== begin) continue;
        const at = row.kind === 'picture' ? row.embedding : null;
        const embedding = opened && at !== null ? await vectorAt(opened, at, embeddings!.length) : null;
        yield { ...context, row, image: this.shown(row.image), embedding };
      }
    };
    if (!vectors) yield* read.call(this, null);
    else {
      const opened = await RegularFile.open(vectors);
      try {
        yield* read.call(this, opened);
      } finally {
        await opened.close();
      }
    }
  }

  /** As lines of JSON. `numbered`: with the row of an array beside them instead of their embeddings. */
  async *rowLines({ numbered }: { numbered: boolean }): AsyncGenerator<Buffer> {
    let number = 0;
    for await (const { row, image, embedding, ...context } of this.rows()) {
      const line = rowLine({ ...row, ...(row.kind === 'picture' && { embedding: null }), image }, context);
      const extra = numbered
        ? { embedding: embedding && number }
        : { ...(embedding && { embedding: Array.from(embedding) }) };
      if (embedding) number++;
      yield Buffer.from(numbered || embedding ? `${JSON.stringify({ ...JSON.parse(line), ...extra })}\n` : line);
    }
  }

  /** NAME.vitresults.jsonl, and NAME.vitresults.f32 where there are embeddings. */
  async become(file: string): Promise<void> {
    const { embeddings } = this.header;
    const folder = path.dirname(file);
    const name = `${path.basename(file).slice(0, -RESULTS_SUFFIX.length)}.vitresults.f32`;
    const header = { ...this.header, embeddings: embeddings && { ...embeddings, file: name } };
    const { last, file: part } = this;
    await writeWholeFile(
      file,
      (async function* () {
        yield Buffer.from(headerLine(header));
        for await (const { text, begin } of readLines(part)) {
          const parsed = parseLine(text);
          if (parsed && 'id' in parsed && last.get(parsed.id) === begin) yield Buffer.from(`${text}\n`);
        }
      })(),
    );
    if (embeddings) await rename(path.join(folder, embeddings.file), path.join(folder, name));
  }
}

async function vectorAt(file: RegularFile, row: number, length: number): Promise<Float32Array> {
  const values = new Float32Array(length);
  await file.read(new Uint8Array(values.buffer), 4 * length * row);
  return values;
}

async function* csvOf(part: Part): AsyncGenerator<Buffer> {
  yield Buffer.from(csvHeader());
  for await (const row of part.rows()) yield Buffer.from(csvLine(row));
}

/** (pictures with an embedding, length), in the order of their rows. */
async function* npyOf(part: Part): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const { embedding } of part.rows()) if (embedding) count++;
  yield npyHeader([count, part.header.embeddings!.length]);
  for await (const { embedding } of part.rows()) if (embedding) yield npyBody(embedding);
}
