/** Rows as a Parquet file, a row group at a time; embeddings and logits are lists of floats, which Arrow's readers make arrays of. */
import { ParquetWriter, type SchemaElement, type Writer } from 'hyparquet-writer';
import { COLUMNS, type TableRow } from './table';

const GROUP = 10_000;

const parquetTypes: Record<(typeof COLUMNS)[number]['type'], Partial<SchemaElement>> = {
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

export async function writeParquet(
  writer: Writer,
  rows: AsyncIterable<TableRow>,
  { embeddings, logits }: { embeddings: boolean; logits: boolean },
): Promise<void> {
  const lists = [...(embeddings ? ['embedding'] : []), ...(logits ? ['logits'] : [])];
  const schema: SchemaElement[] = [
    { name: 'root', num_children: COLUMNS.length + lists.length },
    ...COLUMNS.map(({ name, type }) => ({ name, repetition_type: 'OPTIONAL' as const, ...parquetTypes[type] })),
    ...lists.flatMap(listOf),
  ];
  const parquet = new ParquetWriter({ writer, schema });
  let group: TableRow[] = [];
  const flush = async () => {
    const columns = COLUMNS.map(({ name, type, of }) => ({
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
  for await (const row of rows) {
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
