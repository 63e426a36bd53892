/**
 * The C++ tests (test/native/kernels, test/native/packed): built beside the addon, without Node, and run. Every fast
 * kernel is compared with its naive version over random shapes. VIT_ASAN=1 in the environment builds them under
 * AddressSanitizer.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';

const ROOT = resolve(import.meta.dirname, '../..');
const ASAN = process.env['VIT_ASAN'] === '1';
const BUILD = join(ROOT, 'build', ASAN ? 'tests-asan' : 'tests');

before(() => {
  const flags = ['-DVIT_TESTS=ON', `-DVIT_ASAN=${ASAN ? 'ON' : 'OFF'}`, '-DCMAKE_BUILD_TYPE=Release'];
  execFileSync('cmake', ['-S', join(ROOT, 'native'), '-B', BUILD, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const parallel = String(Math.min(4, availableParallelism()));
  execFileSync('cmake', ['--build', BUILD, '--config', 'Release', '--parallel', parallel], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
});

/** Multi-configuration generators (Visual Studio) put the configuration's folder in between. */
function executable(name: string): string {
  const places = [join(BUILD, name), join(BUILD, 'Release', `${name}.exe`), join(BUILD, `${name}.exe`)];
  const found = places.find((place) => existsSync(place));
  assert.ok(found, `${name} was not built`);
  return found;
}

// The packed suite goes through every set itself; whole models run on the one that is chosen, or asked for. A set this
// processor does not have is passed over for the best one.
const RUNS: [suite: string, kernels: string][] = [
  ['vit_packed_tests', ''],
  ...['', 'avx2', 'baseline'].map((kernels): [string, string] => ['vit_kernels_tests', kernels]),
];

for (const [suite, kernels] of RUNS) {
  test(`${suite} ${kernels} passes`, () => {
    const env = { ...process.env, ...(kernels && { VIT_KERNELS: kernels }) };
    const { status, signal, stdout, stderr } = spawnSync(executable(suite), { encoding: 'utf8', env });
    assert.equal(signal, null, stdout + stderr);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /all checks passed/);
  });
}
