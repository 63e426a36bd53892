// The one command: node scripts/test.mjs [suite...]     e.g. `npm test`, `npm test -- unit native`, `npm test -- lint`
//   --no-setup    with what is installed and built already
// Sets up, checks style, runs every suite. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { countsMark } from './lib/reporter.mjs';
import { fromRoot, isMain, main, Problem, root, say } from './lib/run.mjs';
import { setup } from './setup.mjs';

/** Test files that may run at once: page files drive a browser each, e2e files a whole VS Code too. */
const suites = { unit: 2, native: 1, integration: 1, page: 2, e2e: 1 };

function testFiles(suite) {
  const folder = fromRoot('test', suite);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .filter((file) => file.endsWith('.test.ts'))
    .sort()
    .map((file) => path.join(folder, file));
}

/**
 * Files of which so many failed are tried once more where there is a browser: what happens between it, a window and three processes on a busy
 * machine is not always the tests' doing. What passed only then is named in the summary with what it had failed with; it is something to look into.
 */
const SECOND_TRIES = 2;
const WITH_BROWSER = ['page', 'e2e'];

/**
 * Runs the files of one suite; resolves to { name, passed, failed, skipped, seconds, secondTry: { file, failures } of those that
 * passed at the second try only, failures: what is printed of each test that failed }.
 */
async function runSuite(name, files) {
  const started = Date.now();
  const counts = await runFiles(name, files);
  const failing = Object.keys(counts).filter((file) => counts[file].failed > 0);
  const isFew = WITH_BROWSER.includes(name) && failing.length <= SECOND_TRIES;
  const again = isFew ? failing.filter((file) => files.includes(fromRoot(file))) : [];
  const first = again.map((file) => ({ file, failures: counts[file].failures }));
  if (again.length > 0) {
    say(`once more: ${again.join(', ')}`);
    Object.assign(
      counts,
      await runFiles(
        name,
        again.map((file) => fromRoot(file)),
      ),
    );
  }
  const total = (key) => Object.values(counts).reduce((sum, count) => sum + count[key], 0);
  return {
    name,
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
    seconds: (Date.now() - started) / 1000,
    secondTry: first.filter(({ file }) => counts[file].failed === 0),
    failures: Object.values(counts).flatMap(({ failures }) => failures),
  };
}

/** Resolves to the counts of each file: { passed, failed, skipped, failures }. */
async function runFiles(name, files) {
  const args = ['--import', 'tsx', '--test', `--test-concurrency=${suites[name]}`];
  const reporter = pathToFileURL(fromRoot('scripts/lib/reporter.mjs')).href;
  const child = spawn(
    process.execPath,
    [...args, `--test-reporter=${reporter}`, '--test-reporter-destination=stdout', ...files],
    {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let counts = null;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith(countsMark)) counts = JSON.parse(line.slice(countsMark.length));
    else console.log(line);
  }
  const code = child.exitCode ?? (await new Promise((resolve) => child.on('exit', resolve)));
  // the runner itself broke off, or failed without saying which test
  counts ??= {};
  if (code !== 0 && !Object.values(counts).some(({ failed }) => failed > 0)) {
    counts['the test runner'] = { passed: 0, failed: 1, skipped: 0, failures: ['    \u2717 the test runner itself'] };
  }
  return counts;
}

async function runLint() {
  const { lint } = await import('./lint.mjs');
  const started = Date.now();
  const checks = await lint();
  for (const { name, ok } of checks) console.log(`    ${ok ? '\u2713' : '\u2717'} ${name}`);
  const passed = checks.filter(({ ok }) => ok).length;
  const failures = checks.filter(({ ok }) => !ok).map(({ name }) => `    \u2717 ${name}`);
  const seconds = (Date.now() - started) / 1000;
  return { name: 'lint', passed, failed: failures.length, skipped: 0, seconds, failures };
}

/** What failed, once more and together: thousands of lines have gone by since; then the table and the total. */
function summary(results) {
  for (const { name, failures = [] } of results) {
    if (failures.length > 0) console.log(`\nfailed in ${name}:\n${failures.join('\n')}`);
  }
  console.log('\nsuite         passed  failed  skipped     time');
  for (const { name, passed, failed, skipped, seconds } of results) {
    const cells = [passed, failed, skipped].map((value, i) => String(value).padStart([8, 8, 9][i]));
    console.log(`${name.padEnd(12)}${cells.join('')}${`${seconds.toFixed(1)} s`.padStart(9)}`);
  }
  for (const { secondTry = [] } of results) {
    for (const { file, failures } of secondTry) {
      console.log(`passed at the second try only: ${file}\n${failures.join('\n')}`);
    }
  }
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
  return { passed: total('passed'), failed: total('failed') };
}

async function test(args) {
  const names = args.filter((name) => !name.startsWith('--'));
  const known = ['lint', ...Object.keys(suites)];
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Problem(`no suite is called ${unknown.join(', ')}; there are ${known.join(', ')}`);
  const wanted = names.length > 0 ? names : known;
  const started = Date.now();
  if (!args.includes('--no-setup')) await setup({ tests: true });
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

if (isMain(import.meta)) void main(() => test(process.argv.slice(2)));
