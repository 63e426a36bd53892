/** Rows of a results file for other programs. */
import { csvField } from '../files/csv';
import { headerLine, type ResultsHeader } from './format';
import type { Labels } from './labels';
import type { TableReader } from './tableReader';

const COLUMNS = ['id', 'image', 'label', 'predicted', 'score', 'margin', 'energy', 'unfamiliar', 'tag', 'error'];

/** A line that begins like this is a formula to spreadsheets: they get an apostrophe before it, as OWASP advises. */
const isFormula = (text: string): boolean => /^[=+\-@\t\r]/.test(text);

const field = (value: string): string => csvField(isFormula(value) ? `'${value}` : value);
const number = (value: number): string => (Number.isFinite(value) ? String(Number(value.toPrecision(7))) : '');

export async function* csvOf(rows: Uint32Array, reader: TableReader, labels: Labels): AsyncGenerator<Uint8Array> {
  const { table, header } = reader;
  yield Buffer.from(`${COLUMNS.join(',')}\r\n`);
  for (const row of rows) {
    const line = await reader.line(row);
    const predicted = header.classes[table.predicted.get(row)];
    const fields = [
      ...[field(table.ids[row]!), field(line?.image ?? ''), field(labels.names[labels.of[row] ?? -1] ?? '')],
      ...[field(predicted ?? ''), number(table.confidence.get(row)), number(table.margin.get(row))],
      ...[number(table.energy.get(row)), String(table.isUnfamiliar(row)), table.tagOf(row) ?? ''],
      line?.kind === 'failed' ? field(line.error.message) : '',
    ];
    yield Buffer.from(`${fields.join(',')}\r\n`);
  }
}

/** A results file of these rows, with their labels and tags; without embeddings, whose file is beside the other one. */
export async function* jsonLinesOf(rows: Uint32Array, reader: TableReader, labels: Labels): AsyncGenerator<Uint8Array> {
  const { table } = reader;
  const header: ResultsHeader = { ...reader.header, embeddings: null };
  yield Buffer.from(headerLine(header));
  for (const row of rows) {
    const value = JSON.parse(await reader.text(row)) as Record<string, unknown>;
    delete value.embedding;
    const label = labels.names[labels.of[row] ?? -1];
    const tag = table.tagOf(row);
    yield Buffer.from(`${JSON.stringify({ ...value, ...(label !== undefined && { label }) })}\n`);
    if (tag !== null)
      yield Buffer.from(`${JSON.stringify({ tag, id: table.ids[row], at: new Date(0).toISOString() })}\n`);
  }
}
