/**
 * Whether the tests notice a small change of a source file: npm run mutate -- [--group pure|webview|vscode] [--sample N] [--seed S]
 *   --only PART    those whose file:line:column has that in it, one of them again or a whole folder; more than once: any of them
 *   --near         asks only the tests without bundles and windows
 *   --no-windows   asks no test that needs VS Code
 * The exit code says whether fewer were noticed than docs/reliability.md promises.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { groups } from '../test/mutate/groups';
import { describe } from '../test/mutate/mutant';
import { mutate, type Result } from '../test/mutate/mutate';

const root = path.resolve(import.meta.dirname, '..');
const say = (line: string) => process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    group: { type: 'string', multiple: true },
    sample: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    near: { type: 'boolean', default: false },
    'no-windows': { type: 'boolean', default: false },
  },
});
const wanted = groups.filter(({ name }) => values.group?.includes(name) ?? true);
if (wanted.length === 0)
  throw new Error(`there is no such group; there are ${groups.map(({ name }) => name).join(', ')}`);

function row(name: string, results: Result[]): string {
  const count = (verdict: Result['verdict']) => results.filter((result) => result.verdict === verdict).length;
  const cells = [results.length, count('killed'), count('survived'), count('equivalent')];
  const share = `${Math.round((100 * count('killed')) / Math.max(1, count('killed') + count('survived')))}%`;
  return name.padEnd(16) + [...cells, share].map((cell) => String(cell).padStart(11)).join('');
}

async function main(): Promise<void> {
  for (const group of wanted) {
    const started = Date.now();
    const [sample, seed] = [Number(values.sample), Number(values.seed)];
    const onResult = ({ mutant, verdict, by, seconds }: Result) =>
      say(`${verdict} (${seconds.toFixed(0)} s): ${describe(mutant)}\n    ${by}`);
    const asked = { far: !values.near, windows: !values['no-windows'] };
    const trial = { group, sample, seed, only: values.only, ...asked, onResult };
    const { results, refused, all } = await mutate(root, trial);
    say(
      `\n${'room'.padEnd(16)}${['sampled', 'killed', 'survived', 'equivalent', 'killed'].map((head) => head.padStart(11)).join('')}`,
    );
    for (const room of [...new Set(results.map(({ room }) => room))].sort()) {
      say(row(room, results.filter((result) => result.room === room))); // prettier-ignore
    }
    say(row(`all of ${group.name}`, results));
    const killed = results.filter(({ verdict }) => verdict === 'killed').length;
    const counted = results.filter(({ verdict }) => verdict !== 'equivalent').length;
    const minutes = ((Date.now() - started) / 60_000).toFixed(0);
    say(`${all} mutants, seed ${seed}; ${refused} more do not compile (${minutes} min)\n`);
    if (killed < group.wanted * counted) process.exitCode = 1;
  }
}

// what runs is ended, and the copy removed, at the exit
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
void main();
