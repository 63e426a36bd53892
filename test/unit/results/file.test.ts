/** A results file as it is written, stopped anywhere, and gone on with. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { parseLine, type ResultsHeader } from '../../../extension/results/format';
import { readLines } from '../../../extension/results/reader';
import { ResultsWriter, type NewRow } from '../../../extension/results/writer';

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-results-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const header: ResultsHeader = {
  vitresults: 1,
  created: '2026-01-02T03:04:05.000Z',
  root: '/pictures',
  model: { source: 'embedded', name: 'vit', hash: 'ab' },
  preprocessing: { hash: 'cd' },
  engine: 'native',
  precision: 'fp32',
  scores: 'softmax',
  classes: ['cat'],
  topK: 1,
  unfamiliarBelow: null,
  embeddings: { file: 'r.f32', length: 3 },
};

const row = (n: number): NewRow => ({
  kind: 'picture',
  id: `päth/${n}.jpg`,
  image: `päth/${n}.jpg`,
  size: [1, 2],
  bytes: 3,
  modified: null,
  predictions: [{ index: 0, label: 'cat', probability: 1, logit: n }],
  logits: null,
  energy: n,
  unfamiliar: false,
  features: Float32Array.of(n, n + 0.5, -n),
});

async function lines(file: string) {
  const all = [];
  for await (const { text } of readLines(file)) all.push(parseLine(text));
  return all;
}

/** The ids of rows, and their embeddings as they lie in the file. */
async function read(file: string) {
  const bytes = readFileSync(path.join(path.dirname(file), 'r.f32'));
  const rows = new Map<string, number[]>();
  for (const line of await lines(file)) {
    if (line?.kind !== 'picture') continue;
    assert.ok(!rows.has(line.id), `${line.id} is there twice`);
    rows.set(
      line.id,
      [0, 4, 8].map((byte) => bytes.readFloatLE(12 * line.embedding! + byte)),
    );
  }
  return rows;
}

const all = Array.from({ length: 40 }, (_, n) => row(n));
const expected = new Map(all.map((each, n) => [each.id, [n, n + 0.5, -n]]));

test('stopped after any byte and gone on with, every row is there once with its own embedding', async () => {
  const whole = path.join(folder, 'whole.vitresults.jsonl');
  const writer = await ResultsWriter.open(whole, header);
  for (let i = 0; i < all.length; i += 7) await writer.append(all.slice(i, i + 7));
  await writer.close();
  const same = async (file: string, message?: string) => {
    const rows = await read(file);
    assert.equal(rows.size, expected.size, message);
    for (const [id, values] of expected) assert.equal(String(rows.get(id)), String(values), message);
  };
  await same(whole);
  const text = readFileSync(whole);
  const vectors = readFileSync(path.join(folder, 'r.f32'));
  const cuts = [0, 1, 5, 20, 200, text.indexOf('\n') + 1, text.indexOf('\n') + 2, text.length - 1, text.length];
  for (const cut of [...cuts, 777, 1234, 2345]) {
    const file = path.join(folder, 'cut.vitresults.jsonl');
    writeFileSync(file, text.subarray(0, cut));
    // embeddings are written first: there may be more of them
    writeFileSync(path.join(folder, 'r.f32'), vectors);
    const again = await ResultsWriter.open(file, header);
    await again.append(all.filter(({ id }) => again.claim(id)));
    await again.close();
    await same(file, `cut after ${cut} bytes`);
    assert.equal((await lines(file)).length, all.length + 1);
    assert.equal(statSync(path.join(folder, 'r.f32')).size, vectors.length);
  }
});

test('rows whose embeddings did not reach the disk are made again, and the last row of an id holds', async () => {
  const file = path.join(folder, 'lost.vitresults.jsonl');
  const writer = await ResultsWriter.open(file, header);
  await writer.append(all);
  await writer.close();
  truncateSync(path.join(folder, 'r.f32'), 12 * 30 + 5);
  const again = await ResultsWriter.open(file, header);
  const missing = all.filter(({ id }) => again.claim(id));
  assert.deepEqual(
    missing.map(({ id }) => id),
    all.slice(30).map(({ id }) => id),
  );
  await again.append(missing);
  await again.close();
  const last = new Map((await lines(file)).map((line) => [line && 'id' in line ? line.id : '', line]));
  const bytes = readFileSync(path.join(folder, 'r.f32'));
  for (const [n, { id }] of all.entries()) {
    const line = last.get(id);
    assert.ok(line?.kind === 'picture');
    assert.equal(bytes.readFloatLE(12 * line.embedding! + 4), n + 0.5);
  }
});

test('results of another model, other preprocessing, other settings, and other files are refused and left as they are', async () => {
  const file = path.join(folder, 'other.vitresults.jsonl');
  const writer = await ResultsWriter.open(file, header);
  await writer.append(all.slice(0, 2));
  await writer.close();
  const before = readFileSync(file);
  const refused = (changed: Partial<ResultsHeader>, says: RegExp) =>
    assert.rejects(ResultsWriter.open(file, { ...header, ...changed }), (error: Error) => says.test(error.message));
  await refused({ model: { ...header.model, hash: 'x', name: 'swin' } }, /results of another model \(vit\), so swin/);
  await refused({ preprocessing: { hash: 'x' } }, /resized or normalised otherwise/);
  await refused({ topK: 5 }, /other settings/);
  assert.deepEqual(readFileSync(file), before);
  for (const [name, text] of [
    ['notes.txt', 'somebody wrote this'],
    ['lines.txt', 'somebody\nwrote this\n'],
    ['rows.jsonl', '{"id":"a","image":"a"}\n'],
  ] as const) {
    const others = path.join(folder, name);
    writeFileSync(others, text);
    await assert.rejects(ResultsWriter.open(others, header), /holds something else than results/);
    assert.equal(readFileSync(others, 'utf8'), text);
  }
  await assert.rejects(ResultsWriter.open(path.join(folder, 'no/such/r.jsonl'), header), /directory does not exist/);
});

test('a line that is far too long is left out, and reading can begin anywhere', async () => {
  const file = path.join(folder, 'long.jsonl');
  writeFileSync(file, 'a\n');
  for (let i = 0; i < 66; i++) appendFileSync(file, Buffer.alloc(2 ** 20, 'x'));
  appendFileSync(file, '\nb\nhalf');
  const found = [];
  for await (const line of readLines(file)) found.push(line);
  const end = statSync(file).size - 4;
  assert.deepEqual(found, [
    { text: 'a', begin: 0, end: 2 },
    { text: 'b', begin: end - 2, end },
  ]);
  const late = [];
  for await (const line of readLines(file, end - 2)) late.push(line.text);
  assert.deepEqual(late, ['b']);
});
