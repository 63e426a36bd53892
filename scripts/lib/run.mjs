// Running other programs from the scripts. Plain Node: these files run before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');
export const fromRoot = (...parts) => path.join(root, ...parts);

export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** A sentence for the person at the terminal; scripts print it without a stack trace and end with code 1. */
export class Problem extends Error {}

/** Prints what a script is doing, so that a long step never looks like a hang. */
export const say = (text) => console.log(`\u2022 ${text}`);

/** Runs a program to its end with its output on ours, or in the open file `output`. Rejects with a Problem when it cannot start or does not end with 0. */
export function run(command, args, { cwd = root, env = {}, quiet = false, input, output: file } = {}) {
  return new Promise((resolve, reject) => {
    const out = file ?? (quiet ? 'pipe' : 'inherit');
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', out, out],
      shell: process.platform === 'win32' && /^(npm|npx|code)$/.test(command), // they are .cmd files there
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    if (input !== undefined) child.stdin.end(input);
    child.on('error', (error) => reject(new Problem(`${command} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output);
      if (quiet) process.stderr.write(output);
      reject(new Problem(`\`${[command, ...args].join(' ')}\` ended with ${signal ?? `code ${code}`}`));
    });
  });
}

/** Tries a step that needs the network again, with a pause in between. */
export async function retried(what, times, step) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step();
    } catch (error) {
      if (attempt === times) throw error;
      say(`${what} failed (${error.message}); trying again (${attempt + 1} of ${times})`);
      await new Promise((resolve) => setTimeout(resolve, 3000 * attempt));
    }
  }
}

/** The full path of the first of these programs found on PATH, or null. */
export function which(...names) {
  const suffixes = process.platform === 'win32' ? ['.exe', '.cmd', ''] : [''];
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
      for (const suffix of suffixes) {
        const file = path.join(folder, name + suffix);
        try {
          accessSync(file, constants.X_OK);
          if (statSync(file).isFile()) return file;
        } catch {}
      }
    }
  }
  return null;
}

/** Standard output of a short command, or null when it fails. */
export function outputOf(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** Whether this module is the program that was started (and not imported). */
export const isMain = (meta) => Boolean(process.argv[1]) && path.resolve(process.argv[1]) === meta.filename;

/** Runs a script's main function: a Problem becomes one line, anything else keeps its stack. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Problem ? `\u2717 ${error.message}` : error);
    process.exitCode = 1;
  }
}
