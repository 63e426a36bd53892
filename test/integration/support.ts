import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineClient, type EngineClientOptions } from '../../extension/engine/client';
import type { EngineOptions } from '../../extension/engine/requests';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const sample = (name: string) => path.join(root, 'samples', name);
export const native: EngineOptions = { engine: 'native', threads: 0, gemm: 'packed', precision: 'fp32' };

export const makeClient = (options: Partial<EngineClientOptions> = {}) =>
  new EngineClient({ processFile: path.join(root, 'dist', 'engine.js'), ...options });

/** Number 0 and negative ones would be groups of processes, the test runner's among them. */
export function isRunning(pid: number): boolean {
  assert.ok(pid > 0);
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Until the process has gone; what waits for it is killed with the test otherwise. */
export async function untilGone(pid: number): Promise<void> {
  while (isRunning(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** dist/cli.js with these arguments, to its end. */
export async function runCli(cwd: string, env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [path.join(root, 'dist', 'cli.js'), ...args], {
    cwd,
    env: { ...process.env, ...env },
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** One line on stderr, with that in it; never a stack. */
export function assertOneLine({ stderr }: Ended, message: RegExp): void {
  assert.match(stderr, /^vit-inspector: [^\n]+\n$/);
  assert.doesNotMatch(stderr, /\s+at .*:\d+:\d+/);
  assert.match(stderr, message);
}
