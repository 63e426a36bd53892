/** Class names in index order, from wherever a model directory keeps them. */
import { join } from 'node:path';
import { isMissing } from '../errors/fileRefusal';
import { fileError } from '../errors/modelError';
import { readRegularFile } from '../files/regularFile';
import { sentence, type Sentence } from '../errors/sentence';
import type { Finding } from '../architecture/description';
import type { Fields } from './config/fields';
import { labelTable, type LabelTable } from './config/labelTable';
import { isObject } from './files/safetensors';

const MAX_LABEL_BYTES = 8 * 1024 * 1024;

/**
 * config.json's id2label (HF; else its label2id) or label_names with label_descriptions (timm), else labels.txt, one name a
 * line. '' where a class has none. null when there are none, or more than classes.
 */
export async function readLabels(
  config: Fields,
  directory: string,
  classes: number,
  findings: Finding[],
): Promise<string[] | null> {
  if (classes === 0) return null;
  const table = labelTable(config);
  if (table !== null) return fromTable(table, classes, findings);
  const found = fromLabelNames(config) ?? (await fromText(join(directory, 'labels.txt')));
  if (!found || found.length === classes) return found ?? null;
  findings.push({
    severity: 'warning',
    code: 'labels',
    ...sentence('{0} class names for {1} classes: they are not used.', found.length, classes),
    subject: 'labels',
  });
  return null;
}

function fromTable({ field, names }: LabelTable, classes: number, findings: Finding[]): string[] | null {
  const say = (severity: Finding['severity'], said: Sentence) =>
    findings.push({ severity, code: 'labels', ...said, subject: field });
  let highest = 0;
  for (const index of names.keys()) highest = Math.max(highest, index);
  // counted from 1, as other tools do
  const first = names.size === classes && highest === classes && !names.has(0) ? 1 : 0;
  if (first === 1) say('info', sentence('{0} counts from 1; its names are taken in that order.', field));
  else if (highest >= classes) {
    say(
      'warning',
      sentence('{0} names class {1}, but there are {2} classes: its names are not used.', field, highest, classes),
    );
    return null;
  } else if (names.size < classes) {
    say(
      'warning',
      sentence('{0} names {1} of {2} classes; the others are shown by number.', field, names.size, classes),
    );
  }
  return Array.from({ length: classes }, (_, index) => names.get(index + first) ?? '');
}

function fromLabelNames(config: Fields): string[] | undefined {
  const inner = config.inner('pretrained_cfg');
  const names = config.get('label_names') ?? inner.get('label_names');
  if (!Array.isArray(names) || !names.every((name): name is string => typeof name === 'string')) return undefined;
  const described = config.get('label_descriptions') ?? inner.get('label_descriptions');
  if (!isObject(described)) return names;
  return names.map((name) => {
    const text = Object.hasOwn(described, name) ? described[name] : undefined;
    return typeof text === 'string' ? text : name;
  });
}

async function fromText(file: string): Promise<string[] | undefined> {
  let text: string;
  try {
    text = (await readRegularFile(file, MAX_LABEL_BYTES)).toString('utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fileError(file, error);
  }
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  while (lines.length > 0 && lines[lines.length - 1]?.trim() === '') lines.pop();
  return lines.map((line) => line.trim());
}
