/** Who may go on writing a results file, when several want to. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { withLock } from '../../../extension/results/lock';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-lock-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A program that has `withLock`, for another process; its file. */
function program(name: string, body: string): string {
  const file = path.join(folder, name);
  const lock = path.join(import.meta.dirname, '../../../extension/results/lock.ts');
  writeFileSync(file, `import { withLock } from ${JSON.stringify(lock)};\n${body}`);
  return file;
}

test('a file that another process writes is refused in a sentence that names it; when that is killed, it is free at once', async () => {
  const file = path.join(folder, 'a.vitresults.jsonl');
  const hold = program(
    'hold.ts',
    `void withLock(${JSON.stringify(file)}, () => new Promise(() => { setInterval(() => {}, 1000); console.log('held'); }));`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', hold], { stdio: ['ignore', 'pipe', 'inherit'] });
  const left = once(child, 'exit');
  try {
    await Promise.race([once(child.stdout, 'data'), left.then(([code]) => assert.fail(`it ended with ${code}`))]);
    await assert.rejects(
      withLock(file, () => Promise.reject(new Error('two at once')), 0),
      { message: `${file} is being written by another process (${child.pid} on ${os.hostname()}).` },
    );
  } finally {
    child.kill('SIGKILL');
  }
  await left;
  assert.ok(existsSync(`${file}.lock`), 'nobody tidied up');
  assert.equal(await withLock(file, () => Promise.resolve('mine'), 0), 'mine');
  assert.ok(!existsSync(`${file}.lock`));
});

test('a lock names its holder from the first moment: one that is killed then can be told from one that lives', async () => {
  const file = path.join(folder, 'e.vitresults.jsonl');
  const often = program(
    'often.ts',
    `void (async () => { for (let i = 0; i < 500; i++) await withLock(${JSON.stringify(file)}, () => Promise.resolve()); })();`,
  );
  const child = spawn(process.execPath, ['--import', 'tsx', often], { stdio: 'inherit' });
  const left = once(child, 'exit');
  const [seen, unnamed] = [new Set<string>(), new Set<string>()];
  while (child.exitCode === null && child.signalCode === null) {
    for (let i = 0; i < 200; i++) {
      try {
        const text = readFileSync(`${file}.lock`, 'utf8');
        (text.includes(`"pid":${child.pid},`) ? seen : unnamed).add(text);
      } catch {
        // there is none at this moment
      }
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([(await left)[0], [...unnamed]], [0, []]);
  assert.ok(seen.size > 10, `${seen.size} seen`);
});

test('what a process had put aside when it was killed is removed by the next one', async () => {
  const file = path.join(folder, 'd.vitresults.jsonl');
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  const host = os.hostname();
  const killed = `${file}.lock.${child.pid}-0-${host}`;
  const others = [`${process.pid}-0-${host}`, `${child.pid}-0-elsewhere.example`].map((end) => `${file}.lock.${end}`);
  for (const aside of [killed, ...others]) writeFileSync(aside, '');
  await withLock(file, () => Promise.resolve());
  assert.deepEqual([killed, ...others].map(existsSync), [false, true, true]);
});

test('what another machine has is waited for until nothing is heard of it', async () => {
  const file = path.join(folder, 'b.vitresults.jsonl');
  for (const text of [JSON.stringify({ pid: process.pid, host: 'elsewhere.example' }), 'half a l']) {
    writeFileSync(`${file}.lock`, text);
    await assert.rejects(
      withLock(file, () => Promise.resolve(), 0),
      /is being written by another process/,
    );
    const long = new Date(Date.now() - 120_000);
    utimesSync(`${file}.lock`, long, long);
    await withLock(file, () => Promise.resolve(), 0);
  }
});

test('of many who find a lock that was left, one is at work at a time, and each has its turn', async () => {
  const file = path.join(folder, 'c.vitresults.jsonl');
  // as in a container that was started again: the same number, and it is not ours
  writeFileSync(`${file}.lock`, JSON.stringify({ pid: process.pid, host: os.hostname() }));
  let [now, most, done] = [0, 0, 0];
  const work = async () => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, 5));
    now--;
    done++;
  };
  await Promise.all(Array.from({ length: 12 }, () => withLock(file, work)));
  assert.deepEqual([most, done], [1, 12]);
  await assert.rejects(
    withLock(path.join(folder, 'no/where.jsonl'), work),
    /no\/where\.jsonl cannot be written: its directory/,
  );
});
