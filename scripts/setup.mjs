// Everything between a clean clone and a built extension; quick when there is nothing to do.
//   node scripts/setup.mjs            what building and running needs
//   node scripts/setup.mjs --tests    and what the tests need (clang-format, a browser, Slurm)
import { fromRoot, isMain, main, Problem, run, say } from './lib/run.mjs';
import { installPackages } from './lib/packages.mjs';
import { installRecipePrograms, installSystemPackages } from './lib/system.mjs';

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 15)) {
    throw new Problem(
      `Node.js ${process.versions.node} is too old; version 20.15 or newer is needed (https://nodejs.org)`,
    );
  }
}

/** Installs and builds what is missing or out of date. */
export async function setup({ tests = false } = {}) {
  checkNode();
  await installSystemPackages({ tests });
  if (tests) await installRecipePrograms();
  await installPackages();
  say('building the addon');
  await run(process.execPath, [fromRoot('scripts/build-native.mjs')], { quiet: true });
  await run(process.execPath, [fromRoot('scripts/build.mjs')]);
}

if (isMain(import.meta)) void main(() => setup({ tests: process.argv.includes('--tests') }));
