import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from '../../../extension/engine/batches/turns';
import { Chunks } from '../../../extension/jobs/chunks';

const never = new AbortController().signal;
const tick = () => new Promise((resolve) => setTimeout(resolve, 5));

test('a pass of a job is broken off when somebody asks, and done again when nobody waits any more', async () => {
  const turns = new Turns();
  const events: string[] = [];
  let pass = 0;
  const job = turns.later(async (signal) => {
    const number = ++pass;
    events.push(`pass ${number}`);
    if (number === 1) {
      await new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('broken off'))));
    }
    return 'computed';
  }, never);
  await tick();
  let answer = () => {};
  const panel = turns.first(async () => {
    events.push('panel');
    await new Promise<void>((resolve) => (answer = resolve));
    events.push('answered');
  });
  await tick();
  assert.deepEqual(events, ['pass 1', 'panel']);
  answer();
  await panel;
  assert.equal(await job, 'computed');
  assert.deepEqual(events, ['pass 1', 'panel', 'answered', 'pass 2']);
});

test('what fails by itself is not done again, and a cancelled job stops waiting', async () => {
  const turns = new Turns();
  await assert.rejects(
    turns.later(() => Promise.reject(new Error('no memory')), never),
    /no memory/,
  );
  let answer = () => {};
  const panel = turns.first(() => new Promise<void>((resolve) => (answer = resolve)));
  const cancel = new AbortController();
  const job = turns.later(() => Promise.resolve(1), cancel.signal);
  cancel.abort();
  await assert.rejects(job, { code: 'ERR_CANCELLED' });
  answer();
  await panel;
});

test('chunks: as many as are there, in order, none twice, and not held back for what is slow', async () => {
  const chunks = new Chunks(Array.from({ length: 10 }, (_, i) => i));
  const taken = await Promise.all([chunks.take(4), chunks.take(4), chunks.take(4), chunks.take(4)]);
  assert.deepEqual(taken, [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9], []]);

  let more = () => {};
  const slow = new Chunks(
    (async function* () {
      yield 'a';
      yield 'b';
      await new Promise<void>((resolve) => (more = resolve));
      yield 'c';
    })(),
  );
  assert.deepEqual(await slow.take(8), ['a', 'b']);
  const next = slow.take(8);
  more();
  assert.deepEqual(await next, ['c']);
  assert.deepEqual(await slow.take(8), []);
});
