/** Runs a target's inputs in worker processes: one that ends, or is silent for too long, is a finding like one that throws. */
import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { killChild } from '../../extension/system/kill';
import { root } from './support';
import type { Target } from './targets';
import type { FromWorker } from './worker';

export interface Finding {
  /** Repeats it: `npm run fuzz -- --target NAME --seed SEED --from AT --inputs 1`. */
  target: string;
  seed: number;
  at: number;
  problem: string;
  /** Holds the files of the input, where it has some. */
  folder: string;
}

export interface Trial {
  inputs: number;
  seed: number;
  from?: number;
  /** Findings of a target that are looked for; more are more of the same. */
  most?: number;
}

/** Memory of a worker's JavaScript; inputs are small, and so must be what is made of them. */
const HEAP_MB = 768;

export async function fuzz(target: Target, { inputs, seed, from = 0, most = 20 }: Trial): Promise<Finding[]> {
  const findings: Finding[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), `vit-fuzz-${target.name}-`));
  const to = from + inputs;
  for (let at = from; at < to && findings.length < most;) {
    const found = (at: number, problem: string) =>
      findings.push({ target: target.name, seed, at, problem, folder: path.join(folder, String(at)) });
    at = await work(target, [seed, at, to], folder, found);
  }
  if (findings.length === 0) rmSync(folder, { recursive: true });
  return findings.slice(0, most);
}

/** Runs inputs until the worker ends; gives the number of the next one. */
function work(
  target: Target,
  [seed, from, to]: [number, number, number],
  folder: string,
  found: (at: number, problem: string) => void,
): Promise<number> {
  const child = fork(
    path.join(import.meta.dirname, 'worker.ts'),
    [target.name, String(seed), String(from), String(to), folder],
    {
      cwd: root,
      execArgv: ['--import', 'tsx', `--max-old-space-size=${HEAP_MB}`],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    },
  );
  let at = from - 1;
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  // the first input waits for the process and what it makes
  const watchdog = new Watchdog(child, target.patience + 120_000);
  child.on('message', (message: FromWorker) => {
    at = message.at;
    watchdog.wait(target.patience);
    if ('problem' in message) found(at, message.problem);
  });
  return new Promise((resolve) =>
    child.on('close', (code, signal) => {
      watchdog.end();
      if (watchdog.bit) found(at, `no answer after ${target.patience / 1000} s`);
      else if (code !== 0) found(at, `the process ended (${signal ?? `exit code ${code}`}): ${said}`);
      resolve(watchdog.bit || code !== 0 ? at + 1 : to);
    }),
  );
}

/** Times a busy machine may be slower than an idle one. */
const SLOWEST = 20;

/** Ends a process that worked, or did nothing, for too long: time in which others had the processor does not count where that can be known. */
class Watchdog {
  bit = false;
  private timer: NodeJS.Timeout | undefined;
  private since = { wall: 0, cpu: 0 };

  constructor(
    private readonly child: ChildProcess,
    private patience: number,
  ) {
    this.wait(patience);
  }

  wait(patience: number): void {
    this.patience = patience;
    this.since = { wall: Date.now(), cpu: this.cpu() };
    this.again();
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private again(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), this.patience);
  }

  private look(): void {
    const worked = this.cpu() - this.since.cpu;
    if (worked < this.patience && Date.now() - this.since.wall < SLOWEST * this.patience) return this.again();
    this.bit = true;
    killChild(this.child);
  }

  /** Milliseconds of processor time; where there is no /proc the wall's. */
  private cpu(): number {
    try {
      const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
      // utime and stime, in hundredths of a second
      return 10 * (Number(fields[11]) + Number(fields[12]));
    } catch {
      return Date.now();
    }
  }
}
