// Builds the addon for another kind of machine, and tries it there: node scripts/cross.mjs PLATFORM [--test]
//   PLATFORM   of scripts/lib/platforms.mjs, e.g. linux-arm64; `npm run package -- PLATFORM` makes the package of what was built
//   --test     the C++ tests, the golden models and the command line from the package, by an emulator; they take half an hour
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { installPackages } from './lib/packages.mjs';
import { addonOf, crossBuilt, unpackPackage } from './lib/platforms.mjs';
import { fromRoot, isMain, main, Problem, run, say, which } from './lib/run.mjs';

const folderOf = (target, ...parts) => fromRoot('build', target, ...parts);

/** Builds prebuilds/TARGET/vit_inspector.node, and with `tests` the C++ tests beside it. */
export async function buildAddonFor(target, { tests = false } = {}) {
  const { toolchain, compiler, debian } = platform(target);
  if (!which(compiler)) throw new Problem(`${compiler} is not there; on Debian: apt-get install ${debian.join(' ')}`);
  await installPackages();
  const headers = ['node-addon-api', 'node-api-headers/include'].map((name) => fromRoot('node_modules', name));
  const out = folderOf(target);
  await run(
    'cmake',
    [
      ...[
        '-S',
        fromRoot('native'),
        '-B',
        out,
        '-DCMAKE_BUILD_TYPE=Release',
        `-DCMAKE_TOOLCHAIN_FILE=${fromRoot(toolchain)}`,
      ],
      ...['-DVIT_TESTS=ON', '-DCMAKE_JS_VERSION=7', `-DCMAKE_JS_INC=${headers.join(';')}`],
      `-DCMAKE_JS_NODELIB_DEF=${fromRoot('node_modules/node-api-headers/def/node_api.def')}`,
    ],
    { quiet: true },
  );
  const targets = ['vit_inspector', ...(tests ? ['vit_kernels_tests', 'vit_packed_tests'] : [])];
  await run('cmake', ['--build', out, '--parallel', String(availableParallelism()), '--target', ...targets]);
  mkdirSync(path.dirname(fromRoot(addonOf(target))), { recursive: true });
  copyFileSync(path.join(out, 'vit_inspector.node'), fromRoot(addonOf(target)));
}

/** Runs the C++ tests and the golden models with the target's own Node.js, by an emulator. */
async function testAddonFor(target) {
  const { kernels } = platform(target);
  const node = await nodeOf(target);
  say('golden models');
  const tests = folderOf(target, 'golden.test.mjs');
  const { build } = await import('esbuild');
  await build({
    entryPoints: [fromRoot('test/native/golden.test.ts')],
    outfile: tests,
    bundle: true,
    platform: 'node',
    format: 'esm',
    mainFields: ['module', 'main'],
    logLevel: 'warning',
  });
  await emulate(target, [node, '--test-reporter=dot', tests], { VIT_ADDON: fromRoot(addonOf(target)) });
  for (const [suite, set] of [['vit_packed_tests', ''], ...kernels.map((set) => ['vit_kernels_tests', set])]) {
    say(`${suite} ${set}`.trim());
    await emulate(target, [folderOf(target, `${suite}${programSuffix(target)}`)], { VIT_KERNELS: set });
  }
}

/** Runs a program of the target, which writes to a file: Node.js for Windows cannot write to a pipe of Wine's. */
async function emulate(target, command, env) {
  const log = folderOf(target, 'output.txt');
  const output = openSync(log, 'w');
  try {
    // Wine calls itself an older Windows than Node.js wants
    const wine = { WINEDEBUG: '-all', NODE_SKIP_PLATFORM_CHECK: '1', WINEPREFIX: folderOf(target, 'wine') };
    await run(platform(target).emulator, command, { env: { ...wine, ...env }, output });
  } finally {
    closeSync(output);
    process.stdout.write(readFileSync(log, 'utf8'));
  }
}

const programSuffix = (target) => (target.startsWith('win32') ? '.exe' : '');

/** The target's Node.js, of this one's version. */
async function nodeOf(target) {
  const file = folderOf(target, 'node', 'bin', `node${programSuffix(target)}`);
  if (existsSync(file)) return file;
  await unpackPackage(`${platform(target).node}@${process.versions.node}`, folderOf(target, 'node'));
  return file;
}

function platform(target) {
  const found = crossBuilt[target];
  if (!found) throw new Problem(`built here for other machines: ${Object.keys(crossBuilt).join(', ')}`);
  return found;
}

if (isMain(import.meta)) {
  void main(async () => {
    const [target, ...options] = process.argv.slice(2);
    const tests = options.includes('--test');
    await buildAddonFor(target, { tests });
    say(`built ${addonOf(target)}`);
    if (tests) await testAddonFor(target);
  });
}
