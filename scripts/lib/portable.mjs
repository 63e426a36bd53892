// On which Linux systems a native library loads: read from what it asks of others (binutils' readelf, which comes with every g++).
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Problem, root, run, say } from './run.mjs';

/** The oldest C library that the package is for: what onnxruntime's and libvips' own libraries ask for. */
export const oldestGlibc = '2.28';

/** Why a native library would not load on a system with that C library, or tells of this machine; none when all is well. */
export async function unportable(file) {
  const read = (...what) => run('readelf', ['--wide', ...what, file], { quiet: true });
  const [symbols, dynamic, sections] = [await read('--dyn-syms'), await read('--dynamic'), await read('--sections')];
  const problems = [];
  const undefinedSymbols = symbols.split('\n').filter((line) => / UND /.test(line));
  for (const line of undefinedSymbols) {
    const [, name, kind, version] = /(\S+?)@+(GLIBC|GLIBCXX|CXXABI)_([\d.]+)/.exec(line) ?? [];
    if (kind !== undefined && (kind !== 'GLIBC' || isNewer(version, oldestGlibc)))
      problems.push(`it asks for ${name} of ${kind} ${version}`);
  }
  if (!/BIND_NOW/.test(dynamic)) problems.push('its symbols are looked up when they are used (no BIND_NOW)');
  if (/ \.symtab /.test(sections)) problems.push('it is not stripped');
  const bytes = readFileSync(file);
  for (const folder of [root, os.homedir()])
    if (folder.length > 1 && bytes.includes(`${folder}/`)) problems.push(`it names ${folder}`);
  return problems;
}

/**
 * An addon that other Linux systems could not load is not packaged by continuous integration, where packages for others are made;
 * a person's own package is made, and it is said for which machines it is.
 */
export async function checkPortable(file) {
  const problems = await unportable(file);
  if (problems.length === 0) return;
  const first = problems.slice(0, 5).join('; ');
  const more = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
  const text = `${path.relative(root, file)} is for systems like this one, not for every Linux with glibc ${oldestGlibc}: ${first}${more}`;
  if (process.env.CI) throw new Problem(`${text} (native/cmake/Portable.cmake)`);
  say(text);
}

const isNewer = (version, than) => {
  const [a, b] = [version, than].map((text) => text.split('.').map(Number));
  return a[0] === b[0] ? (a[1] ?? 0) > (b[1] ?? 0) : a[0] > b[0];
};
