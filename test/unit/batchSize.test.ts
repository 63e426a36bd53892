import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchSize } from '../../extension/engine/batches/batchSize';

test('a batch takes about 20 ms, from one picture to 64; four before anything is known', () => {
  for (const [ms, next] of [
    [5, 4],
    [6, 3],
    [100, 1],
    [0.1, 64],
  ] as const) {
    const size = new BatchSize();
    assert.equal(size.next, 4);
    size.took(10, 10 * ms);
    assert.equal(size.next, next, `${ms} ms a picture`);
  }
});

test('later batches count a fifth', () => {
  const size = new BatchSize();
  size.took(4, 8);
  assert.equal(size.next, 10);
  size.took(10, 70); // 2 and 7 ms: 3
  assert.equal(size.next, 6);
});

test('what needs too much memory is halved, for good, down to one', () => {
  const size = new BatchSize();
  assert.equal(size.tooMany(64), true);
  size.took(32, 3.2);
  assert.equal(size.next, 32);
  assert.equal(size.tooMany(5), true);
  assert.equal(size.next, 2);
  assert.equal(size.tooMany(1), false);
  assert.equal(size.next, 1);
  const unknown = new BatchSize();
  unknown.tooMany(4);
  assert.equal(unknown.next, 2);
});
