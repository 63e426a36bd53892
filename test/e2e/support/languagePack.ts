/**
 * A language pack without texts: it makes VS Code speak a language to its extensions. Microsoft's packs are on its marketplace
 * only, which a test does not ask.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Puts the pack among the extensions of a run that has not started yet, and into the server's list of packs. */
export function addLanguagePack(runFolder: string, language: string): void {
  const name = `language-pack-${language}`;
  const folder = path.join(runFolder, 'extensions', `test.${name}`);
  const translation = path.join(folder, 'main.i18n.json');
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name,
    publisher: 'test',
    version: '1.0.0',
    engines: { vscode: '*' },
    categories: ['Language Packs'],
    contributes: {
      localizations: [{ languageId: language, translations: [{ id: 'vscode', path: './main.i18n.json' }] }],
    },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  writeFileSync(translation, JSON.stringify({ version: '1.0.0', contents: {} }));
  const listed = {
    [language]: {
      hash: 'test',
      extensions: [{ extensionIdentifier: { id: `test.${name}` }, version: '1.0.0' }],
      translations: { vscode: translation },
      label: language,
    },
  };
  writeFileSync(path.join(runFolder, 'user-data', 'languagepacks.json'), JSON.stringify(listed));
}
