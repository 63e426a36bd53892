/** A list of pictures and what they show: metadata.csv and metadata.jsonl as Hugging Face's ImageFolder has them, and others like them. */
import { dirname, join, relative } from 'node:path';
import { parseCsv } from '../files/csv';
import { decodeText } from '../files/json';
import { readRegularFile } from '../files/regularFile';
import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import { whyUnreadable } from '../errors/fileRefusal';

const MOST_BYTES = 256 * 2 ** 20;
const MOST_LABEL = 1000;

/** Columns that name the picture, and the class, in the order they are looked for. */
const NAMES = ['file_name', 'filename', 'file', 'image', 'path', 'id'];
const LABELS = ['label', 'labels', 'class', 'class_name', 'category', 'target'];

/**
 * Labels by id. Names in the list count from its own folder, as Hugging Face's do; what is not found there is taken as an id.
 * @param root the folder that ids count from
 */
export async function readLabelFile(file: string, root: string): Promise<Map<string, string>> {
  const text = decodeText(await readRegularFile(file, MOST_BYTES).catch(refuse(file)));
  const records = /\.(jsonl|ndjson)$/i.test(file) ? recordsOfJsonLines(text) : recordsOfCsv(text);
  const labels = new Map<string, string>();
  let columns: [name: string, label: string] | undefined;
  for (const record of records) {
    columns ??= columnsOf(file, record);
    const [name, label] = columns.map((column) => record.get(column));
    if (!name || label === undefined || label === '') continue;
    const given = name.replaceAll('\\', '/');
    const found = relative(root, join(dirname(file), given)).replaceAll('\\', '/');
    if (!found.startsWith('../')) labels.set(found, label);
    labels.set(given, label);
  }
  if (columns === undefined) throw new EngineError('ERR_UNSUPPORTED', sentence('{0} lists no pictures.', file));
  return labels;
}

const refuse = (file: string) => (error: unknown) => {
  throw new EngineError('ERR_ARGUMENT', whyUnreadable(file, error));
};

type Fields = ReadonlyMap<string, string>;

function columnsOf(file: string, record: Fields): [string, string] {
  const find = (names: readonly string[]) => names.find((name) => record.has(name));
  const [name, label] = [find(NAMES), find(LABELS)];
  if (name !== undefined && label !== undefined) return [name, label];
  const columns = [...record.keys()].slice(0, 20);
  throw new EngineError(
    'ERR_UNSUPPORTED',
    sentence('{0} has no column "file_name" beside one "label": it has {1}.', file, columns),
  );
}

function* recordsOfCsv(text: string): Generator<Fields> {
  let head: string[] | undefined;
  for (const row of parseCsv(text)) {
    if (head === undefined) head = row.map((name) => name.trim());
    else yield new Map(head.map((name, i) => [name, (row[i] ?? '').slice(0, MOST_LABEL)]));
  }
}

function* recordsOfJsonLines(text: string): Generator<Fields> {
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      continue;
    }
    if (typeof value !== 'object' || value === null) continue;
    yield new Map(
      Object.entries(value).flatMap(([name, field]): [string, string][] =>
        typeof field === 'string' || typeof field === 'number' ? [[name, String(field).slice(0, MOST_LABEL)]] : [],
      ),
    );
  }
}
