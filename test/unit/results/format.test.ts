import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentence } from '../../../extension/errors/sentence';
import {
  headerLine,
  parseLine,
  rowLine,
  tagLine,
  type FailedRow,
  type PictureRow,
  type ResultsHeader,
} from '../../../extension/results/format';

const header: ResultsHeader = {
  vitresults: 1,
  created: '2026-01-02T03:04:05.000Z',
  root: '/pictures',
  model: { source: 'embedded', name: 'vit', hash: 'ab'.repeat(32) },
  preprocessing: { channels: 3, mean: [0.5], hash: 'cd'.repeat(32) },
  engine: 'native',
  precision: 'fp32',
  scores: 'softmax',
  classes: ['cat', 'class 1'],
  topK: 2,
  unfamiliarBelow: 3.9,
  embeddings: { file: 'a.vitresults.f32', length: 192 },
};

const picture: PictureRow = {
  kind: 'picture',
  id: 'cats/a "1".jpg',
  image: 'cats/a "1".jpg',
  size: [32, 48],
  bytes: 900,
  modified: 1700000000000,
  predictions: [
    { index: 0, label: 'cat', probability: 0.75, logit: 1.5 },
    { index: 1, label: 'class 1', probability: 0.25, logit: 0.4 },
  ],
  logits: [1.5, 0.4],
  energy: 1.8,
  unfamiliar: false,
  embedding: 7,
};

const failed: FailedRow = {
  kind: 'failed',
  id: 'b.png',
  image: 'b.png',
  error: { code: 'ERR_IMAGE', ...sentence('{0} {1}.', '/pictures/b.png', sentence('is empty')) },
};

const context = { model: 'embedded', engine: 'native', scores: 'softmax' } as const;
const parsed = (line: string) => parseLine(line.replace(/\n$/, ''));
const broken = (line: string, change: (fields: Record<string, unknown>) => void) => {
  const fields = JSON.parse(line) as Record<string, unknown>;
  change(fields);
  return parseLine(JSON.stringify(fields));
};

test('what is written is read again: header, picture, failed picture, tag', () => {
  assert.deepEqual(parsed(headerLine(header)), { kind: 'header', ...header });
  assert.deepEqual(parsed(rowLine(picture, context)), picture);
  assert.deepEqual(parsed(rowLine(failed, context)), failed);
  const tag = { id: 'b.png', tag: 'drop' as const, at: '2026-01-02T03:04:05.000Z' };
  assert.deepEqual(parsed(tagLine(tag)), { kind: 'tag', ...tag });
  assert.deepEqual(parsed(tagLine({ ...tag, tag: null })), { kind: 'tag', ...tag, tag: null });
});

test('a row has the keys of classify --json, and each is one line', () => {
  const row = JSON.parse(rowLine(picture, context)) as Record<string, unknown>;
  assert.equal(row.image, picture.image);
  assert.equal(row.model, 'embedded');
  assert.equal(row.engine, 'native');
  assert.deepEqual(row.predictions, picture.predictions);
  const bad = JSON.parse(rowLine(failed, context)) as Record<string, unknown>;
  assert.equal(bad.error, '/pictures/b.png is empty.');
  const nasty: PictureRow = { ...picture, id: 'a\nb\u2028\ud800', image: 'a\r\nb' };
  assert.equal(rowLine(nasty, context).indexOf('\n'), rowLine(nasty, context).length - 1);
  assert.equal((parsed(rowLine(nasty, context)) as PictureRow).id, nasty.id);
});

test('values instead of probabilities, no classifier, no extras', () => {
  const value = { ...picture, logits: null, embedding: null, energy: null };
  value.predictions = [{ index: 0, label: 'age', probability: null, logit: 41.5 }];
  const line = rowLine(value, { ...context, scores: 'value' });
  assert.match(line, /"predictions":\[\{"index":0,"label":"age","value":41\.5\}\]/);
  assert.doesNotMatch(line, /embedding|logits/);
  assert.deepEqual(parsed(line), value);
  assert.deepEqual(parsed(rowLine({ ...value, predictions: [] }, context)), { ...value, predictions: [] });
});

test('half a line, and lines that are not of this format, are none', () => {
  const line = rowLine(picture, context);
  for (const cut of [1, 40, line.length - 2]) assert.equal(parseLine(line.slice(0, cut)), null);
  for (const text of ['', 'null', '[]', '3', '"a"', '{}', '{"vitresults":2}', '{"tag":"keep","id":"a","at":""}']) {
    assert.equal(parseLine(text), null, text);
  }
});

test('every number and list has a bound, and an embeddings file lies beside its results', () => {
  const row = rowLine(picture, context);
  assert.equal(
    broken(row, (fields) => (fields.id = '')),
    null,
  );
  assert.equal(
    broken(row, (fields) => (fields.id = 'a'.repeat(40_000))),
    null,
  );
  assert.equal(
    broken(row, (fields) => (fields.size = [-1, 2])),
    null,
  );
  assert.equal(
    broken(row, (fields) => (fields.predictions = Array.from({ length: 2000 }, () => picture.predictions[0]))),
    null,
  );
  assert.equal(
    broken(row, (fields) => (fields.predictions = [{ index: 0, label: 'cat', probability: 'high', logit: 1 }])),
    null,
  );
  const head = headerLine(header);
  assert.equal(
    broken(head, (fields) => (fields.topK = 1e9)),
    null,
  );
  assert.equal(
    broken(head, (fields) => (fields.classes = [3])),
    null,
  );
  for (const file of ['/etc/passwd', '../a.f32', '..', '', 'a\\b']) {
    const read = broken(head, (fields) => (fields.embeddings = { file, length: 4 }));
    assert.equal(read?.kind === 'header' && read.embeddings, null, file);
  }
});

test('a sentence that somebody made up is shown as it was written, not built', () => {
  let args: unknown = ['a'];
  for (let i = 0; i < 100; i++) args = [{ message: 'm', template: '{0}', args }];
  const read = broken(rowLine(failed, context), (fields) => (fields.failure = { code: 'X', template: '{0}', args }));
  assert.equal(read?.kind === 'failed' && read.error.message, failed.error.message);
});
