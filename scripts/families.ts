/**
 * Writes docs/families.md: how each architecture name of timm and each vision model_type of transformers is taken.
 *
 *     node --import tsx scripts/families.ts
 *
 * The names are those of test/golden/families, one a line; a test compares the file with what is written here.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { familyTitle, recogniseConfig } from '../extension/models/families';
import { Fields } from '../extension/models/config/fields';
import { refusedAs } from '../extension/models/families/refused';

const root = resolve(import.meta.dirname, '..');

/** How a config of these fields is taken: "runs as ...", "refused as ...", or null when nothing says. */
export function taken(field: 'architecture' | 'model_type', name: string): string | null {
  // a wrapper around timm's models, whose config has timm's own fields in it
  if (name === 'timm_wrapper') return 'runs as what its timm fields say';
  const refused = field === 'architecture' ? refusedAs(name, '') : refusedAs('', name);
  if (refused !== null) return `refused as ${refused.message}`;
  const family = recogniseConfig(new Fields('config.json', { [field]: name }));
  if (family) return `runs as ${familyTitle(family.name).message}`;
  return field === 'model_type' ? 'refused by its model_type' : null;
}

export const names = (list: 'timm' | 'transformers'): string[] =>
  readFileSync(join(root, 'test/golden/families', `${list}.txt`), 'utf8')
    .split(/\s+/)
    .filter(Boolean);

function table(field: 'architecture' | 'model_type', list: string[]): string {
  const groups = new Map<string, string[]>();
  for (const name of list) {
    const how = taken(field, name) ?? 'read off its tensors';
    groups.set(how, [...(groups.get(how) ?? []), name]);
  }
  const rows = [...groups].sort(([a], [b]) => Number(b.startsWith('runs')) - Number(a.startsWith('runs')) || a.localeCompare(b)); // prettier-ignore
  const shown = (own: string[]) => (own.length > 6 && field === 'architecture' ? `${own.slice(0, 3).join(', ')}, …` : own.join(', '));
  return ['| Taken | Models | Names |', '| --- | --- | --- |', ...rows.map(([how, own]) => `| ${how} | ${own.length} | ${shown(own)} |`)].join('\n'); // prettier-ignore
} // prettier-ignore

export const page = (): string => `# Families

Written by \`node --import tsx scripts/families.ts\`. What is refused can be exported to .onnx and classified with.

## timm, by architecture

${table('architecture', names('timm'))}

## transformers, by model_type

${table('model_type', names('transformers'))}
`;

if (process.argv[1] === import.meta.filename) writeFileSync(join(root, 'docs/families.md'), page());
