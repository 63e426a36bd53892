/**
 * NAME.vitresults.jsonl: what a model says of many pictures. UTF-8, one JSON object a line, only ever appended to: the header, then
 * a row for each picture in the order they were finished, and tags among them. Of several rows or tags of one id the last one holds.
 * The last line may be half-written (without its line break): readers leave it out, and who goes on writing cuts it off.
 *
 * A row has what `classify --json` prints (image, model, engine, scores, predictions, or error), and more.
 */
import type { Scores } from '../architecture/scores';
import { isSentence, plainData, verbatim, type Sentence } from '../errors/sentence';
import { RESULTS_LIMITS as most } from './limits';

export const RESULTS_SUFFIX = '.vitresults.jsonl';

export interface ResultsHeader {
  /** Version of this format. */
  vitresults: 1;
  /** ISO 8601. */
  created: string;
  /** The folder that ids begin in, absolute; '' where pictures are in none. */
  root: string;
  /** `source`: as it was asked for. `hash`: SHA-256 of what it computes with, hexadecimal: its architecture and its weights. */
  model: { source: string; name: string; hash: string };
  /** DescribedModel.preprocessing, and its SHA-256. */
  preprocessing: Record<string, unknown> & { hash: string };
  engine: 'native' | 'onnx';
  precision: string;
  /** What the numbers of a row are; null: the model has no classifier. */
  scores: Scores | null;
  /** Class names in index order ('class 3' where the model names none); [] without a classifier. */
  classes: string[];
  topK: number;
  /** Energies below it are unlike anything the model was trained on; null: not known. */
  unfamiliarBelow: number | null;
  /** float32, little-endian, rows of `length` values in a file beside this one, named without its folder; null: none are kept. */
  embeddings: { file: string; length: number } | null;
}

export interface ResultPrediction {
  index: number;
  label: string;
  /** null when the model gives values (scores 'value'). */
  probability: number | null;
  logit: number;
}

interface RowStart {
  /** Stable: the path relative to the header's root, with '/'; in an archive, the archive's and after it the member's. */
  id: string;
  /** How it can be opened: a path, relative to the header's root or absolute. */
  image: string;
}

/** A picture that was classified. */
export interface PictureRow extends RowStart {
  kind: 'picture';
  /** Of the upright picture, pixels. */
  size: [width: number, height: number];
  /** Of the file. */
  bytes: number;
  /** Milliseconds since 1970; null where it is not known. */
  modified: number | null;
  /** Best first; [] without a classifier. */
  predictions: ResultPrediction[];
  /** Of every class, when asked for. */
  logits: number[] | null;
  /** logsumexp of the logits; null without a classifier. */
  energy: number | null;
  unfamiliar: boolean;
  /** Row of the embeddings file; null: none. */
  embedding: number | null;
}

/** A picture that could not be. */
export interface FailedRow extends RowStart {
  kind: 'failed';
  /** EngineErrorShape: a code for programs and a sentence for people. */
  error: Sentence & { code: string };
}

export const TAGS = ['wrong label', 'drop', 'look again'] as const;
export type Tag = (typeof TAGS)[number];

export interface TagRow {
  kind: 'tag';
  id: string;
  /** null: none any more. */
  tag: Tag | null;
  /** ISO 8601. */
  at: string;
}

export type ResultsLine = ({ kind: 'header' } & ResultsHeader) | PictureRow | FailedRow | TagRow;

/** What of the header every row says again, as `classify --json` does. */
export type RowContext = Pick<ResultsHeader, 'engine' | 'scores'> & { model: string };

/** With its line break. */
export function headerLine(header: ResultsHeader): string {
  return `${JSON.stringify(header)}\n`;
}

export function tagLine({ id, tag, at }: Omit<TagRow, 'kind'>): string {
  return `${JSON.stringify({ tag, id, at })}\n`;
}

export function rowLine(row: PictureRow | FailedRow, { model, engine, scores }: RowContext): string {
  const start = { id: row.id, image: row.image };
  if (row.kind === 'failed') {
    const { code, message, template, args } = row.error;
    return `${JSON.stringify({ ...start, model, engine, error: message, failure: { code, template, args } })}\n`;
  }
  const { size, bytes, modified, predictions, logits, energy, unfamiliar, embedding } = row;
  const shown = predictions.map(({ index, label, probability, logit }) =>
    probability === null ? { index, label, value: logit } : { index, label, probability, logit },
  );
  const optional = { ...(logits && { logits }), ...(embedding !== null && { embedding }) };
  const said = { model, engine, scores, predictions: shown, energy, unfamiliar };
  return `${JSON.stringify({ ...start, size, bytes, modified, ...said, ...optional })}\n`;
}

/** One line, without its line break, checked; null when it is none of this format. Fields nobody knows are left out. */
export function parseLine(line: string): ResultsLine | null {
  if (line.length > most.lineLength) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  if ('vitresults' in value) return header(value);
  if ('tag' in value) return tagRow(value);
  return 'error' in value ? failedRow(value) : pictureRow(value);
}

type Fields = Record<string, unknown>;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown, length: number): value is string => typeof value === 'string' && value.length <= length;
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isCount = (value: unknown, largest = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= largest;
const numberOrNull = (value: unknown): number | null => (isNumber(value) ? value : null);

function header(value: Fields): ({ kind: 'header' } & ResultsHeader) | null {
  const { vitresults, created, root, model, preprocessing, engine, precision, scores, classes } = value;
  const { topK, unfamiliarBelow, embeddings } = value;
  if (vitresults !== 1 || !isText(created, 64) || !isText(root, most.path)) return null;
  if (!isRecord(model) || !isText(model.source, most.path) || !isText(model.name, most.path)) return null;
  if (!isText(model.hash, 128) || !isRecord(preprocessing) || !isText(preprocessing.hash, 128)) return null;
  if ((engine !== 'native' && engine !== 'onnx') || !isText(precision, 64)) return null;
  if (!Array.isArray(classes) || classes.length > most.classes) return null;
  if (!classes.every((name): name is string => isText(name, most.label))) return null;
  if (!isCount(topK, most.topK)) return null;
  return {
    kind: 'header',
    vitresults,
    created,
    root,
    model: { source: model.source, name: model.name, hash: model.hash },
    preprocessing: { ...preprocessing, hash: preprocessing.hash },
    engine,
    precision,
    scores: scores === 'softmax' || scores === 'sigmoid' || scores === 'value' ? scores : null,
    classes,
    topK,
    unfamiliarBelow: numberOrNull(unfamiliarBelow),
    embeddings: embeddingsOf(embeddings),
  };
}

function embeddingsOf(value: unknown): ResultsHeader['embeddings'] {
  if (!isRecord(value)) return null;
  const { file, length } = value;
  // a file beside this one, never one elsewhere
  if (!isText(file, most.path) || file === '' || /[/\\\0]|^\.\.?$/.test(file)) return null;
  return isCount(length, most.embedding) && length > 0 ? { file, length } : null;
}

function rowStart({ id, image }: Fields): RowStart | null {
  return isText(id, most.path) && id !== '' && isText(image, most.path) ? { id, image } : null;
}

function pictureRow(value: Fields): PictureRow | null {
  const start = rowStart(value);
  const predictions = predictionsOf(value.predictions);
  const { size, bytes, modified, logits, energy, unfamiliar, embedding } = value;
  if (!start || !predictions) return null;
  const [width, height] = Array.isArray(size) ? (size as unknown[]) : [];
  if (!isCount(width) || !isCount(height) || !isCount(bytes)) return null;
  const all = Array.isArray(logits) && logits.length <= most.classes && logits.every(isNumber) ? logits : null;
  return {
    kind: 'picture',
    ...start,
    size: [width, height],
    bytes,
    modified: numberOrNull(modified),
    predictions,
    logits: all,
    energy: numberOrNull(energy),
    unfamiliar: unfamiliar === true,
    embedding: isCount(embedding) ? embedding : null,
  };
}

function predictionsOf(value: unknown): ResultPrediction[] | null {
  if (!Array.isArray(value) || value.length > most.topK) return null;
  const predictions: ResultPrediction[] = [];
  for (const each of value as unknown[]) {
    if (!isRecord(each)) return null;
    const { index, label, probability = null } = each;
    const logit = each.logit ?? each.value;
    if (!isCount(index, most.classes) || !isText(label, most.label) || !isNumber(logit)) return null;
    if (probability !== null && !isNumber(probability)) return null;
    predictions.push({ index, label, probability, logit });
  }
  return predictions;
}

function failedRow(value: Fields): FailedRow | null {
  const start = rowStart(value);
  const { error, failure } = value;
  if (!start || !isText(error, most.path)) return null;
  const { code, template, args } = isRecord(failure) ? failure : ({} as Fields);
  const said = { message: error, template, args };
  const known = isSentence(said) && isText(template, most.path) && isPlain(args, 0) ? plainData(said) : verbatim(error);
  return { kind: 'failed', ...start, error: { code: isText(code, 64) ? code : 'ERR_INTERNAL', ...known } };
}

/** An argument of a sentence, as JSON has it. */
function isPlain(value: unknown, depth: number): boolean {
  if (typeof value === 'string' || isNumber(value)) return true;
  if (depth > most.sentenceDepth) return false;
  if (Array.isArray(value)) return value.length <= 1000 && value.every((item) => isPlain(item, depth + 1));
  return isSentence(value) && isPlain(value.args, depth + 1);
}

function tagRow({ tag, id, at }: Fields): TagRow | null {
  const known = tag === null ? null : TAGS.find((name) => name === tag);
  if (known === undefined || !isText(id, most.path) || id === '' || !isText(at, 64)) return null;
  return { kind: 'tag', id, tag: known, at };
}
