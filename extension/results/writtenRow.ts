/**
 * Rows as rowLine (format.ts) writes them, read without building the whole object: a table of a hundred thousand is there in half the time.
 * Each character is matched, so that whatever is taken here parseLine takes too, with the same values; what differs in the least (fields in
 * another order, escapes in a text, more classes, spaces) is left to parseLine.
 */
import type { ResultsHeader } from './format';
import { RESULTS_LIMITS } from './limits';
import { BEST, type KeptRow } from './table';

/** Never beyond what a double holds, or what counts exactly. */
const NUMBER = String.raw`-?(?:0|[1-9]\d{0,20})(?:\.\d{1,25})?(?:e[+-]?\d{1,2})?`;
const COUNT = String.raw`(?:0|[1-9]\d{0,14})`;
const CHARACTER = String.raw`[^"\\\x00-\x1f]`;
const TEXT = `"${CHARACTER}*"`;

function patternOf(score: string): RegExp {
  const prediction = `\\{"index":(${COUNT}),"label":"${CHARACTER}{0,${RESULTS_LIMITS.label}}",${score}\\}`;
  let predictions = '';
  for (let k = 0; k < BEST; k++) predictions = `(?:${prediction}${k === 0 ? '' : `(?:,${predictions})?`})`;
  const fields = [
    `"id":"(${CHARACTER}+)"`,
    `"image":${TEXT}`,
    `"size":\\[${COUNT},${COUNT}\\]`,
    `"bytes":${COUNT}`,
    `"modified":(?:${NUMBER}|null)`,
    `"model":${TEXT}`,
    `"engine":${TEXT}`,
    `"scores":(?:${TEXT}|null)`,
    `"predictions":\\[${predictions}?\\]`,
    `"energy":(${NUMBER}|null)`,
    `"unfamiliar":(true|false)`,
  ];
  const logits = `(?:,"logits":\\[(?:${NUMBER}(?:,${NUMBER})*)?\\])?`;
  return new RegExp(`^\\{${fields.join(',')}${logits}(?:,"embedding":(${COUNT}))?\\}$`);
}

const PROBABILITIES = patternOf(`"probability":(${NUMBER}),"logit":${NUMBER}`);
const VALUES = patternOf(`"value":(${NUMBER})`);

/** A piece of a text keeps all of that text in memory. */
const copied = (piece: string): string => Buffer.from(piece, 'utf16le').toString('utf16le');

/** Of a line without its line break; null: parseLine says what it is. */
export function writtenRow(
  line: string,
  { scores, classes }: Pick<ResultsHeader, 'scores' | 'classes'>,
): KeptRow | null {
  if (line.length > RESULTS_LIMITS.path) return null;
  const isValue = scores === 'value';
  const found = (isValue ? VALUES : PROBABILITIES).exec(line);
  if (!found) return null;
  const predictions: KeptRow['predictions'] = [];
  for (let k = 0; k < BEST && found[2 + 2 * k] !== undefined; k++) {
    const [index, score] = [Number(found[2 + 2 * k]), Number(found[3 + 2 * k])];
    // a table leaves those out that its header does not name
    if (index >= classes.length) return null;
    predictions.push(isValue ? { index, probability: null, logit: score } : { index, probability: score });
  }
  const [energy, unfamiliar, embedding] = found.slice(2 + 2 * BEST);
  return {
    kind: 'picture',
    id: copied(found[1]!),
    predictions,
    energy: energy === 'null' ? null : Number(energy),
    unfamiliar: unfamiliar === 'true',
    embedding: embedding === undefined ? null : Number(embedding),
  };
}
