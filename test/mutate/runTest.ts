/** Runs one test file until it ends, fails for the first time, or takes too long. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

export interface Ran {
  verdict: 'passed' | 'failed' | 'timed out';
  seconds: number;
  /** The first test that failed, or what was printed by a process that failed without one. */
  said: string;
}

/** `limit`: seconds in which this process was not stopped. */
export function runTest(root: string, file: string, limit: number, env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const started = Date.now();
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', '--test-reporter=tap', file], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // its own process group, so that what it has started can be ended with it
  });
  let output = '';
  let bit = false;
  const end = () => {
    try {
      if (child.pid !== undefined && child.pid > 1) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  };
  process.once('exit', end); // when this process breaks off
  let ticks = 0;
  const clock = setInterval(() => {
    if (++ticks < limit) return;
    bit = true;
    end();
  }, 1000);
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-100_000);
      if (/^\s*not ok /m.test(output)) end();
    });
  }
  return new Promise((resolve) =>
    child.on('close', (code) => {
      clearInterval(clock);
      process.off('exit', end);
      end();
      endOthers(root);
      const failure = /^\s*not ok \d+ - (.*)/m.exec(output)?.[1];
      const verdict = failure !== undefined || (code !== 0 && !bit) ? 'failed' : bit ? 'timed out' : 'passed';
      resolve({ verdict, seconds: (Date.now() - started) / 1000, said: failure ?? output.trim().slice(-300) });
    }),
  );
}

/** Ends what was started out of the copy and has left the group: a workbench's server, engines of a job. */
function endOthers(root: string): void {
  if (process.platform !== 'linux') return;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`${root}/`)) process.kill(Number(name), 'SIGKILL');
    } catch {
      // it has ended, or is somebody else's
    }
  }
}
