/** Faults on purpose: npm run faults -- [--count N] [--seed S] [--from I] [--only KIND]... The exit code says whether any came out wrong. */
import { parseArgs } from 'node:util';
import { inject } from '../test/faults/faults';

const say = (line: string) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    only: { type: 'string', multiple: true },
  },
});

async function main(): Promise<void> {
  const started = Date.now();
  const [count, seed, from] = [Number(values.count), Number(values.seed), Number(values.from)];
  const { done, left, findings } = await inject({ count, seed, from, only: values.only });
  for (const [kind, times] of Object.entries(done)) say(`${String(times).padStart(6)} ${kind}`);
  for (const [kind, why] of Object.entries(left)) say(`     0 ${kind}: ${why}`);
  for (const { at, kind, problem } of findings) say(`fault ${at}, ${kind}: ${problem}`);
  say(`${count} faults, seed ${seed}: ${findings.length} findings (${((Date.now() - started) / 1000).toFixed(0)} s)`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}

void main();
