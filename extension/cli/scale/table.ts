/** Rows as tables have them: CSV and Parquet, a column a fact. */
import { csvField } from '../../files/csv';
import type { FailedRow, PictureRow, RowContext } from '../../results/format';

export interface TableRow extends RowContext {
  row: PictureRow | FailedRow;
  /** As whoever gave the command can open it. */
  image: string;
  embedding: Float32Array | null;
}

type Cell = string | number | boolean | null;

/** Columns and their types in Parquet; null where a row has none. The best class has columns of its own, all of them are JSON. */
export const COLUMNS: {
  name: string;
  type: 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN';
  of: (row: TableRow) => Cell;
}[] = [
  { name: 'id', type: 'STRING', of: ({ row }) => row.id },
  { name: 'image', type: 'STRING', of: ({ image }) => image },
  { name: 'model', type: 'STRING', of: ({ model }) => model },
  { name: 'engine', type: 'STRING', of: ({ engine }) => engine },
  { name: 'scores', type: 'STRING', of: ({ scores }) => scores },
  { name: 'label', type: 'STRING', of: ({ row }) => best(row)?.label ?? null },
  { name: 'index', type: 'INT32', of: ({ row }) => best(row)?.index ?? null },
  { name: 'probability', type: 'DOUBLE', of: ({ row }) => best(row)?.probability ?? null },
  { name: 'logit', type: 'DOUBLE', of: ({ row }) => best(row)?.logit ?? null },
  { name: 'energy', type: 'DOUBLE', of: ({ row }) => (row.kind === 'picture' ? row.energy : null) },
  { name: 'unfamiliar', type: 'BOOLEAN', of: ({ row }) => (row.kind === 'picture' ? row.unfamiliar : null) },
  { name: 'width', type: 'INT32', of: ({ row }) => (row.kind === 'picture' ? row.size[0] : null) },
  { name: 'height', type: 'INT32', of: ({ row }) => (row.kind === 'picture' ? row.size[1] : null) },
  { name: 'bytes', type: 'INT64', of: ({ row }) => (row.kind === 'picture' ? row.bytes : null) },
  { name: 'modified', type: 'DOUBLE', of: ({ row }) => (row.kind === 'picture' ? row.modified : null) },
  { name: 'error', type: 'STRING', of: ({ row }) => (row.kind === 'failed' ? row.error.message : null) },
  { name: 'error_code', type: 'STRING', of: ({ row }) => (row.kind === 'failed' ? row.error.code : null) },
  {
    name: 'predictions',
    type: 'STRING',
    of: ({ row }) => (row.kind === 'picture' ? JSON.stringify(row.predictions) : null),
  },
];

const best = (row: PictureRow | FailedRow) => (row.kind === 'picture' ? row.predictions[0] : undefined);

export const csvHeader = (): string => `${COLUMNS.map(({ name }) => name).join(',')}\n`;

export const csvLine = (row: TableRow): string =>
  `${COLUMNS.map(({ of }) => csvField(String(of(row) ?? ''))).join(',')}\n`;
