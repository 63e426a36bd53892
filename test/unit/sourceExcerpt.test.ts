import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sourceExcerpt } from '../../extension/inspect/sourceExcerpt';

const root = path.resolve(import.meta.dirname, '../..');

test('a step shows the function around its line, whole where it is short', () => {
  const text = [
    'int before() {',
    '}',
    '',
    '// Doubles.',
    'int twice(int x,',
    '    int y) {',
    '  MARK;',
    '}',
    'int after() {',
  ];
  assert.deepEqual(sourceExcerpt(text.join('\r\n'), 7), { first: 4, lines: text.slice(3, 8) });
});

test('a line past the end, a long line and a long function stay bounded', () => {
  assert.deepEqual(sourceExcerpt('one', 99), { first: 1, lines: ['one'] });
  const long = sourceExcerpt(`int f() {\n${'  x;\n'.repeat(500)}}`, 250);
  assert.equal(long.lines.length, 60);
  assert.ok(long.first <= 250 && 250 < long.first + 60);
  assert.equal(sourceExcerpt('x'.repeat(1e6), 1).lines[0]!.length, 200);
});

test("every step's mark in the addon's sources is within its excerpt", () => {
  let marks = 0;
  const sources = path.join(root, 'native/src');
  for (const file of readdirSync(sources, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.cc')) continue;
    const text = readFileSync(path.join(sources, file), 'utf8');
    text.split('\n').forEach((line, i) => {
      if (!line.includes('VIT_STEP(')) return;
      marks++;
      const { first, lines } = sourceExcerpt(text, i + 1);
      assert.equal(lines[i + 1 - first], line, `${file}:${i + 1}`);
    });
  }
  assert.ok(marks > 10);
});
