import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PictureRow } from '../../../extension/results/format';
import { labelsOfFolders, classesOfLabels } from '../../../extension/results/labels';
import { everything, select, type RowQuery } from '../../../extension/results/query';
import { ResultsTable } from '../../../extension/results/table';
import { sentence } from '../../../extension/errors/sentence';

const classes = ['dog', 'cat', 'ant'];

function picture(id: string, probabilities: readonly [index: number, probability: number][], more = {}): PictureRow {
  return {
    kind: 'picture',
    id,
    image: id,
    size: [4, 3],
    bytes: 10,
    modified: null,
    predictions: probabilities.map(([index, probability]) => ({
      index,
      label: classes[index]!,
      probability,
      logit: Math.log(probability),
    })),
    logits: null,
    energy: null,
    unfamiliar: false,
    embedding: null,
    ...more,
  };
}

const failed = (id: string) =>
  ({ kind: 'failed', id, image: id, error: { code: 'ERR_IMAGE', ...sentence('{0} is broken.', id) } }) as const;

function filled(): ResultsTable {
  const table = new ResultsTable(3);
  const rows = [
    picture(
      'cat/b.png',
      [
        [1, 0.7],
        [0, 0.2],
      ],
      { energy: 3 },
    ),
    picture(
      'dog/A.png',
      [
        [1, 0.5],
        [0, 0.45],
      ],
      { energy: 1, unfamiliar: true },
    ),
    failed('dog/broken.png'),
    picture('cat/c.png', [
      [2, 0.9],
      [1, 0.1],
    ]),
    picture('eel/d.png', [
      [0, 0.6],
      [1, 0.3],
    ]),
  ];
  rows.forEach((row, i) => assert.ok(table.put(row, 100 * i, 50)));
  table.putTag('cat/c.png', 'wrong label');
  return table;
}

function ask(table: ResultsTable, query: Partial<RowQuery>): string[] {
  const labels = labelsOfFolders(table.ids);
  const classOf = classesOfLabels(labels.names, classes);
  const classOrder = Int32Array.of(2, 1, 0); // ant, cat, dog
  const rows = select({ ...everything, ...query }, { table, labels, classOf, classOrder });
  return Array.from(rows, (row) => table.ids[row]!.split('/')[1]!.split('.')[0]!);
}

test('rows are sorted by each key, and those without the value come last', () => {
  const table = filled();
  const sorted = (sort: RowQuery['sort'], descending = false) => ask(table, { sort, descending }).join(' ');
  assert.equal(sorted('added'), 'b A broken c d');
  assert.equal(sorted('added', true), 'd c broken A b');
  assert.equal(sorted('name'), 'b c A broken d');
  assert.equal(sorted('class'), 'c b A d broken');
  assert.equal(sorted('class', true), 'd b A c broken');
  assert.equal(sorted('label'), 'b c A broken d');
  assert.equal(sorted('confidence', true), 'c b d A broken');
  assert.equal(sorted('margin'), 'A d b c broken');
  assert.equal(sorted('energy', true), 'b A broken c d');
});

test('rows are filtered by class, label, ranges, kind, tag, text and number', () => {
  const table = filled();
  const found = (query: Partial<RowQuery>) => ask(table, query).join(' ');
  assert.equal(found({ class: 1 }), 'b A');
  assert.equal(found({ label: 'dog' }), 'A broken');
  assert.equal(found({ class: 1, label: 'dog' }), 'A');
  assert.equal(found({ label: 'nobody' }), '');
  assert.equal(found({ confidence: [0.6, 0.8] }), 'b d');
  assert.equal(found({ margin: [0, 0.1] }), 'A');
  // "eel" is no class of the model: such a row is neither right nor wrong
  assert.equal(found({ kind: 'right' }), 'b');
  assert.equal(found({ kind: 'wrong' }), 'A c');
  assert.equal(found({ kind: 'unfamiliar' }), 'A');
  assert.equal(found({ kind: 'failed' }), 'broken');
  assert.equal(found({ kind: 'tagged' }), 'c');
  assert.equal(found({ tag: 'wrong label' }), 'c');
  assert.equal(found({ tag: 'drop' }), '');
  assert.equal(found({ text: ' DOG/a' }), 'A');
  assert.equal(found({ rows: Uint32Array.of(4, 0, 77), sort: 'confidence' }), 'd b');
});

test('a later line of an id takes its place, and the last tag holds, before its row too', () => {
  const table = filled();
  assert.deepEqual([table.rows, table.failed, table.unfamiliar, table.tagged], [5, 1, 1, 1]);
  table.put(picture('dog/broken.png', [[0, 0.8]]), 900, 60);
  assert.deepEqual([table.rows, table.failed, table.isFailed(2), table.predicted.get(2)], [5, 0, false, 0]);
  assert.deepEqual([table.offset.get(2), table.length.get(2)], [900, 60]);
  table.putTag('cat/c.png', 'drop');
  table.putTag('later.png', 'look again');
  assert.equal(table.tagOf(3), 'drop');
  table.putTag('cat/c.png', null);
  assert.equal(table.tagOf(3), null);
  assert.equal(table.tagged, 0);
  table.put(picture('later.png', [[0, 0.8]]), 1000, 60);
  assert.equal(table.tagOf(5), 'look again');
  assert.equal(table.tagged, 1);
});

test('columns grow with their rows', () => {
  const table = new ResultsTable(3);
  for (let i = 0; i < 1000; i++) table.put(picture(`${i}.png`, [[i % 3, 0.5 + i / 4000]]), 70 * i, 70);
  assert.equal(table.offset.get(999), 69_930);
  assert.deepEqual([...table.top.first(2)], [0, -1, -1, -1, -1, 1, -1, -1, -1, -1]);
  assert.deepEqual([table.confidence.first(1000).length, table.confidence.get(500)], [1000, Math.fround(0.625)]);
});
