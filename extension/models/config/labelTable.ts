/** The class names of a config.json of transformers: id2label, or label2id alone, however they were written. */
import { isObject } from '../files/safetensors';
import type { Fields } from './fields';

export interface LabelTable {
  /** The field it came from. */
  field: string;
  names: Map<number, string>;
}

/** How many classes a config names. */
export const labelCount = (config: Fields): number => labelTable(config)?.names.size ?? 0;

/** id2label or label2id, however they were written; null when there is none that can be read. */
export function labelTable(config: Fields): LabelTable | null {
  const id2label = config.get('id2label');
  const label2id = config.get('label2id');
  const sources: [field: string, pairs: [index: unknown, name: unknown][]][] = [
    [
      'id2label',
      Array.isArray(id2label) ? [...id2label.entries()] : isObject(id2label) ? Object.entries(id2label) : [],
    ],
    ['label2id', isObject(label2id) ? Object.entries(label2id).map(([name, index]) => [index, name]) : []],
  ];
  for (const [field, pairs] of sources) {
    const names = new Map<number, string>();
    for (const [index, name] of pairs) {
      if (!/^\d{1,7}$/.test(String(index)) || !['string', 'number', 'boolean'].includes(typeof name)) break;
      names.set(Number(index), String(name));
    }
    if (names.size > 0 && names.size === pairs.length) return { field, names };
  }
  return null;
}
