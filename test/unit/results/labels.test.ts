import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseCsv } from '../../../extension/files/csv';
import { readLabelFile } from '../../../extension/results/labelFile';
import { metadataLists, readMetadata } from '../../../extension/results/metadataLists';
import { classesOfLabels, labelsOfFolders, labelsOfList, type Labels } from '../../../extension/results/labels';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-labels-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const said = ({ names, of }: Labels) => Array.from(of, (label) => names[label] ?? null);
const splits = ({ splits, splitOf }: Labels) => Array.from(splitOf, (split) => splits[split] ?? null);

test('a class a folder: the first one of a path, whatever lies below it', () => {
  const labels = labelsOfFolders(['dress/1.jpg', 'hat/2.jpg', 'dress/old/3.jpg', '4.jpg']);
  assert.deepEqual(said(labels), ['dress', 'hat', 'dress', null]);
  assert.deepEqual(labels.names, ['dress', 'hat']);
  assert.deepEqual(splits(labels), [null, null, null, null]);
});

test('folders of splits are no classes; a class may be called "test" where others are not splits', () => {
  const labels = labelsOfFolders(['train/cat/1.png', 'train/dog/2.png', 'validation/cat/3.png', 'readme.png']);
  assert.deepEqual(said(labels), ['cat', 'dog', 'cat', null]);
  assert.deepEqual(splits(labels), ['train', 'train', 'validation', null]);
  const classes = labelsOfFolders(['test/1.png', 'oven/2.png']);
  assert.deepEqual(said(classes), ['test', 'oven']);
  // pictures right in "test" leave no folder for a class
  assert.deepEqual(said(labelsOfFolders(['train/1.png', 'test/2.png'])), ['train', 'test']);
});

test('a label is a class by its word, a synonym or a number', () => {
  const classes = ['tench, Tinca tinca', 'African_hunting dog', 'airliner', null];
  const names = ['Airliner', 'african-hunting-dog', 'tinca tinca', '2', '3', '4', 'cat', 'tench'];
  assert.deepEqual([...classesOfLabels(names, classes)], [2, 1, 0, 2, 3, -1, -1, 0]);
});

test('CSV with quotes, commas and line breaks in its fields', () => {
  const text = 'file_name,label\r\n"a,b.png","says ""cat"""\n\nc.png,"two\nlines"\nd.png,';
  assert.deepEqual(
    [...parseCsv(text)],
    [
      ['file_name', 'label'],
      ['a,b.png', 'says "cat"'],
      ['c.png', 'two\nlines'],
      ['d.png', ''],
    ],
  );
  assert.deepEqual(
    [...parseCsv('a,b\n1,"unfinished')],
    [
      ['a', 'b'],
      ['1', 'unfinished'],
    ],
  );
});

test('labels of metadata.csv and metadata.jsonl, whose names count from their own folder', async () => {
  const [csv, jsonl] = [path.join(folder, 'metadata.csv'), path.join(folder, 'metadata.jsonl')];
  writeFileSync(csv, '\uFEFFfile_name,label\nx/1.png,cat\n2.png,"a dog"\n3.png,\n');
  writeFileSync(jsonl, '{"file_name":"x\\\\1.png","label":7}\nnot json\n{"file_name":"2.png","label":"dog"}\n');
  const ids = ['x/1.png', '2.png', '3.png', '4.png'];
  assert.deepEqual(said(labelsOfList(ids, await readLabelFile(csv, folder))), ['cat', 'a dog', null, null]);
  assert.deepEqual(said(labelsOfList(ids, await readLabelFile(jsonl, folder))), ['7', 'dog', null, null]);
  const above = ids.map((id) => `${path.basename(folder)}/${id}`);
  assert.deepEqual(said(labelsOfList(above, await readLabelFile(csv, path.dirname(folder))))[0], 'cat');
});

test('a list without the columns is refused in a sentence that names it and what it has', async () => {
  const file = path.join(folder, 'other.csv');
  writeFileSync(file, 'x,y\n1,2\n');
  await assert.rejects(readLabelFile(file, folder), {
    message: `${file} has no column "file_name" beside one "label": it has x, y.`,
  });
  await assert.rejects(readLabelFile(path.join(folder, 'none.csv'), folder), /none\.csv does not exist\./);
});

test('lists that lie with the pictures are found in the root and in its parts; one of captions has no labels', async () => {
  const root = mkdtempSync(path.join(folder, 'parts-'));
  const ids = ['train/1.png', 'train/2.png', 'val/1.png'];
  for (const part of ['train', 'val']) mkdirSync(path.join(root, part));
  assert.deepEqual(await metadataLists(root, ids), []);
  const [train, val] = [path.join(root, 'train/metadata.csv'), path.join(root, 'val/metadata.jsonl')];
  writeFileSync(train, 'file_name,label\n1.png,cat\n2.png,dog\n');
  writeFileSync(val, '{"file_name":"1.png","label":"dog"}\n');
  writeFileSync(path.join(root, 'metadata.csv'), 'file_name,text\ntrain/1.png,a cat on a chair\n');
  const lists = await metadataLists(root, ids);
  assert.deepEqual(lists, [train, val, path.join(root, 'metadata.csv')]);
  const labels = labelsOfList(ids, await readMetadata(lists, root));
  assert.deepEqual(said(labels), ['cat', 'dog', 'dog']);
  assert.deepEqual(
    [labels.splits, [...labels.splitOf]],
    [
      ['train', 'val'],
      [0, 0, 1],
    ],
  );
});
