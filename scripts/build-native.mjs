// Builds native/ into build/Release/vit_inspector.node with cmake-js. Incremental: a second run with nothing changed
// takes a fraction of a second. `--clean` starts over; `--debug` keeps symbols and asserts.
import { createRequire } from 'node:module';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** @param {{ clean?: boolean, debug?: boolean }} options */
export async function buildNative({ clean = false, debug = false } = {}) {
  const source = path.join(root, 'native');
  const out = path.join(root, 'build');
  if (clean || configuredElsewhere(out, source)) rmSync(out, { recursive: true, force: true });

  const { BuildSystem } = require('cmake-js');
  const system = new BuildSystem({
    directory: source,
    out,
    debug,
    parallel: String(Math.min(4, availableParallelism())),
  });
  // cmake-js reads this from a package.json beside CMakeLists.txt; ours is one level up. With it, the headers come from
  // node-api-headers and nothing is downloaded.
  system.options.isNodeApi = true;
  await system.build();

  const addon = path.join(out, debug ? 'Debug' : 'Release', 'vit_inspector.node');
  if (!existsSync(addon)) throw new Error(`The build finished but ${addon} is not there.`);
  return addon;
}

/** CMake refuses a build folder that was configured for another checkout or another package manager's tree. */
function configuredElsewhere(out, source) {
  const cache = path.join(out, 'CMakeCache.txt');
  if (!existsSync(cache)) return existsSync(path.join(out, 'CMakeFiles'));
  const home = /^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$/m.exec(readFileSync(cache, 'utf8'))?.[1];
  return home === undefined || path.resolve(home) !== source;
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const addon = await buildNative({
      clean: process.argv.includes('--clean'),
      debug: process.argv.includes('--debug'),
    });
    console.log(path.relative(process.cwd(), addon));
  } catch (error) {
    console.error(`native: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
