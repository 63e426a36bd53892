/** Reports as text: columns of a terminal, and another language than English. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { render, sentence, type Sentence } from '../../extension/errors/sentence';
import { reportOf } from '../../extension/models/describe';
import { openModel } from '../../extension/models/open';
import { columns, definitions, widthOf, wrapped } from '../../extension/reports/layout';
import { modelReport, refusal } from '../../extension/reports/modelReport';
import { verificationReport } from '../../extension/reports/verificationReport';

const root = path.resolve(import.meta.dirname, '../..');
const chinese = JSON.parse(readFileSync(path.join(root, 'l10n/bundle.l10n.zh-cn.json'), 'utf8')) as Record<
  string,
  string
>;
const inChinese = (said: Sentence): string => render(said, (template) => chinese[template] ?? template);
/** Several English words in a row; names of files, models and tensors are the same in every language. */
const ENGLISH = /(?<![\w/.-])[a-z]{3,} [a-z]{3,} [a-z]{3,}/i;

test('Chinese characters take two columns, and lines end between them', () => {
  assert.deepEqual([widthOf('abc'), widthOf('补丁'), widthOf('补丁 16。')], [3, 4, 9]);
  assert.equal(columns([['补丁', 'a'], ['x', '12']]), '补丁   a\nx     12'); // prettier-ignore
  assert.equal(definitions([['模型', 'a'], ['w', 'b']]), '模型  a\nw     b'); // prettier-ignore
  const text = '模型读取的是补丁，而不是像素。(a b) 每个补丁都有一个位置嵌入。';
  const lines = wrapped(text, 12, 2).split('\n');
  assert.ok(lines.length > 4 && lines.every((line) => widthOf(line) <= 14), lines.join('\n'));
  assert.ok(
    lines.every((line) => !/^\s*[，。]/.test(line)),
    'punctuation stays with what it closes',
  );
  assert.equal(lines.map((line) => line.trim()).join('').replaceAll(' ', ''), text.replaceAll(' ', '')); // prettier-ignore
  assert.equal(wrapped('one two three', 9, 2), 'one two\n  three');
});

test('the report on a model is Chinese, in lines that fit', async () => {
  for (const model of ['embedded', path.join(root, 'samples/tokens-to-token.vit.json')]) {
    const report = reportOf(await openModel(model, { root }), []);
    const text = modelReport(report, { say: inChinese, width: 90 });
    assert.match(text, /^此模型可以运行。\n/);
    assert.match(text, /^系列 {2,}\S/m);
    for (const line of text.split('\n')) {
      assert.ok(widthOf(line) <= 90, line);
      assert.doesNotMatch(line, ENGLISH);
    }
    assert.doesNotMatch(modelReport(report, { say: ({ message }) => message }), /\p{Script=Han}/u);
  }
  const refused = refusal(sentence('{0} does not exist.', 'a.safetensors'), { say: inChinese });
  assert.equal(refused, '此模型无法运行。\n  错误：a.safetensors 不存在。\n');
});

test('how engines differ is told in Chinese', () => {
  const difference = { max: 1.5e-6, scale: 12.5, at: 0 };
  const text = verificationReport(
    'tiny',
    '/pictures/cat.webp',
    {
      agree: true,
      logits: difference,
      layers: [{ layer: 0, attention: difference, tokens: difference }],
      forward_ms: { native: 1.25, onnx: 2.5 },
    },
    inChinese,
  );
  assert.match(text, /^tiny，图片 \/pictures\/cat\.webp\n/);
  assert.match(text, /^1 +1\.50e-6 +1\.50e-6$/m);
  assert.doesNotMatch(text, ENGLISH);
});
