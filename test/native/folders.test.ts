/**
 * Folders of native/src depend on each other in one direction: no folder includes from one that includes from it, over
 * any number of steps.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { circle } from '../folderCircle';
import { ROOT } from './support';

const SOURCE = join(ROOT, 'native/src');

/** For each folder the folders it includes from, each with one file that does. */
function includes(): Map<string, Map<string, string>> {
  const all = new Map<string, Map<string, string>>();
  for (const entry of readdirSync(SOURCE, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const from = new Map<string, string>();
    all.set(entry.name, from);
    for (const file of readdirSync(join(SOURCE, entry.name))) {
      const text = readFileSync(join(SOURCE, entry.name, file), 'utf8');
      for (const [, folder] of text.matchAll(/^#include "([a-z0-9_]+)\//gm))
        if (folder && folder !== entry.name) from.set(folder, `${entry.name}/${file}`);
    }
  }
  return all;
}

test('no folder of native/src stands on itself', () => {
  const all = includes();
  assert.ok(all.size > 8 && [...all.values()].some((from) => from.size > 3), 'includes were found');
  for (const folder of all.keys()) {
    const found = circle(all, folder);
    assert.equal(found, null, `${folder} includes from itself by way of ${found?.join(', ')}`);
  }
});

test('a circle is seen', () => {
  const all = new Map([
    ['a', new Map([['b', 'a/x.h']])],
    ['b', new Map([['c', 'b/x.h']])],
    ['c', new Map([['a', 'c/x.h']])],
  ]);
  assert.deepEqual(circle(all, 'a'), ['a/x.h', 'b/x.h', 'c/x.h']);
});
