import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { folderPictures, type FolderChoice } from '../../extension/jobs/folderPictures';

const root = mkdtempSync(path.join(os.tmpdir(), 'vit-folder-'));
after(() => rmSync(root, { recursive: true, force: true }));

for (const file of [
  ...['.git/x.png', 'photos/b/2.jpg', 'photos/a/1.PNG', 'photos/a/notes.txt', 'photos/cache/3.png', 'photos/4.webp'],
  ...['photos/keep/draft-5.png', 'photos/keep/6.png', 'photos/node_modules/7.png', 'photos/a/8.tmp.png'],
]) {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), '');
}
writeFileSync(path.join(root, '.gitignore'), 'cache/\ndraft-*\n');
writeFileSync(path.join(root, 'photos/keep/.gitignore'), '!draft-5.png\n6.png\n');

async function found(choice: Partial<FolderChoice> = {}): Promise<string[]> {
  const ids: string[] = [];
  const all = { folder: path.join(root, 'photos'), include: [], exclude: [], ...choice };
  for await (const { id, source } of folderPictures(all)) {
    ids.push(id);
    assert.deepEqual(source, { path: path.join(all.folder, id), preview: false });
  }
  return ids;
}

test('pictures by name, folder after folder, without what .gitignore files above and inside leave out', async () => {
  assert.deepEqual(await found(), [
    '4.webp',
    'a/1.PNG',
    'a/8.tmp.png',
    'b/2.jpg',
    'keep/draft-5.png',
    'node_modules/7.png',
  ]);
});

test('patterns take some, and leave some out', async () => {
  assert.deepEqual(await found({ exclude: ['node_modules', '*.tmp.png'] }), [
    '4.webp',
    'a/1.PNG',
    'b/2.jpg',
    'keep/draft-5.png',
  ]);
  assert.deepEqual(await found({ include: ['a/**', '*.jpg'] }), ['a/1.PNG', 'a/8.tmp.png', 'b/2.jpg']);
  assert.deepEqual(await found({ folder: path.join(root, 'nowhere') }), []);
});

test('a hundred folders in folders are gone into, and no more', async () => {
  const down = (folders: number) => [...Array<string>(folders).fill('d'), 'x.png'].join('/');
  const folder = path.join(root, 'deep');
  for (const folders of [100, 101]) {
    mkdirSync(path.dirname(path.join(folder, down(folders))), { recursive: true });
    writeFileSync(path.join(folder, down(folders)), '');
  }
  assert.deepEqual(await found({ folder }), [down(100)]);
});
