import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Scratch } from '../../extension/system/scratch';

test('an array that was given back is used again, where it is long enough', () => {
  const scratch = new Scratch(2);
  const first = scratch.take(100);
  assert.ok(first.byteLength >= 100);
  assert.notEqual(scratch.take(100), first);
  scratch.giveBack(first);
  assert.equal(scratch.take(90), first);
  assert.notEqual(scratch.take(90), first);
  scratch.giveBack(first);
  assert.ok(scratch.take(1000).byteLength >= 1000);
});

test('no more are kept than it was told', () => {
  const scratch = new Scratch(1);
  const [first, second] = [scratch.take(10), scratch.take(10)];
  scratch.giveBack(first);
  scratch.giveBack(second);
  assert.equal(scratch.take(10), first);
  assert.notEqual(scratch.take(10), second);
});
