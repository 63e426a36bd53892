// Formatters and linters, all in check mode: node scripts/lint.mjs [--fix]
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fromRoot, isMain, main, Problem, root } from './lib/run.mjs';

const bin = (file) => fromRoot('node_modules', file);

function nativeSources() {
  const isSource = /\.(cc|cpp|c|h|hpp)$/;
  const all = ['native', 'test/native'].flatMap((folder) => {
    try {
      return readdirSync(fromRoot(folder), { recursive: true }).map((file) => `${folder}/${file}`);
    } catch {
      return [];
    }
  });
  return all.filter((file) => isSource.test(file) && !file.includes('node_modules'));
}

/** Each check: its name, and what to run for checking and for fixing. */
function checks() {
  const sources = nativeSources();
  const node = process.execPath;
  return [
    { name: 'tsc', check: [node, bin('typescript/bin/tsc'), '-p', root] },
    {
      name: 'eslint',
      check: [node, bin('eslint/bin/eslint.js'), '--max-warnings=0', '.'],
      fix: [node, bin('eslint/bin/eslint.js'), '--fix', '.'],
    },
    {
      name: 'walls',
      check: [
        ...[node, bin('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.mjs'],
        ...['--output-type', 'err-long', 'extension', 'webview'],
      ],
    },
    {
      name: 'prettier',
      check: [node, bin('prettier/bin/prettier.cjs'), '--check', '--log-level=warn', '.'],
      fix: [node, bin('prettier/bin/prettier.cjs'), '--write', '--log-level=warn', '.'],
    },
    ...(sources.length === 0
      ? []
      : [
          {
            name: 'clang-format',
            check: ['clang-format', '--dry-run', '-Werror', ...sources],
            fix: ['clang-format', '-i', ...sources],
          },
        ]),
  ];
}

/** clang-format prints every place three lines long; the files are enough, since it also mends them. */
const shorten = (output) =>
  output.includes('[-Wclang-format-violations]')
    ? [...new Set(output.match(/^\S+(?=:\d+:\d+: error)/gm))].map((file) => `${file} is not formatted`).join('\n')
    : output;

/** Runs every check and returns [{ name, ok, seconds }]; prints what they complain about. */
export async function lint({ fix = false } = {}) {
  const results = [];
  for (const { name, check, fix: fixing } of checks()) {
    const started = Date.now();
    const [command, ...args] = (fix && fixing) || check;
    const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
    if (status !== 0) console.error(shorten(error ? error.message : stdout + stderr).trimEnd());
    results.push({ name, ok: status === 0, seconds: (Date.now() - started) / 1000 });
  }
  return results;
}

if (isMain(import.meta)) {
  void main(async () => {
    const results = await lint({ fix: process.argv.includes('--fix') });
    for (const { name, ok, seconds } of results)
      console.log(`${ok ? '\u2713' : '\u2717'} ${name} (${seconds.toFixed(1)} s)`);
    if (results.some(({ ok }) => !ok))
      throw new Problem('lint found something; `npm run lint -- --fix` mends what can be mended');
  });
}
