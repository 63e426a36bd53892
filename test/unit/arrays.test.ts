/** Arrays in .npy files, as their editor is given them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrayHandlers } from '../../extension/engine/process/arrays';
import { npyHeader, writeNpy } from '../../extension/files/npyEncoding';
import { scratch, write } from './models/files';

const folder = scratch();
const array = arrayHandlers().array;
const ask = async (file: string, index = 0) =>
  array({ file, index }, new AbortController().signal, () => undefined, () => undefined); // prettier-ignore

test('one matrix at a time, and what all values are like', async () => {
  const file = write(folder, 'maps.npy', writeNpy([2, 1, 2, 2], Float32Array.of(1, 2, 3, 4, -4, 0, NaN, 2)));
  const second = await ask(file, 1);
  assert.deepEqual([second.shape, second.matrices, second.index], [[2, 1, 2, 2], 2, 1]);
  assert.deepEqual([second.rows, second.columns, [...second.values]], [2, 2, [-4, 0, NaN, 2]]);
  const { rms, ...others } = second.statistics;
  assert.deepEqual(others, { count: 8, mean: 8 / 7, least: -4, most: 4, zeros: 1, notFinite: 1 });
  assert.equal(rms, Math.sqrt(50 / 7));
  assert.equal((await ask(file, 99)).index, 1, 'there are no more');
  // written anew: no longer what was kept
  write(folder, 'maps.npy', writeNpy([3], Float32Array.of(5, 6, 7)));
  const list = await ask(file);
  assert.deepEqual([list.rows, list.columns, [...list.values], list.matrices], [1, 3, [5, 6, 7], 1]);
});

test('a number, and an array without any', async () => {
  const scalar = await ask(write(folder, 'scalar.npy', writeNpy([], Float32Array.of(7))));
  assert.deepEqual([scalar.rows, scalar.columns, [...scalar.values]], [1, 1, [7]]);
  const none = await ask(write(folder, 'none.npy', writeNpy([0, 4], new Float32Array())));
  assert.deepEqual([none.matrices, none.values.length, none.statistics.count], [0, 0, 0]);
});

test('what cannot be read is refused in a sentence that names it', async () => {
  const refuses = (file: string, reason: RegExp) =>
    assert.rejects(ask(file), (error: Error) => {
      assert.ok(error.message.startsWith(file), error.message);
      assert.match(error.message, reason);
      return true;
    });
  await refuses(write(folder, 'text.npy', 'This is a text.'), /is not a NumPy \.npy file\.$/);
  await refuses(write(folder, 'short.npy', npyHeader([2, 2])), /is truncated: its shape \(2, 2\) needs 16 bytes/);
  await refuses(write(folder, 'vast.npy', npyHeader([2 ** 40, 2 ** 10])), /is truncated/);
  await assert.rejects(ask(`${folder}/missing.npy`), { code: 'missing' });
});
