/**
 * One process at a time writes a results file: FILE.lock beside it names the one. A lock whose process has ended is taken over at once
 * where that can be seen (on the same machine), elsewhere when nothing was heard of it for a while.
 */
import { randomUUID } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { link, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileRefusal, isMissing, whyUnwritable } from '../errors/fileRefusal';
import { sentence } from '../errors/sentence';

/** A holder says this often that it lives, and is taken for dead after so long without a word, in milliseconds. */
const SAY_EVERY_MS = 10_000;
const SILENT_MS = 60_000;

/** A window that is reloaded leaves its lock within this time, in milliseconds. */
const PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 100;

interface Holder {
  text: string;
  pid: number | null;
  host: string | null;
  /** When it last said that it lives, in milliseconds since 1970. */
  heard: number;
}

/** Locks that this process has, or is about to have. */
const held = new Set<string>();
let counter = 0;
process.on('exit', () => {
  for (const lock of held) {
    try {
      unlinkSync(lock);
    } catch {
      // it has gone already
    }
  }
});

/** Throws FileRefusal: another process goes on writing `file`, or its folder cannot be written; and what `work` throws. */
export async function withLock<T>(file: string, work: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<T> {
  const lock = `${file}.lock`;
  try {
    await take(file, lock, patienceMs);
  } catch (error) {
    throw error instanceof FileRefusal ? error : new FileRefusal('unwritable', whyUnwritable(file, error));
  }
  await removeLeftovers(lock);
  const saying = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined); // its folder was removed: the writer says so
  }, SAY_EVERY_MS);
  saying.unref();
  try {
    return await work();
  } finally {
    clearInterval(saying);
    await rm(lock, { force: true }).catch(() => undefined);
    held.delete(lock);
  }
}

async function take(file: string, lock: string, patienceMs: number): Promise<void> {
  for (const end = Date.now() + patienceMs; ; await sleep(LOOK_EVERY_MS)) {
    const holder = await holderOf(lock);
    if (holder === null) {
      if (!held.has(lock) && (await create(lock))) return;
    } else if (isGone(holder, lock)) await remove(lock, holder);
    else if (Date.now() >= end) throw new FileRefusal('in-use', said(file, holder));
  }
}

/** Of a file beside a lock, for a moment: whose it is can be seen when it was left there. */
const asideOf = (lock: string): string => `${lock}.${process.pid}-${counter++}-${hostname()}`;

/** False: there is one. */
async function create(lock: string): Promise<boolean> {
  held.add(lock);
  const text = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  try {
    if (!(await createWhole(lock, text))) await writeFile(lock, text, { flag: 'wx' });
    return true;
  } catch (error) {
    held.delete(lock);
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

/**
 * With all of its text at once: a process that is killed between making a file and writing it would leave a lock that names nobody, and nobody
 * could tell that it has ended. False where the file system has no links; rejects with EEXIST.
 */
async function createWhole(lock: string, text: string): Promise<boolean> {
  const aside = asideOf(lock);
  try {
    await writeFile(aside, text);
    return await link(aside, lock).then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error;
        return false;
      },
    );
  } finally {
    await rm(aside, { force: true }).catch(() => undefined);
  }
}

function said(file: string, { pid, host }: Holder) {
  return pid === null || host === null
    ? sentence('{0} is being written by another process.', file)
    : sentence('{0} is being written by another process ({1} on {2}).', file, pid, host);
}

/** null: there is none any more. */
async function holderOf(lock: string): Promise<Holder | null> {
  try {
    const { mtimeMs, size } = await stat(lock);
    const text = size > 1000 ? '' : await readFile(lock, 'utf8');
    const none = { text, pid: null, host: null, heard: mtimeMs };
    try {
      const { pid, host } = JSON.parse(text) as Record<string, unknown>;
      const isKnown = typeof pid === 'number' && Number.isSafeInteger(pid) && pid > 0 && typeof host === 'string';
      return isKnown ? { text, pid, host, heard: mtimeMs } : none;
    } catch {
      return none; // it is being written, or is somebody else's
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function isGone({ pid, host, heard }: Holder, lock: string): boolean {
  if (pid === null || host !== hostname()) return Date.now() - heard > SILENT_MS;
  // in a container that was started again, processes have the numbers they had before
  return pid === process.pid ? !held.has(lock) : hasEnded(pid);
}

function hasEnded(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Of several who see that it is gone, one removes it; who takes away another's new one puts it back. */
async function remove(lock: string, { text }: Holder): Promise<void> {
  const aside = asideOf(lock);
  try {
    await rename(lock, aside);
    const found = await readFile(aside, 'utf8');
    if (found === text) await rm(aside, { force: true });
    else await rename(aside, lock);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Locks put aside by a process of this machine that was killed before it could remove them. */
async function removeLeftovers(lock: string): Promise<void> {
  const [folder, start] = [dirname(lock), `${basename(lock)}.`];
  const names = await readdir(folder).catch(() => []); // a folder that cannot be read: the writer says so
  for (const name of names.filter((name) => name.startsWith(start))) {
    const [, pid, host] = /^([1-9]\d*)-\d+-(.+)$/.exec(name.slice(start.length)) ?? [];
    if (pid === undefined || host !== hostname() || !hasEnded(Number(pid))) continue;
    await rm(join(folder, name), { force: true }).catch(() => undefined);
  }
}
