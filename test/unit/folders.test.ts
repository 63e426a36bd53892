/**
 * Folders of extension/ and webview/ stand on each other in one direction, a folder and those in it too. (The lint's rule
 * counts what is in a folder's folders as its own, and does not see these.)
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { circle } from '../folderCircle';

const root = path.resolve(import.meta.dirname, '../..');

/** For each folder the folders its own files import from, each with one file that does. */
function imports(): Map<string, Map<string, string>> {
  const all = new Map<string, Map<string, string>>();
  for (const top of ['extension', 'webview']) {
    for (const entry of readdirSync(path.join(root, top), { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith('.ts')) continue;
      const file = path.join(entry.parentPath, entry.name);
      const folder = path.relative(root, entry.parentPath);
      const from = all.get(folder) ?? new Map<string, string>();
      all.set(folder, from);
      for (const [, name] of readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport|\bimport\() ?'(\.[^']+)'/g)) {
        const target = path.resolve(entry.parentPath, name!);
        const other = path.relative(root, existsSync(path.join(target, 'index.ts')) ? target : path.dirname(target));
        if (other !== folder && /^(extension|webview)\b/.test(other)) from.set(other, path.relative(root, file));
      }
    }
  }
  return all;
}

test('no folder stands on itself', () => {
  const all = imports();
  assert.ok(all.get('extension/models/families')?.has('extension/models/families/hf'), 'imports were found');
  for (const folder of all.keys()) {
    const found = circle(all, folder);
    assert.equal(found, null, `${folder} imports from itself by way of ${found?.join(', ')}`);
  }
});
