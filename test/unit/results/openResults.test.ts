/** A results file from its first line on, as its job writes it, and as it is cut off. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { parseCsv } from '../../../extension/files/csv';
import { headerLine, parseLine, rowLine, type ResultsHeader } from '../../../extension/results/format';
import { OpenResults } from '../../../extension/results/openResults';
import { everything } from '../../../extension/results/query';
import { resultsChecks } from '../../../extension/protocol/resultsChecks';
import { decode } from '../../../extension/protocol/rpc';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-results-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const classes = ['cat', 'dog', 'Ørn'];
const header = (embeddings: ResultsHeader['embeddings'] = null): ResultsHeader => ({
  vitresults: 1,
  created: '2026-01-01T00:00:00Z',
  root: '/nowhere/at/all',
  model: { source: 'embedded', name: 'small', hash: '00' },
  preprocessing: { hash: '00' },
  engine: 'native',
  precision: 'fp32',
  scores: 'softmax',
  classes,
  topK: 2,
  unfamiliarBelow: null,
  embeddings,
});

function line(id: string, best: number, probability: number, embedding: number | null = null): string {
  const other = (best + 1) % 3;
  return rowLine(
    {
      kind: 'picture',
      id,
      image: id,
      size: [2, 2],
      bytes: 1,
      modified: null,
      predictions: [
        { index: best, label: classes[best]!, probability, logit: 1 },
        { index: other, label: classes[other]!, probability: 1 - probability, logit: 0 },
      ],
      logits: null,
      energy: 1,
      unfamiliar: false,
      embedding,
    },
    { model: 'embedded', engine: 'native', scores: 'softmax' },
  );
}

const ids = async (results: OpenResults, query = everything) =>
  (await results.rows(query, 0, 100)).rows.map(({ id }) => id);
const running = { signal: new AbortController().signal, report: () => undefined };

test('a file that grows is read on; a line that is being written is waited for, odd ones are counted', async () => {
  const file = path.join(folder, 'grows.vitresults.jsonl');
  const second = line('ørn/2.png', 2, 0.75);
  const half = Buffer.from(second).subarray(0, 9); // in the middle of a letter
  writeFileSync(file, Buffer.concat([Buffer.from(headerLine(header()) + line('cat/1.png', 0, 0.5)), half]));
  const results = await OpenResults.open(file);
  assert.deepEqual([(await results.read()).rows, await ids(results)], [1, ['cat/1.png']]);
  appendFileSync(file, Buffer.from(second).subarray(9));
  appendFileSync(file, '{"half":\n{"tag":"drop","id":"cat/1.png","at":"now"}\n');
  const { rows, odd, tagged, isRead } = await results.read();
  assert.deepEqual({ rows, odd, tagged, isRead }, { rows: 2, odd: 1, tagged: 1, isRead: true });
  const [first, last] = (await results.rows(everything, 0, 10)).rows;
  assert.equal(first!.tag, 'drop');
  assert.deepEqual([last!.id, last!.predictions[0]!.label], ['ørn/2.png', 'Ørn']);
  // its root is not on this machine: pictures are looked for beside the file
  assert.equal(first!.image, path.join(folder, 'cat/1.png'));
  await results.close();
});

test('tags are appended, after a line that was cut off too, and are there when the file is opened again', async () => {
  const file = path.join(folder, 'tags.vitresults.jsonl');
  writeFileSync(
    file,
    headerLine(header()) + line('1.png', 0, 0.5) + line('2.png', 1, 0.5) + line('3.png', 1, 0.5).slice(0, 20),
  );
  const results = await OpenResults.open(file);
  await results.read();
  assert.equal((await results.tag(Uint32Array.of(1, 0), 'wrong label')).tagged, 2);
  assert.equal((await results.tag(Uint32Array.of(0), null)).tagged, 1);
  await results.close();
  const again = await OpenResults.open(file);
  await again.read();
  assert.deepEqual(await ids(again, { ...everything, tag: 'wrong label' }), ['2.png']);
  await again.close();
  // the half line stands alone; what came after it is whole
  const read = readFileSync(file, 'utf8').trimEnd().split('\n').map(parseLine);
  assert.deepEqual(
    read.map((each) => each?.kind ?? null),
    ['header', 'picture', 'picture', null, 'tag', 'tag', 'tag'],
  );
});

test('a file that was written anew is gone, and what is no results file is refused in a sentence', async () => {
  const file = path.join(folder, 'anew.vitresults.jsonl');
  writeFileSync(file, headerLine(header()) + line('1.png', 0, 0.5));
  const results = await OpenResults.open(file);
  await results.read();
  writeFileSync(file, headerLine(header()));
  await assert.rejects(results.read(), { code: 'ERR_GONE' });
  await results.close();
  const other = path.join(folder, 'other.vitresults.jsonl');
  for (const text of ['', '{}\n', 'x'.repeat(100_000), '{"vitresults":2}\n']) {
    writeFileSync(other, text);
    await assert.rejects(OpenResults.open(other), {
      message: `${other} is not a file of results: its first line does not say so.`,
    });
  }
  await assert.rejects(OpenResults.open(path.join(folder, 'none')), /none does not exist\.$/);
  await assert.rejects(OpenResults.open(folder), /is a directory, not a file\.$/);
});

test('labels, figures, likeness and another model', async () => {
  const file = path.join(folder, 'a.vitresults.jsonl');
  const embeddings = { file: 'a.vitresults.f32', length: 2 };
  const vectors = Float32Array.of(1, 0, 0, 1, 1, 0.001, NaN, 1);
  writeFileSync(path.join(folder, embeddings.file), new Uint8Array(vectors.buffer));
  const names = ['cat/1.png', 'dog/2.png', 'cat/3.png', 'eel/4.png'];
  // the last one's embedding is not in the file
  const rows = names.map((id, i) => line(id, [0, 1, 1, 2][i]!, 0.9, i === 3 ? 77 : i));
  writeFileSync(file, headerLine(header(embeddings)) + rows.join(''));
  const results = await OpenResults.open(file);
  await results.read();
  const labels = await results.label({ kind: 'folders' });
  assert.deepEqual([labels.names, [...labels.classOf], labels.labelled], [['cat', 'dog', 'eel'], [0, 1, -1], 4]);
  const { known, correct } = results.evaluate(null);
  assert.deepEqual([known, correct], [3, 2]);
  assert.deepEqual(await ids(results, { ...everything, kind: 'wrong' }), ['cat/3.png']);
  assert.deepEqual(
    (await results.similar(0, 5)).map(({ row }) => row),
    [2, 1],
  );
  assert.deepEqual(
    (await results.duplicates(0.99, running)).groups.map((group) => [...group]),
    [[0, 2]],
  );
  const map = await results.map('pca', running);
  assert.deepEqual([[...map.rows], [...map.classes], map.points.length], [[0, 1, 2], [0, 1, 1], 6]);
  const other = path.join(folder, 'b.vitresults.jsonl');
  writeFileSync(other, headerLine(header()) + names.map((id) => line(id, id.startsWith('dog') ? 0 : 0, 0.8)).join(''));
  const { common, changed, agreement, p } = await results.compare(other);
  assert.deepEqual([common, [...changed], p], [4, [1, 2, 3], 1]);
  assert.deepEqual(agreement, { bothRight: 1, onlyFirst: 1, onlySecond: 1, bothWrong: 0 });
  assert.deepEqual((await results.rows(everything, 1, 1)).rows[0]!.other!.label, 'cat');

  const csv = path.join(folder, 'out.csv');
  await results.export({ ...everything, class: 1 }, 'csv', csv);
  const [head, first] = [...parseCsv(readFileSync(csv, 'utf8'))];
  const fields = new Map(head!.map((name, i) => [name, first![i]]));
  const wanted = { id: 'dog/2.png', label: 'dog', index: '1', probability: '0.9', margin: '0.8', given_label: 'dog' };
  for (const [name, value] of Object.entries(wanted)) assert.equal(fields.get(name), value, name);
  const columns = [
    ...['id', 'image', 'model', 'engine', 'scores', 'label', 'index', 'probability', 'logit', 'energy', 'unfamiliar'],
    ...['width', 'height', 'bytes', 'modified', 'error', 'error_code', 'predictions', 'given_label', 'margin', 'tag'],
  ];
  assert.deepEqual(head, columns);
  const parquet = path.join(folder, 'out.parquet');
  await results.export({ ...everything, sort: 'name', descending: true }, 'parquet', parquet);
  const table: Record<string, unknown>[] = await parquetReadObjects({ file: await asyncBufferFromFile(parquet) });
  assert.deepEqual(
    table.map(({ id, label, probability, given_label, tag }) => [id, label, probability, given_label, tag]),
    [
      ['eel/4.png', 'Ørn', 0.9, 'eel', null],
      ['dog/2.png', 'dog', 0.9, 'dog', null],
      ['cat/3.png', 'dog', 0.9, 'cat', null],
      ['cat/1.png', 'cat', 0.9, 'cat', null],
    ],
  );
  assert.deepEqual(
    table.map(({ embedding }) => embedding && [...(embedding as Iterable<number>)]),
    [null, [0, 1], [1, Math.fround(0.001)], [1, 0]],
  );
  const jsonl = path.join(folder, 'out.vitresults.jsonl');
  await results.export({ ...everything, class: 1 }, 'jsonl', jsonl);
  const exported = await OpenResults.open(jsonl);
  await exported.read();
  assert.deepEqual(await ids(exported), ['dog/2.png', 'cat/3.png']);
  await exported.close();
  await results.close();
});

test('embeddings are read wherever they lie in their file', async () => {
  const file = path.join(folder, 'order.vitresults.jsonl');
  const embeddings = { file: 'order.vitresults.f32', length: 2 };
  const vectors = Float32Array.of(9, 9, 0, 1, 1, 0, 9, 9, 0.6, 0.8);
  writeFileSync(path.join(folder, embeddings.file), new Uint8Array(vectors.buffer));
  // before, after and beside each other
  const rows = [2, 1, 4].map((embedding, i) => line(`${i}.png`, 0, 0.9, embedding));
  writeFileSync(file, headerLine(header(embeddings)) + rows.join(''));
  const results = await OpenResults.open(file);
  await results.read();
  const similar = await results.similar(2, 5);
  assert.deepEqual(
    similar.map(({ row, similarity }) => [row, Number(similarity.toFixed(4))]),
    [
      [1, 0.8],
      [0, 0.6],
    ],
  );
  await results.close();
});

test('what a view of results asks is checked before anything acts on it', () => {
  const ask = (name: string, take: unknown) => decode(resultsChecks, { kind: 'request', id: 1, name, take });
  const query = { ...everything, rows: Uint32Array.of(1), confidence: [0.5, 1] };
  assert.ok('message' in ask('rows', { query, from: 0, count: 100 }));
  for (const [name, take] of [
    ['rows', { query, from: -1, count: 100 }],
    ['rows', { query, from: 0, count: 501 }],
    ['rows', { query: { ...query, sort: 'id; drop' }, from: 0, count: 1 }],
    ['rows', { query: { ...query, confidence: [0] }, from: 0, count: 1 }],
    ['rows', { query: { ...query, confidence: [0, '1'] }, from: 0, count: 1 }],
    ['rows', { query: { ...query, margin: [NaN, 1] }, from: 0, count: 1 }],
    ['rows', { query: { ...query, rows: [1] }, from: 0, count: 1 }],
    ['rows', { query: { ...query, more: 1 }, from: 0, count: 1 }],
    ['tag', { rows: Uint32Array.of(1), tag: 'nice' }],
    ['export', { query, format: 'exe' }],
    ['label', { source: { kind: 'file' } }],
    ['similar', { row: 1.5, count: 5 }],
    ['run', null],
  ] as const) {
    assert.ok('problem' in ask(name, take), `${name} ${JSON.stringify(take)}`);
  }
});
