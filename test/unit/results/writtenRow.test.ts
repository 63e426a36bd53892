import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine, rowLine, type PictureRow } from '../../../extension/results/format';
import { ResultsTable, BEST } from '../../../extension/results/table';
import { writtenRow } from '../../../extension/results/writtenRow';

const classes = ['dog', 'cat', 'ant', 'eel', 'owl', 'fox', 'bee'];
const header = { scores: 'softmax', classes } as const;

const row = (more: Partial<PictureRow> = {}): PictureRow => ({
  kind: 'picture',
  id: 'dog/a.png',
  image: 'dog/a.png',
  size: [400, 533],
  bytes: 18384,
  modified: 1795756689737.7004,
  predictions: [0.5461177280630377, 1e-7, 3.2e-12].map((probability, index) => ({
    index,
    label: classes[index]!,
    probability,
    logit: -0.42905330657958984,
  })),
  logits: null,
  energy: 3.753940663905375,
  unfamiliar: true,
  embedding: null,
  ...more,
});
const context = { model: 'embedded', engine: 'native', scores: 'softmax' } as const;
const written = (more: Partial<PictureRow> = {}) => rowLine(row(more), context).slice(0, -1);

/** All that a table keeps of a line. */
function kept(line: Parameters<ResultsTable['put']>[0] | null) {
  if (line === null) return null;
  const table = new ResultsTable(classes.length);
  table.put(line, 0, 0);
  const { ids, top, confidence, margin, energy, embedding } = table;
  const numbers = [confidence, margin, energy, embedding].map((column) => column.get(0));
  return [ids[0], ...top.first(1), ...numbers, table.isFailed(0), table.isUnfamiliar(0)];
}

function whole(line: string) {
  const parsed = parseLine(line);
  return kept(parsed?.kind === 'picture' || parsed?.kind === 'failed' ? parsed : null);
}

test('a row as jobs write it is kept as if all of it were parsed', () => {
  const best = classes.slice(0, BEST).map((label, index) => ({ index, label, probability: 0.2, logit: 1e21 / 7 }));
  const lines = [
    written(),
    written({ predictions: [] }),
    written({ predictions: best }),
    written({ energy: null, unfamiliar: false, modified: null, embedding: 4_000_000_000 }),
    written({ logits: [1, -2.5e-9, 0], embedding: 0 }),
    written({ id: 'Größe/猫 𝛼.png', image: 'x' }),
  ];
  for (const line of lines) {
    const quick = writtenRow(line, header);
    assert.ok(quick, line);
    assert.deepEqual(kept(quick), whole(line));
  }
  const values = row().predictions.map((prediction) => ({ ...prediction, probability: null }));
  const line = written({ predictions: values });
  assert.deepEqual(kept(writtenRow(line, { scores: 'value', classes })), whole(line));
  assert.ok(kept(writtenRow(line, { scores: 'value', classes })));
});

test('a row of more classes, or of some that the header does not name, is left to the whole parser', () => {
  const named = (index: number) => ({ index, label: 'x', probability: 0.1, logit: 1 });
  assert.equal(writtenRow(written({ predictions: [0, 1, 2, 3, 4, 5].map(named) }), header), null);
  assert.equal(writtenRow(written({ predictions: [named(7)] }), header), null);
});

/** The same numbers in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

test('of lines that were changed anywhere, none is kept that is none, and none otherwise than the whole parser has it', () => {
  const next = random(7);
  const pick = <T>(from: ArrayLike<T>): T => from[Math.floor(next() * from.length)]!;
  const sources = [written(), written({ predictions: [], embedding: 12, logits: [1, 2] })];
  const pieces = [
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '00',
    '-',
    '.',
    'e9',
    'e999',
    '1e99',
    ' ',
    '\u0001',
    '\n',
    'null',
  ];
  let taken = 0;
  for (let i = 0; i < 20_000; i++) {
    let line = pick(sources);
    for (let changes = 0; changes <= next() * 3; changes++) {
      const at = Math.floor(next() * line.length);
      line = line.slice(0, at) + pick([...pieces, '', line[at]!]) + line.slice(at + Math.floor(next() * 3));
    }
    const quick = writtenRow(line, header);
    if (quick === null) continue;
    taken++;
    assert.deepEqual(kept(quick), whole(line), line);
  }
  assert.ok(taken > 1000, `${taken} were taken`);
});

test('a long line that is almost a row takes no longer for it', () => {
  const long = written({ logits: Array.from({ length: 3000 }, (_, i) => i / 7) });
  assert.ok(long.length < 32_768 * 2);
  const cut = `${long.slice(0, 30_000)}x`;
  const started = performance.now();
  for (let i = 0; i < 20; i++) assert.equal(writtenRow(cut, header), null);
  assert.ok(performance.now() - started < 1000);
});
