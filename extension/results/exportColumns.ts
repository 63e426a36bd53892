/** Rows as tables have them: CSV and Parquet, a column a fact, from the command line and from the view. */
import { csvField } from '../files/csv';
import type { FailedRow, PictureRow, RowContext, Tag } from './format';

export interface TableRow extends RowContext {
  row: PictureRow | FailedRow;
  /** As whoever gave the command can open it. */
  image: string;
  embedding: Float32Array | null;
}

/** With what is known of it in a view only. */
export interface ViewedRow extends TableRow {
  /** What it is said to show, by its folder or by a list. */
  given: string | null;
  /** How far the next class lies below the best one. */
  margin: number | null;
  tag: Tag | null;
}

type Cell = string | number | boolean | null;

export interface Column<Row> {
  name: string;
  /** In Parquet. */
  type: 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN';
  /** null where a row has none. */
  of: (row: Row) => Cell;
}

/** The best class has columns of its own, all of them are JSON. */
export const COLUMNS: Column<TableRow>[] = [
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

export const VIEWED_COLUMNS: Column<ViewedRow>[] = [
  ...COLUMNS,
  { name: 'given_label', type: 'STRING', of: ({ given }) => given },
  { name: 'margin', type: 'DOUBLE', of: ({ margin }) => margin },
  { name: 'tag', type: 'STRING', of: ({ tag }) => tag },
];

export const csvHeader = (columns: readonly { name: string }[] = COLUMNS): string =>
  `${columns.map(({ name }) => name).join(',')}\n`;

export const csvLine = (row: TableRow): string => csvLineOf(row, COLUMNS, (text) => text);

/** A field that begins like this is a formula to spreadsheets: it gets an apostrophe before it, as OWASP advises. */
const isFormula = (text: string): boolean => /^[=+\-@\t\r]/.test(text);

/** For people, who open it in a spreadsheet. */
export const csvLineOfViewed = (row: ViewedRow): string =>
  csvLineOf(row, VIEWED_COLUMNS, (text) => (isFormula(text) ? `'${text}` : text));

function csvLineOf<Row>(row: Row, columns: readonly Column<Row>[], text: (text: string) => string): string {
  const fields = columns.map(({ of }) => {
    const cell = of(row);
    return csvField(typeof cell === 'string' ? text(cell) : String(cell ?? ''));
  });
  return `${fields.join(',')}\n`;
}
