// npm packages: installed when they are missing or not what the lockfile says.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { outputOf, Problem, retried, root, run, say } from './run.mjs';

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** Whether node_modules in this folder holds what package-lock.json says (npm keeps its own record of what it installed). */
export function upToDate(folder) {
  const wanted = readJson(path.join(folder, 'package-lock.json'))?.packages;
  const installed = readJson(path.join(folder, 'node_modules/.package-lock.json'))?.packages;
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(
    ([name, { version, optional, devOptional, peer }]) =>
      name === '' ||
      installed[name]?.version === version ||
      (!installed[name] && Boolean(optional || devOptional || peer)),
  );
}

/** Installs what package-lock.json says, exactly, and nothing when it is there already. */
export async function installPackages(folder = root, args = []) {
  if (upToDate(folder)) return;
  const npm = outputOf('npm', ['--version']);
  if (npm === null) throw new Problem('npm was not found; it comes with Node.js (https://nodejs.org)');
  say(`installing npm packages in ${path.relative(path.dirname(root), folder)}`);
  await retried('npm ci', 3, () =>
    run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...args], { cwd: folder }),
  );
}
