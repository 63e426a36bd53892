/** Hostile arguments for the command line (dist/cli.js): options that are doubled, cut, swapped, unknown, or have hostile values. */
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import path from 'node:path';
import type { Random } from './random';
import { root } from './support';

/** Copied to each input's folder, where it runs: whatever becomes the value of --output, nothing outside is written. */
const FILES = [
  ['test/golden/cases/hf-deit', 'model'],
  ['test/golden/cases/hf-deit/input.npy', 'numbers.npy'],
  ['samples/cat.webp', 'cat.webp'],
] as const;
const [model, numbers, picture] = FILES.map(([, name]) => name) as [string, string, string];

const COMMANDS: readonly string[][] = [
  ['classify', picture, '--model', model, '--json', '--top-k', '3'],
  ['classify', picture, '--model', model, '--format', 'jsonl', '--output', 'rows.jsonl', '--batch', '2', '--resume'],
  ['classify', picture, '--model', model, '--shard', '1/2', '--format', 'csv', '--output', 'rows-{shard}.csv'],
  ['classify', '--stdin-jsonl', '--model', model, '--threads', '1', '--precision', 'int8'],
  ['embed', picture, '--model', model, '--output', 'rows.npy', '--image-size', '32x48'],
  ['forward', '--input', numbers, '--model', model, '--output', 'numbers', '--outputs', 'logits,attention'],
  ['explain', picture, '--model', model, '--method', 'rollout,relevance', '--class', '1', '--output', 'maps'],
  [
    'explain',
    picture,
    '--model',
    model,
    '--layer',
    '0',
    '--head',
    'max',
    '--query',
    '0',
    '--output',
    'maps',
    '--format',
    'png',
  ],
  ['preprocess', picture, '--model', model, '--output', 'input.npy'],
  ['describe', '--model', model, '--steps', '--json', '--gemm', 'blas', '--memory-limit', '1'],
];

const VALUES = [
  ...[
    '',
    ' ',
    '-',
    '--',
    '=',
    '-1',
    '0',
    '1',
    '2',
    '0.5',
    '1e9',
    '1e308',
    '1e400',
    '-0',
    'NaN',
    'Infinity',
    '0x10',
    '１',
  ],
  ...[
    '65536',
    '2147483648',
    '4294967296',
    '9007199254740993',
    '99999999999999999999',
    '1/0',
    '0/1',
    '3/2',
    '1/1/1',
    'x',
    '0x0',
  ],
  ...[
    '1x1',
    '65536x65536',
    '2147483648x2',
    '32x',
    'all',
    'mean',
    'null',
    'true',
    '[1]',
    '{}',
    '{shard}',
    '%s%n',
    '$(id)',
    '*',
    '?',
  ],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '\u001b[2J',
    '\u202e',
    '\ud800',
    '🙂'.repeat(40),
    'a'.repeat(5000),
    '@x',
    'nothing.onnx',
  ],
];

/** Some arguments left out, said twice, put elsewhere, spelled otherwise, joined or given another value. */
function hostileArguments(random: Random): string[] {
  const all = [...random.of(COMMANDS)];
  for (let n = 1 + random.below(3); n > 0 && all.length > 0; n--) {
    const at = random.below(all.length);
    switch (random.below(7)) {
      case 0:
        all.splice(at, 1);
        break;
      case 1:
        all.splice(at, 0, all[at]!);
        break;
      case 2:
        all.splice(random.below(all.length), 0, ...all.splice(at, 1));
        break;
      case 3:
        all[at] = all[at]!.slice(0, random.below(all[at]!.length + 1));
        break;
      case 4:
        all.splice(at, 0, random.of(['--', '--help', '--version', '--nothing', '-x', `--${'o'.repeat(300)}`]));
        break;
      case 5:
        if (all[at]!.startsWith('--')) all[at] = `${all[at]!}=${random.of(VALUES)}`;
        break;
      default:
        all[at] = random.of(VALUES);
    }
  }
  return all;
}

/** Runs the command line; throws when it is ended by a signal, or says anything but sentences. */
export function runHostileArguments(random: Random, folder: string): Promise<void> {
  for (const [from, name] of FILES) cpSync(path.join(root, from), path.join(folder, name), { recursive: true });
  const args = hostileArguments(random);
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [path.join(root, 'dist/cli.js'), ...args],
      { cwd: folder, timeout: 60_000, maxBuffer: 2 ** 26 },
      (error, _stdout, stderr) => {
        const wrong = (what: string) => reject(new Error(`${what}: ${JSON.stringify(args).slice(0, 600)}`));
        if (error?.signal) return wrong(`ended by ${error.signal}`);
        if (typeof error?.code === 'string' || (error?.code ?? 0) > 3) return wrong(`ended with ${error?.code}`);
        if (error && stderr.trim() === '') return wrong('failed without a word');
        if (/\n +at .*:\d+:\d+|\bundefined\b|\[object |TypeError|RangeError/.test(stderr))
          return wrong(`said ${stderr.slice(0, 600)}`);
        resolve();
      },
    );
    child.stdin?.end();
  });
}
