/**
 * The C++ tests (test/native/kernels, test/native/packed): built in the addon's own folder, of the same objects, without
 * Node, and run. Every fast kernel is compared with its naive version over random shapes. VIT_ASAN=1 in the environment
 * builds all of it under AddressSanitizer, in a folder beside.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { binding, ROOT } from './support';

const ASAN = process.env['VIT_ASAN'] === '1';
const BUILD = join(ROOT, 'build', ASAN ? 'tests-asan' : '');
const CORES = availableParallelism();

before(() => {
  const flags = ['-DVIT_TESTS=ON', `-DVIT_ASAN=${ASAN ? 'ON' : 'OFF'}`, '-DCMAKE_BUILD_TYPE=Release'];
  execFileSync('cmake', ['-S', join(ROOT, 'native'), '-B', BUILD, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const targets = ['vit_kernels_tests', 'vit_packed_tests'];
  execFileSync(
    'cmake',
    ['--build', BUILD, '--config', 'Release', '--parallel', String(Math.min(4, CORES)), '--target', ...targets],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
});

/** Multi-configuration generators (Visual Studio) put the configuration's folder in between. */
function executable(name: string): string {
  const places = [join(BUILD, name), join(BUILD, 'Release', `${name}.exe`), join(BUILD, `${name}.exe`)];
  const found = places.find((place) => existsSync(place));
  assert.ok(found, `${name} was not built`);
  return found;
}

function run(suite: string, kernels: string): Promise<string> {
  const env = { ...process.env, ...(kernels && { VIT_KERNELS: kernels }) };
  return new Promise((resolve, reject) => {
    execFile(executable(suite), { env }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${error.message}\n${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}

// The packed suite goes through every set itself; whole models run on each set of its own that this processor has.
const { kernels, features, blas } = binding.info();
const PLAIN = features.includes('neon') ? ['neon'] : [...(features.includes('avx2') ? ['avx2'] : []), 'baseline'];
const SETS = new Set([kernels, ...PLAIN]);
const RUNS: [suite: string, kernels: string][] = [
  ['vit_packed_tests', ''],
  ...[...SETS].map((set): [string, string] => ['vit_kernels_tests', set]),
];

describe('the C++ tests', { concurrency: Math.min(2, CORES) }, () => {
  for (const [suite, set] of RUNS) {
    test([suite, set, 'passes'].filter(Boolean).join(' '), async () => {
      assert.match(await run(suite, set), /all checks passed/);
    });
  }
});

// OpenBLAS itself goes by the processor's model number, and a number it does not know got the kernels for SSE3.
test('BLAS runs the kernels of the widest instructions there are', { skip: !blas.includes('DYNAMIC_ARCH') }, () => {
  const wanted = features.includes('avx512bw') ? 'SkylakeX' : features.includes('avx2') ? 'Haswell' : '';
  assert.ok(features.includes('neon') || blas.includes(wanted), blas);
});
