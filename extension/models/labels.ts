/** Class names in index order, from wherever a model directory keeps them. */
import { join } from 'node:path';
import { isMissing } from '../errors/fileRefusal';
import { fileError } from '../errors/modelError';
import { readRegularFile } from '../files/regularFile';
import type { Finding } from '../architecture/description';
import type { Fields } from './families/fields';
import { isObject } from './files/safetensors';

const MAX_LABEL_BYTES = 8 * 1024 * 1024;

/**
 * config.json's id2label (HF) or label_names with label_descriptions (timm), else labels.txt, one name a line.
 * null when there are none, or not one for each class.
 */
export async function readLabels(
  config: Fields,
  directory: string,
  classes: number,
  findings: Finding[],
): Promise<string[] | null> {
  if (classes === 0) return null;
  const found = fromId2Label(config) ?? fromLabelNames(config) ?? (await fromText(join(directory, 'labels.txt')));
  if (!found || found.length === classes) return found ?? null;
  findings.push({
    severity: 'warning',
    code: 'labels',
    message: `${found.length.toLocaleString('en-US')} class names for ${classes.toLocaleString('en-US')} classes: they are not used.`,
    subject: 'labels',
  });
  return null;
}

function fromId2Label(config: Fields): string[] | undefined {
  const table = config.get('id2label');
  if (!isObject(table)) return undefined;
  const names: string[] = [];
  const entries = Object.entries(table);
  for (const [index, name] of entries) {
    if (!/^\d{1,7}$/.test(index) || Number(index) >= entries.length || typeof name !== 'string') return undefined;
    names[Number(index)] = name;
  }
  return names;
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
