/** Faults, some of each kind, and a short soak: `npm run faults` and `npm run soak` have as many as one likes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inject } from '../faults/faults';
import { soak } from '../soak/soak';

const linux = { skip: process.platform !== 'linux' && 'faults and memory are seen in /proc' };

test(
  'killed, stopped, cut, gone, full: each request is answered or refused in a sentence, and the next one works',
  linux,
  async () => {
    const { done, left, findings } = await inject({ count: 34, seed: 1 });
    for (const [kind, why] of Object.entries(left)) console.log(`# left out: ${kind}, ${why}`);
    assert.deepEqual(findings, []);
    assert.ok(Object.keys(done).length + Object.keys(left).length === 8);
  },
);

test('the same picture has the same logits, after a thousand requests too', linux, async () => {
  const { requests, different, tenths } = await soak(1000);
  console.log(`# MB of each tenth: ${tenths.map((mb) => mb.toFixed(0)).join(' ')}`);
  assert.ok(requests >= 1000);
  assert.equal(different, 0);
});
