/** Text from files, wherever it is shown. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EngineError } from '../../extension/errors/engineError';
import { ModelError } from '../../extension/errors/modelError';
import { plainText, terminalJson } from '../../extension/errors/plainText';
import { sentence, verbatim } from '../../extension/errors/sentence';

const hostile = {
  'escape sequences': ['x\u001b[31mred\u001b[0m', 'x [31mred [0m'],
  'an eight-bit escape': ['a\u009b2Jb', 'a 2Jb'],
  'carriage return and line feed': ['good\r\nbad\u0085\u2028\u2029x', 'good bad x'],
  'a bidirectional override': ['abc\u202egnp.exe\u202c', 'abcgnp.exe'],
  'isolates and marks': ['\u2066a\u2069\u200e\u200f\u061cb', 'ab'],
  'zero width': ['a\u200bb\u200cc\u200dd\u2060e\ufefff', 'abcdef'],
  'fillers and tags': ['a\u3164b\u{e0041}c\ufe0f\u115f', 'abc'],
  'half a pair': ['a\ud800b', 'ab'],
  'ordinary text of any script': ['Ünïcödé 猫 кот γάτα قطة 🐈', 'Ünïcödé 猫 кот γάτα قطة 🐈'],
} as const;

for (const [what, [given, plain]] of Object.entries(hostile)) {
  test(`${what}: plain in text, in sentences and in errors made of strings`, () => {
    assert.equal(plainText(given), plain);
    assert.equal(sentence('{0} is odd.', given).message, `${plain} is odd.`);
    assert.equal(new ModelError('corrupt', verbatim(`"${given}" twice`)).message, `"${plain}" twice`);
    assert.equal(
      new EngineError('ERR_IMAGE', sentence('{0}: {1}', 'x', sentence('{0} lies.', given))).message,
      `x: ${plain} lies`,
    );
    assert.deepEqual(JSON.parse(terminalJson({ given })), { given });
    assert.doesNotMatch(
      terminalJson(given),
      // eslint-disable-next-line no-control-regex
      /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\u200b-\u200f\ufeff]/,
    );
  });
}

test('a long name keeps both ends, whole characters, and a few hundred of them', () => {
  for (const unit of ['x', '🐈']) {
    const shown = plainText(`start${unit.repeat(1e6)}end`);
    assert.ok(Array.from(shown).length <= 300);
    assert.match(shown, /^start.*…(?!…).*end$/u);
    assert.doesNotMatch(shown, /\p{Cs}/u);
  }
  assert.ok(sentence('{0} and {1}', 'a'.repeat(1e6), 'b').message.length < 310);
  assert.ok(new EngineError('ERR_IMAGE', verbatim('c'.repeat(1e6))).message.length <= 1000);
});

const sources = ['extension', 'webview'].flatMap((folder) =>
  readdirSync(path.resolve(import.meta.dirname, '../..', folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({
      file: `${folder}/${file}`,
      text: readFileSync(path.resolve(import.meta.dirname, '../..', folder, file), 'utf8'),
    })),
);

test('notifications, with progress or without, go through the one place that keeps links out; nothing is markdown or HTML', () => {
  for (const { file, text } of sources) {
    if (file === 'extension/panel/notifications.ts') continue;
    assert.doesNotMatch(text, /window\.show(Error|Warning|Information)Message|window\.withProgress/, file);
    // appendText escapes: what the tools of language models say has to be of that type
    const marked = text.replaceAll('new vscode.MarkdownString().appendText(', '');
    assert.doesNotMatch(marked, /MarkdownString|innerHTML|outerHTML|insertAdjacentHTML|document\.write/, file);
  }
});
