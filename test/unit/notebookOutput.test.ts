/** A notebook's output comes from a file: what is wrong with it is said, and nothing of it is without a bound. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isSentence } from '../../extension/errors/sentence';
import { MIME, readOutput } from '../../webview/notebook/output';

const root = path.resolve(import.meta.dirname, '../..');
const base64 = (values: ArrayBufferView) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
const picture = { mime: 'image/png', data: base64(readFileSync(path.join(root, 'samples/frog.png'))) };
const good = {
  version: 1,
  title: 'a\nmap\u202e',
  reading: null,
  shape: [2, 5, 5],
  values: base64(Float32Array.from(Array(50).keys())),
  picture,
};

test('an output as the helper writes it', async () => {
  const output = readOutput(good);
  assert.ok(!isSentence(output));
  const { title, reading, shape, rows, columns, values } = output;
  assert.deepEqual([title, reading, shape, rows, columns, values[49]], ['a map', null, [2, 5, 5], 5, 5, 49]);
  assert.deepEqual(Buffer.from(await output.picture.arrayBuffer()), readFileSync(path.join(root, 'samples/frog.png')));
});

for (const [what, change, said] of [
  ['another version', { version: 2 }, /is of version 2; .* draws version 1/],
  ['no version', { version: { x: 1 } }, /is of version \?/],
  ['no shape', { shape: 'wide' }, /has no shape/],
  ['a side of zero', { shape: [0, 5] }, /has no shape/],
  ['a side too long', { shape: [2, 2 ** 24] }, /has no shape/],
  ['many axes', { shape: Array(9).fill(1) }, /has no shape/],
  ['many values', { shape: [4096, 4097] }, /16781312 values, more than the 16777216/],
  ['fewer values', { shape: [3, 5, 5] }, /other values than its shape \(3, 5, 5\) says/],
  ['values that are no base64', { values: '\u0000' }, /other values/],
  ['values as a list', { values: [1, 2] }, /other values/],
  ['no picture', { picture: null }, /no picture that can be drawn/],
  ['a picture that runs', { picture: { ...picture, mime: 'image/svg+xml' } }, /no picture that can be drawn/],
] as const)
  test(`refused: ${what}`, () => {
    const output = readOutput({ ...good, ...change });
    assert.ok(isSentence(output));
    assert.match(output.message, said);
  });

test('package.json and the documentation name the same type', () => {
  const { contributes } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    contributes: { notebookRenderer: { mimeTypes: string[] }[] };
  };
  assert.deepEqual(contributes.notebookRenderer[0]!.mimeTypes, [MIME]);
  assert.ok(readFileSync(path.join(root, 'docs/notebooks.md'), 'utf8').includes(`MIME = '${MIME}'`));
});
