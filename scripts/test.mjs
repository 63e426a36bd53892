// The one command: node scripts/test.mjs [suite...]     e.g. `npm test`, `npm test -- unit native`, `npm test -- lint`
// Sets up, checks style, runs every suite. The last line is `N passed, N failed`.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { run as runTests } from 'node:test';
import { fromRoot, isMain, main, Problem, root, say } from './lib/run.mjs';
import { setup } from './setup.mjs';

/** Test files that may run at once: e2e files drive a whole VS Code and a browser each. */
const suites = { unit: 2, native: 1, integration: 1, e2e: 1 };

function testFiles(suite) {
  const folder = fromRoot('test', suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .sort()
    .map((file) => path.join(folder, file));
}

/** The part of an error that helps: its message, and where in our files it was thrown. */
function reason(error) {
  const cause = error.cause ?? error;
  const lines = String(cause.stack ?? cause.message ?? cause).split('\n');
  const where = lines.find((line) => line.includes(root) && !line.includes('node_modules'));
  return [cause.message ?? String(cause), where?.trim()].filter(Boolean).join('\n').replace(/^/gm, '      ');
}

/** Runs the files of one suite; resolves to { passed, failed, skipped, seconds }. */
async function runSuite(suite, files) {
  const started = Date.now();
  const count = { passed: 0, failed: 0, skipped: 0 };
  const stream = runTests({
    files,
    concurrency: Math.min(suites[suite], availableParallelism()),
    execArgv: ['--import', 'tsx'],
    forceExit: false,
  });
  for await (const { type, data } of stream) {
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message);
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const isFile = data.nesting === 0 && path.isAbsolute(data.name) && data.name.endsWith('.test.ts');
    const isGroup = data.details.type === 'suite' || isFile;
    if (type === 'test:fail') {
      // a group fails with its tests, which have been counted; a file that fails by itself (it did not load, it hung) counts
      if (isGroup && data.details.error?.failureType === 'subtestsFailed') continue;
      count.failed++;
      console.log(
        `    \u2717 ${data.name} (${path.relative(root, data.file ?? data.name)})\n${reason(data.details.error)}`,
      );
    } else if (data.skip !== undefined) {
      count.skipped++;
      console.log(`    - ${data.name}: skipped${typeof data.skip === 'string' ? ` (${data.skip})` : ''}`);
    } else if (!isGroup) {
      count.passed++;
      console.log(`    \u2713 ${data.name} (${Math.round(data.details.duration_ms)} ms)`);
    }
  }
  return { name: suite, ...count, seconds: (Date.now() - started) / 1000 };
}

async function runLint() {
  const { lint } = await import('./lint.mjs');
  const checks = await lint();
  for (const { name, ok } of checks) console.log(`    ${ok ? '\u2713' : '\u2717'} ${name}`);
  const passed = checks.filter(({ ok }) => ok).length;
  const seconds = checks.reduce((sum, check) => sum + check.seconds, 0);
  return { name: 'lint', passed, failed: checks.length - passed, skipped: 0, seconds };
}

function summary(results) {
  console.log('\nsuite         passed  failed  skipped     time');
  for (const { name, passed, failed, skipped, seconds } of results) {
    const cells = [passed, failed, skipped].map((value, i) => String(value).padStart([8, 8, 9][i]));
    console.log(`${name.padEnd(12)}${cells.join('')}${`${seconds.toFixed(1)} s`.padStart(9)}`);
  }
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
  return { passed: total('passed'), failed: total('failed') };
}

async function test(names) {
  const known = ['lint', ...Object.keys(suites)];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Problem(`no suite is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const wanted = names.length > 0 ? names : known;
  const started = Date.now();
  await setup({ tests: true });
  const results = [{ name: 'set-up', passed: 0, failed: 0, skipped: 0, seconds: (Date.now() - started) / 1000 }];
  for (const name of known.filter((known) => wanted.includes(known))) {
    say(name);
    if (name === 'lint') {
      results.push(await runLint());
      continue;
    }
    const files = testFiles(name);
    if (name === 'e2e' && files.length > 0) {
      const { installWorkbench } = await import('./lib/workbench.mjs');
      await installWorkbench();
    }
    results.push(
      files.length > 0 ? await runSuite(name, files) : { name, passed: 0, failed: 0, skipped: 0, seconds: 0 },
    );
  }
  const { passed, failed } = summary(results);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}

if (isMain(import.meta)) await main(() => test(process.argv.slice(2).filter((name) => name !== '--')));
