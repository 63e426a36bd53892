/** Faults of the command line: killed, short of descriptors or of disk. What is under a file's name is whole, or nothing is. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, sample } from '../integration/support';
import type { Kind } from './faults';

const PICTURES = 12;
const cli = path.join(root, 'dist/cli.js');
let folder: string | undefined;
let disk: string | undefined;

/** Pictures to work on. */
function place(): string {
  if (folder !== undefined) return folder;
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-faults-'));
  mkdirSync(path.join(folder, 'pictures'));
  for (let i = 0; i < PICTURES; i++) copyFileSync(sample('frog.png'), path.join(folder, 'pictures', `${i}.png`));
  return folder;
}

/** A disk of 160 kB. */
function smallDisk(): string | null {
  disk = mkdtempSync(path.join(os.tmpdir(), 'vit-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160k', 'tmpfs', disk]);
  if (mounted.status === 0) return null;
  rmSync(disk, { recursive: true });
  disk = undefined;
  return 'no disk can be mounted here';
}

const end = async () => {
  if (disk !== undefined) {
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
    disk = undefined;
  }
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
};

/** The command, ended by a signal after so many milliseconds. */
function endedBy(signal: NodeJS.Signals, ms: number, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [cli, ...args], { cwd: place(), stdio: 'ignore' });
  const timer = setTimeout(() => child.kill(signal), ms);
  return new Promise((resolve) =>
    child.on('exit', () => {
      clearTimeout(timer);
      resolve();
    }),
  );
}

/** Undefined: one sentence, or an answer. */
function badEnd({ status, stderr }: { status: number | null; stderr: string }): string | undefined {
  if (status === 0) return undefined;
  return status !== null && /^(vit-inspector: [^\n]+\n)+$/.test(stderr)
    ? undefined
    : `exit ${status}: ${stderr.slice(0, 400)}`;
}

/** Every picture is in it exactly once. */
function badRows(file: string): string | null {
  const ids = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { id: string }).id);
  const expected = readdirSync(path.join(place(), 'pictures')).sort();
  return ids.sort().join() === expected.join() ? null : `${ids.length} rows: ${ids.join().slice(0, 200)}`;
}

export const commandKinds: Kind[] = [
  {
    name: 'job ended by a signal, and gone on with',
    share: 1,
    end,
    async inject(random) {
      const output = path.join(place(), 'rows.jsonl');
      const args = ['classify', 'pictures', '--output', output, '--resume', '--batch', '3'];
      for (let i = 0; i < 2; i++) {
        await endedBy(random.of(['SIGKILL', 'SIGTERM', 'SIGINT']), random.below(1000), args);
        if (existsSync(output) && badRows(output) !== null) return `under its name: ${badRows(output)}`;
      }
      const last = spawnSync(process.execPath, [cli, ...args], { cwd: place(), encoding: 'utf8' });
      const problem = last.status === 0 ? badRows(output) : `exit ${last.status}: ${last.stderr}`;
      rmSync(output, { force: true });
      return problem;
    },
  },
  {
    name: 'full disk',
    share: 1,
    prepare: () => Promise.resolve(smallDisk()),
    end,
    inject(random) {
      const filler = path.join(disk!, 'filler');
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=1024', `count=${random.below(160)}`]);
      const format = random.of(['jsonl', 'csv', 'parquet', 'npy']);
      const output = path.join(disk!, `rows.${format}`);
      const verb = format === 'npy' ? 'embed' : random.of(['classify', 'embed']);
      const wanted = verb === 'embed' && format === 'csv' ? 'classify' : verb;
      const ended = spawnSync(process.execPath, [cli, wanted, 'pictures', '--output', output], {
        cwd: place(),
        encoding: 'utf8',
      });
      const problem =
        badEnd(ended) ??
        (ended.status !== 0 && existsSync(output) ? `${output} is there after a failure` : null) ??
        (ended.status === 0 && format === 'jsonl' ? badRows(output) : null);
      for (const name of readdirSync(disk!)) rmSync(path.join(disk!, name), { recursive: true });
      return Promise.resolve(problem);
    },
  },
  {
    name: 'few file descriptors',
    share: 1,
    end,
    inject(random) {
      // below 21 Node.js itself does not start
      const limit = 21 + random.below(30);
      const command = `ulimit -n ${limit}; exec "${process.execPath}" "${cli}" classify "${sample('frog.png')}"`;
      const ended = spawnSync('bash', ['-c', command], { cwd: place(), encoding: 'utf8' });
      const problem = badEnd(ended) ?? (ended.status === 0 && !ended.stdout.includes('frog') ? ended.stdout : null);
      return Promise.resolve(problem && `ulimit -n ${limit}: ${problem}`);
    },
  },
];
