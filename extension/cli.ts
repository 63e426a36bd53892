#!/usr/bin/env node
/**
 * The command line (dist/cli.js, `vit-inspector`): what the extension does, for scripts, CI jobs and clusters. This part starts the engine
 * process of a command that asks it; the rest (dist/program.js, ./cliProgram.ts) is loaded beside that.
 */
import path from 'node:path';
import { createRequire } from 'node:module';
import type { ChildProcess } from 'node:child_process';
import { asksEngine } from './cli/asksEngine';
import type { runProgram } from './cliProgram';
import { forkEngine } from './engine/fork';
import { packageRoot } from './files/packageRoot';

const dist = path.join(packageRoot(), 'dist');

/** Undefined where it cannot be started: the command then tries again, and says why. */
function startEngine(pictures: boolean): ChildProcess | undefined {
  try {
    const child = forkEngine(path.join(dist, 'engine.js'), { pictures });
    child.on('error', () => undefined);
    return child.pid === undefined ? undefined : child;
  } catch {
    return undefined;
  }
}

const args = process.argv.slice(2);
const asked = asksEngine(args);
const engine = asked && startEngine(asked.pictures);
const program = createRequire(import.meta.url)(path.join(dist, 'program.js')) as { runProgram: typeof runProgram };
void program.runProgram(args, engine);
