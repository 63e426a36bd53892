/** Rows as a Parquet file, a row group at a time; embeddings and logits are lists of floats, which Arrow's readers make arrays of. */
import { rename, rm } from 'node:fs/promises';
import { fileWriter, ParquetWriter, type SchemaElement } from 'hyparquet-writer';
import type { Column, TableRow } from './exportColumns';
import { FileRefusal, whyUnwritable } from '../errors/fileRefusal';

const GROUP = 10_000;

const parquetTypes: Record<Column<never>['type'], Partial<SchemaElement>> = {
  STRING: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  INT32: { type: 'INT32' },
  INT64: { type: 'INT64' },
  DOUBLE: { type: 'DOUBLE' },
  BOOLEAN: { type: 'BOOLEAN' },
};

const listOf = (name: string): SchemaElement[] => [
  { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
];

interface Contents<Row> {
  columns: readonly Column<Row>[];
  /** Gives the rows from the first one on. */
  rows: () => AsyncGenerator<Row>;
  /** There is a column of them. */
  embeddings: boolean;
}

/** Written aside and renamed: whole or absent. There are logits where the first picture has them. Throws FileRefusal, and what `rows` throws. */
export async function writeParquetFile<Row extends TableRow>(file: string, contents: Contents<Row>): Promise<void> {
  const aside = `${file}.${process.pid}.part`;
  try {
    await write(aside, contents, await haveLogits(contents.rows()));
    await rename(aside, file);
  } catch (error) {
    const isOfSystem = error instanceof Error && 'syscall' in error;
    throw isOfSystem ? new FileRefusal('unwritable', whyUnwritable(file, error)) : error;
  } finally {
    await rm(aside, { force: true });
  }
}

async function haveLogits(rows: AsyncGenerator<TableRow>): Promise<boolean> {
  for await (const { row } of rows) if (row.kind === 'picture') return row.logits !== null;
  return false;
}

async function write<Row extends TableRow>(
  aside: string,
  { columns: shown, rows, embeddings }: Contents<Row>,
  logits: boolean,
): Promise<void> {
  const writer = fileWriter(aside);
  const lists = [...(embeddings ? ['embedding'] : []), ...(logits ? ['logits'] : [])];
  const schema: SchemaElement[] = [
    { name: 'root', num_children: shown.length + lists.length },
    ...shown.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL' as const, ...parquetTypes[type] })),
    ...lists.flatMap(listOf),
  ];
  const parquet = new ParquetWriter({ writer, schema });
  let group: Row[] = [];
  const flush = async () => {
    const columns = shown.map(({ name, type, of }) => ({
      name,
      data: group.map((row) => {
        const cell = of(row);
        return type === 'INT64' && typeof cell === 'number' ? BigInt(cell) : cell;
      }),
    }));
    const vectors = lists.map((name) => ({ name, data: group.map((row) => vectorOf(row, name)) }));
    await parquet.write({ columnData: [...columns, ...vectors], rowGroupSize: GROUP });
    group = [];
  };
  for await (const row of rows()) {
    group.push(row);
    if (group.length === GROUP) await flush();
  }
  if (group.length > 0) await flush();
  await parquet.finish();
}

function vectorOf({ row, embedding }: TableRow, name: string): number[] | null {
  if (name === 'embedding') return embedding && Array.from(embedding);
  return row.kind === 'picture' ? row.logits : null;
}
