/**
 * Hostile inputs for everything that reads what somebody else wrote: npm run fuzz -- [--target NAME]... [--inputs N] [--seed S] [--from I]
 * Each input is made of a good one by a seed, so that a finding can be repeated. The exit code says whether there were any.
 */
import { parseArgs } from 'node:util';
import { fuzz } from '../test/fuzz/fuzz';
import { targets } from '../test/fuzz/targets';

const say = (line: string) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    inputs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
  },
});
const wanted = targets.filter(({ name }) => values.target?.includes(name) ?? true);
if (wanted.length === 0)
  throw new Error(`there is no such target; there are ${targets.map(({ name }) => name).join(', ')}`);

async function main(): Promise<void> {
  let findings = 0;
  for (const target of wanted) {
    const started = Date.now();
    const [inputs, seed, from] = [Number(values.inputs), Number(values.seed), Number(values.from)];
    const found = await fuzz(target, { inputs, seed, from });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    say(
      `${target.name.padEnd(14)} ${inputs} inputs from ${from}, seed ${seed}: ${found.length} findings (${seconds} s)`,
    );
    for (const { at, problem, folder } of found) say(`  input ${at}: ${problem}\n  in ${folder}`);
    findings += found.length;
  }
  process.exitCode = findings > 0 ? 1 : 0;
}

void main();
