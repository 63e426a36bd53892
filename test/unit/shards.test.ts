import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMine, shardName, shardOf, shardOption } from '../../extension/cli/scale/shard';

const ids = Array.from({ length: 3000 }, (_, i) => `class/${i}.jpg`);

test('every picture is in exactly one shard, and shards are about as large', () => {
  for (const of of [1, 2, 7, 64]) {
    const sizes = new Array<number>(of).fill(0);
    for (const id of ids) {
      const owners = sizes.flatMap((_, index) => (isMine(id, { index, of }) ? [index] : []));
      assert.equal(owners.length, 1, id);
      sizes[owners[0]!]!++;
    }
    // a binomial's five standard deviations
    const expected = ids.length / of;
    for (const size of sizes) assert.ok(Math.abs(size - expected) <= 5 * Math.sqrt(expected) + 1, `${of}: ${size}`);
  }
});

test('the hash is of the id alone, and the same everywhere', () => {
  // python3 -c 'import hashlib; print(int.from_bytes(hashlib.sha256(b"class/0.jpg").digest()[:6], "big") % 7)'
  assert.deepEqual(
    ['class/0.jpg', 'ä/b.png', 'x'].map((id) =>
      [0, 1, 2, 3, 4, 5, 6].findIndex((index) => isMine(id, { index, of: 7 })),
    ),
    [5, 2, 3],
  );
});

test('--shard counts from 0, and from 1 gives the same set', () => {
  assert.deepEqual(shardOption('0/7'), { index: 0, of: 7 });
  assert.deepEqual(shardOption('7/7'), { index: 0, of: 7 });
  for (const wrong of ['', '1', '8/7', '-1/7', '1/0', '0/0', '1/7/2', 'a/b', '1/9999999'])
    assert.throws(() => shardOption(wrong), wrong);
  assert.equal(shardName({ index: 2, of: 7 }), '00002-of-00007');
});

test('Slurm and Kubernetes say which part it is', () => {
  assert.equal(shardOf({}), null);
  assert.deepEqual(shardOf({ SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '4' }), { index: 3, of: 4 });
  const stepped = { SLURM_ARRAY_TASK_MIN: '5', SLURM_ARRAY_TASK_STEP: '10', SLURM_ARRAY_TASK_COUNT: '3' };
  assert.deepEqual(
    ['5', '15', '25'].map((id) => shardOf({ ...stepped, SLURM_ARRAY_TASK_ID: id })?.index),
    [0, 1, 2],
  );
  assert.deepEqual(shardOf({ JOB_COMPLETION_INDEX: '5', JOB_COMPLETIONS: '8' }), { index: 5, of: 8 });
  assert.throws(() => shardOf({ JOB_COMPLETION_INDEX: '5' }), /JOB_COMPLETIONS/);
  assert.throws(() => shardOf({ SLURM_ARRAY_TASK_ID: 'x', SLURM_ARRAY_TASK_COUNT: '4' }), /SLURM_ARRAY_TASK_ID/);
});
