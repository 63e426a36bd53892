/** What people read: sentences, and their translations. Every text has one in every language, and none is left over. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EngineError, toErrorShape } from '../../extension/errors/engineError';
import { ModelError } from '../../extension/errors/modelError';
import { render, sentence, verbatim } from '../../extension/errors/sentence';
import { languages, textsNotLiteral, textsOfSources } from '../../scripts/l10n.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const texts = (file: string) => JSON.parse(read(file)) as Record<string, string>;

const places = (text: string) => [...text.matchAll(/\{\d+\}/g)].map(([place]) => place).sort();

test('a sentence is its English, and its places are filled once', () => {
  const said = sentence('{0} holds {1} of {0}.', '{1}.png', 3);
  assert.equal(said.message, '{1}.png holds 3 of {1}.png.');
  assert.deepEqual([said.template, said.args], ['{0} holds {1} of {0}.', ['{1}.png', 3]]);
  assert.equal(verbatim('the disk {0} is upside down').message, 'the disk {0} is upside down');
});

test('a sentence inside another is a clause, and a list is joined as the language does', () => {
  const inner = sentence('{0} is missing.', 'a');
  const said = sentence('{0} cannot be run: {1} ({2}).', 'm', inner, ['x', 'y']);
  assert.equal(said.message, 'm cannot be run: a is missing (x, y).');
  const german: Record<string, string> = {
    '{0} is missing.': '{0} fehlt.',
    '{0} cannot be run: {1} ({2}).': '{0} läuft nicht: {1} ({2}).',
    ', ': ' und ',
  };
  assert.equal(
    render(said, (template) => german[template] ?? template),
    'm läuft nicht: a fehlt (x und y).',
  );
});

test('errors keep their sentence across processes; of others it is one line', () => {
  const said = sentence('{0} does not exist.', 'a.png');
  for (const error of [new EngineError('ERR_IMAGE', said), new ModelError('missing', said)]) {
    const { code: _code, ...shape } = structuredClone(toErrorShape(error));
    assert.deepEqual(shape, said);
  }
  const foreign = toErrorShape(new Error('no such thing\n    at somewhere'));
  assert.deepEqual([foreign.template, foreign.message], ['{0}', 'no such thing']);
});

test('every text of the sources can be translated: it is one literal, and the bundle has it', async () => {
  assert.deepEqual(textsNotLiteral(), [], 'what varies in a text is an argument of it, or a text of its own');
  assert.deepEqual(texts('l10n/bundle.l10n.json'), await textsOfSources(), 'node scripts/l10n.mjs writes it anew');
});

test('there is Simplified Chinese', () => assert.deepEqual(languages(), ['zh-cn']));

for (const language of languages()) {
  const pairs = [
    ['l10n/bundle.l10n.json', `l10n/bundle.l10n.${language}.json`],
    ['package.nls.json', `package.nls.${language}.json`],
  ] as const;
  for (const [english, translated] of pairs) {
    test(`${translated}: every text, nothing else, with the same places`, () => {
      const [from, to] = [texts(english), texts(translated)];
      assert.deepEqual(Object.keys(from).filter((key) => !to[key]), [], 'without a translation'); // prettier-ignore
      assert.deepEqual(Object.keys(to).filter((key) => !(key in from)), [], 'used by nothing'); // prettier-ignore
      for (const [key, text] of Object.entries(to)) {
        const source = from[key] as string | { message: string };
        assert.deepEqual(places(text), places(typeof source === 'string' ? source : source.message), key);
      }
    });
  }

  test(`${language}: getting-started pages beside the English ones, with the same code in them`, () => {
    const folder = path.join(root, 'media/walkthrough');
    const pages = readdirSync(folder).filter((file) => !file.includes('.nls.') && file.endsWith('.md'));
    assert.ok(pages.length > 0);
    for (const page of pages) {
      // VS Code looks for this name (gettingStartedDetailsRenderer.ts)
      const translated = page.replace(/\.md$/, `.nls.${language}.md`);
      assert.ok(existsSync(path.join(folder, translated)), translated);
      const code = (file: string) => /```[^]*?```/.exec(read(`media/walkthrough/${file}`))?.[0];
      assert.equal(code(translated), code(page));
    }
  });
}

test('emphasis in the Chinese pages is seen as such', () => {
  const folder = path.join(root, 'media/walkthrough');
  for (const page of readdirSync(folder).filter((file) => file.endsWith('.nls.zh-cn.md'))) {
    // CommonMark: a closing ** between punctuation and a letter closes nothing
    assert.doesNotMatch(read(`media/walkthrough/${page}`), /\*\*[^*\n]*\p{P}\*\*\p{L}/u, page);
  }
});

test('Chinese stands apart from letters and digits beside it', () => {
  const folder = path.join(root, 'media/walkthrough');
  const pages = readdirSync(folder).filter((file) => file.endsWith('.nls.zh-cn.md'));
  const of = (file: string) => Object.values(texts(file));
  const all = [
    ...of('l10n/bundle.l10n.zh-cn.json'),
    ...of('package.nls.zh-cn.json'),
    ...pages.map((page) => read(`media/walkthrough/${page}`)),
  ];
  const close = /\p{Script=Han}[\w`]|[\w`]\p{Script=Han}/u;
  assert.deepEqual(
    all.filter((text) => close.test(text)),
    [],
  );
});

test('Chinese is punctuated as Chinese is, and code, links and commands stay', () => {
  for (const file of ['l10n/bundle.l10n.zh-cn.json', 'package.nls.zh-cn.json']) {
    for (const [key, text] of Object.entries(texts(file))) {
      // a list as a file has it keeps its commas
      const prose = text.replace(/\[[^\]]*\]/g, '');
      assert.doesNotMatch(prose, /\p{Script=Han}[,;!?]|[,;!?]\p{Script=Han}|\p{Script=Han}\s*[.:]$/u, key);
    }
  }
  const [from, to] = [texts('package.nls.json'), texts('package.nls.zh-cn.json')];
  const marks = (text = '') => text.match(/`[^`]*`|\(command:[\w.]+\)/g) ?? [];
  for (const key of Object.keys(from)) assert.deepEqual(marks(to[key]).sort(), marks(from[key]).sort(), key);
});
