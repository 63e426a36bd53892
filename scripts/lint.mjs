// Formatters and linters, all in check mode: node scripts/lint.mjs [--fix]
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
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

/** Resolves to { status, output } of a command, run in the root. */
function outcome([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', ({ message }) => resolve({ status: 1, output: message }));
    child.on('close', (status) => resolve({ status, output }));
  });
}

/** Runs every check and resolves to [{ name, ok }] in their order; prints what they complain about. As many at a time as there are cores. */
export async function lint({ fix = false } = {}) {
  const wanted = checks();
  const results = wanted.map(({ name }) => ({ name, ok: false }));
  const left = wanted.entries();
  const worker = async () => {
    for (const [index, { check, fix: fixing }] of left) {
      const { status, output } = await outcome((fix && fixing) || check);
      if (status !== 0) console.error(shorten(output).trimEnd());
      results[index].ok = status === 0;
    }
  };
  // what mends writes to the same files as the others
  await Promise.all(Array.from({ length: fix ? 1 : availableParallelism() }, worker));
  return results;
}

if (isMain(import.meta)) {
  void main(async () => {
    const results = await lint({ fix: process.argv.includes('--fix') });
    for (const { name, ok } of results) console.log(`${ok ? '\u2713' : '\u2717'} ${name}`);
    if (results.some(({ ok }) => !ok))
      throw new Problem('lint found something; `npm run lint -- --fix` mends what can be mended');
  });
}
