// What the editor says of the fields of a .vit.json, in every language: the schema has the English; translated copies, which
// package.nls.*.json name, are written into dist/. Its list of activations comes from extension/architecture/activations.ts.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fromRoot } from './lib/run.mjs';

const readJson = (file) => JSON.parse(readFileSync(fromRoot(file), 'utf8'));
const schema = () => readJson('extension/models/vit.schema.json');

/** Where in a schema there is a text for people. */
const TEXTS = new Set(['title', 'description', 'label']);

/** The same with every text for people replaced. */
function mapTexts(value, replace) {
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, replace));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      TEXTS.has(key) && typeof inner === 'string' ? replace(inner) : mapTexts(inner, replace),
    ]),
  );
}

/** Every text for people of the schema. */
export function textsOfSchema() {
  const texts = [];
  mapTexts(schema(), (text) => texts.push(text));
  return texts;
}

/** The languages that the program speaks beside English, by the files that are there. */
export const languages = () =>
  readdirSync(fromRoot('l10n')).flatMap((file) => /^bundle\.l10n\.(.+)\.json$/.exec(file)?.[1] ?? []);

/** The classes of torch that extension/architecture/activations.ts has rows of, in its order. */
const torchActivations = () =>
  [...readFileSync(fromRoot('extension/architecture/activations.ts'), 'utf8').matchAll(/\btorch: '(\w+)'/g)].map(
    ([, name]) => name,
  );

/** Writes the schema anew where its activations are not those of the table. */
function writeActivations() {
  const file = fromRoot('extension/models/vit.schema.json');
  const text = readFileSync(file, 'utf8');
  const names = torchActivations().map((name) => `\n        ${JSON.stringify(name)}`);
  const current = text.replace(/("act_layer": \{[^{}]*?"enum": )\[[^\]]*\]/, `$1[${names.join(',')}\n      ]`);
  if (current !== text) writeFileSync(file, current);
}

/** A text without a translation stays English. */
export function writeSchemas() {
  writeActivations();
  mkdirSync(fromRoot('dist'), { recursive: true });
  for (const language of languages()) {
    const words = readJson(`l10n/bundle.l10n.${language}.json`);
    const translated = mapTexts(schema(), (text) => words[text] ?? text);
    writeFileSync(fromRoot(`dist/vit.schema.${language}.json`), JSON.stringify(translated));
  }
}
