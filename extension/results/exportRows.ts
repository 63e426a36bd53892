/** Rows of a view for other programs. */
import { dirname, join } from 'node:path';
import { withRegularFile, type RegularFile } from '../files/regularFile';
import { writeWholeFile } from '../files/wholeFile';
import { csvHeader, csvLineOfViewed, VIEWED_COLUMNS, type ViewedRow } from './exportColumns';
import { headerLine, type ResultsHeader } from './format';
import type { Labels } from './labels';
import { writeParquetFile } from './parquet';
import type { ExportFormat } from './requests';
import type { TableReader } from './tableReader';

export interface Exported {
  /** Path of the results file. */
  file: string;
  rows: Uint32Array;
  reader: TableReader;
  labels: Labels;
}

/** Writes them whole or not at all. Throws FileRefusal. */
export async function exportRows(exported: Exported, format: ExportFormat, to: string): Promise<void> {
  await writers[format](exported, to);
}

const writers: Record<ExportFormat, (exported: Exported, to: string) => Promise<unknown>> = {
  csv: (exported, to) => writeWholeFile(to, csvOf(exported)),
  jsonl: (exported, to) => writeWholeFile(to, jsonLinesOf(exported)),
  parquet: parquetOf,
};

async function* csvOf(exported: Exported): AsyncGenerator<Uint8Array> {
  yield Buffer.from(csvHeader(VIEWED_COLUMNS));
  for await (const row of viewedRows(exported, null)) yield Buffer.from(csvLineOfViewed(row));
}

/** With embeddings, where there are any. */
async function parquetOf(exported: Exported, to: string): Promise<void> {
  const { embeddings } = exported.reader.header;
  const write = (vectors: RegularFile | null) =>
    writeParquetFile(to, {
      columns: VIEWED_COLUMNS,
      rows: () => viewedRows(exported, vectors),
      embeddings: vectors !== null,
    });
  if (embeddings === null) await write(null);
  else await withRegularFile(join(dirname(exported.file), embeddings.file), write);
}

async function* viewedRows({ rows, reader, labels }: Exported, vectors: RegularFile | null): AsyncGenerator<ViewedRow> {
  const { table, header } = reader;
  const context = { model: header.model.source, engine: header.engine, scores: header.scores };
  for (const number of rows) {
    const row = await reader.line(number);
    if (row === null) continue; // the file has changed under it
    const at = row.kind === 'picture' ? row.embedding : null;
    const margin = table.margin.get(number);
    yield {
      ...context,
      row,
      image: row.image,
      embedding: vectors && at !== null ? await vectorAt(vectors, at, header.embeddings!.length) : null,
      given: labels.names[labels.of[number]!] ?? null,
      margin: Number.isNaN(margin) ? null : Number(margin.toPrecision(7)),
      tag: table.tagOf(number),
    };
  }
}

/** null: the file ends before it. */
async function vectorAt(vectors: RegularFile, row: number, length: number): Promise<Float32Array | null> {
  const values = new Float32Array(length);
  const read = await vectors.read(new Uint8Array(values.buffer), 4 * length * row);
  return read === values.byteLength ? values : null;
}

/** A results file of these rows, with their labels and tags; without embeddings, whose file is beside the other one. */
async function* jsonLinesOf({ rows, reader, labels }: Exported): AsyncGenerator<Uint8Array> {
  const { table } = reader;
  const header: ResultsHeader = { ...reader.header, embeddings: null };
  yield Buffer.from(headerLine(header));
  for (const row of rows) {
    const value = JSON.parse(await reader.text(row)) as Record<string, unknown>;
    delete value.embedding;
    const label = labels.names[labels.of[row]!];
    const tag = table.tagOf(row);
    yield Buffer.from(`${JSON.stringify({ ...value, ...(label !== undefined && { label }) })}\n`);
    if (tag !== null)
      yield Buffer.from(`${JSON.stringify({ tag, id: table.ids[row], at: new Date(0).toISOString() })}\n`);
  }
}
