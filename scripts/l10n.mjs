// The texts of the program and their translations: node scripts/l10n.mjs writes l10n/bundle.l10n.json anew from the sources
// and says what each translation lacks and what of it nothing uses any more.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fromRoot, isMain, main, readJson, say } from './lib/run.mjs';
import { languages, textsOfSchema } from './schema.mjs';

export { languages };

/** Where texts are: `l10n.t('…')` for what is shown where it is written, `sentence('…')` for what is shown elsewhere. */
const folders = ['extension', 'webview'];
/** Where they are in C++: `sentence("…")`. */
const native = 'native/src';

const sourcesOf = (folder, kind) =>
  readdirSync(fromRoot(folder), { recursive: true })
    .filter((file) => kind.test(file))
    .map((file) => ({ file: `${folder}/${file}`, contents: readFileSync(fromRoot(folder, file), 'utf8') }));

const sources = () => folders.flatMap((folder) => sourcesOf(folder, /\.ts$/));
/** C++ without its comments. */
const nativeSources = () =>
  sourcesOf(native, /\.(cc|h)$/).map(({ file, contents }) => ({
    file,
    contents: contents.replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, ''),
  }));

/** The literals of C++'s `sentence("…" "…")`, each as one text. */
const nativeTexts = () =>
  nativeSources().flatMap(({ contents }) =>
    [...contents.matchAll(/\bsentence\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)/g)].map(([, literals]) =>
      [...literals.matchAll(/"((?:\\.|[^"\\])*)"/g)].map(([, piece]) => JSON.parse(`"${piece}"`)).join(''),
    ),
  );

const FILES_AT_ONCE = 16;

/** Every text of the sources, as the bundle has them: key -> English. */
export async function textsOfSources() {
  const { getL10nJson } = await import('@vscode/l10n-dev');
  // the tool knows l10n.t of an imported l10n: a sentence() is one to it
  const withTexts = sources()
    .map(({ contents }) => contents.replace(/\bsentence\(/g, 'l10n.t('))
    .filter((contents) => contents.includes('l10n.t('));
  // it takes a quarter of a second for each text it is given, and more than in proportion for a long one
  const known = [];
  for (let i = 0; i < withTexts.length; i += FILES_AT_ONCE) {
    const contents = ["import * as l10n from '@vscode/l10n';", ...withTexts.slice(i, i + FILES_AT_ONCE)].join('\n');
    known.push({ extension: '.ts', contents });
  }
  const texts = await getL10nJson(known);
  for (const text of [...nativeTexts(), ...textsOfSchema()]) texts[text] = text;
  return Object.fromEntries(Object.entries(texts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Calls whose text is not a literal: nobody can translate what they say. `file: the call's beginning`. */
export function textsNotLiteral() {
  const calls = [
    [sources(), /(?<!function )\b(?:l10n\.t|sentence)\((?!\s*['"{)])[^;]{0,40}/g],
    [nativeSources(), /(?<!Sentence )\bsentence\((?!\s*")[^;]{0,40}/g],
  ];
  return calls.flatMap(([files, call]) =>
    files.flatMap(({ file, contents }) => [...contents.matchAll(call)].map(([found]) => `${file}: ${found}`)),
  );
}

async function update() {
  const texts = await textsOfSources();
  const { format } = await import('prettier');
  writeFileSync(
    fromRoot('l10n/bundle.l10n.json'),
    await format(JSON.stringify(texts, null, 2), { parser: 'json', printWidth: 120 }),
  );
  say(`l10n/bundle.l10n.json: ${Object.keys(texts).length} texts`);
  for (const call of textsNotLiteral()) say(`not a literal: ${call}`);
  for (const language of languages()) {
    compare(`l10n/bundle.l10n.${language}.json`, texts);
    compare(`package.nls.${language}.json`, readJson(fromRoot('package.nls.json')));
  }
}

function compare(file, texts) {
  const translated = readJson(fromRoot(file));
  for (const key of Object.keys(texts)) if (!(key in translated)) say(`${file} lacks: ${JSON.stringify(key)}`);
  for (const key of Object.keys(translated)) if (!(key in texts)) say(`${file}: nothing uses ${JSON.stringify(key)}`);
}

if (isMain(import.meta)) void main(update);
