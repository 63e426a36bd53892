/**
 * Files that are written whole or not at all: beside their place, under another name, which becomes theirs when everything is there.
 * What is no regular file (a device, a pipe) is written as it is, and what was begun is removed when the process leaves.
 */
import { constants, unlinkSync } from 'node:fs';
import { mkdir, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileRefusal, whyUnwritable } from '../errors/fileRefusal';
import { sentence } from '../errors/sentence';
import { answered } from './regularFile';

const begun = new Set<string>();
let counter = 0;
process.on('exit', () => {
  for (const file of begun) {
    try {
      unlinkSync(file);
    } catch {
      // it has gone already
    }
  }
});

/** Errors are FileRefusal: one sentence that names the file. */
export class WholeFile {
  bytes = 0;

  private constructor(
    /** As the caller called it. */
    private readonly name: string,
    private readonly handle: FileHandle,
    /** Where it is written, and where it goes; null when it is written in place. */
    private readonly move: { from: string; to: string } | null,
  ) {}

  static async create(name: string): Promise<WholeFile> {
    return attempt(name, async () => {
      const found = await answered(name, stat(name)).catch(() => null);
      if (found?.isDirectory()) throw new FileRefusal('not-regular', sentence('{0} is a directory, not a file.', name));
      if (found && !found.isFile()) return new WholeFile(name, await openInPlace(name, found.isFIFO()), null);
      // a link stays one: what it leads to is replaced
      const to = found ? await realpath(name) : name;
      const from = `${to}.${process.pid}-${counter++}.part`;
      const handle = await answered(name, open(from, 'wx', found ? found.mode & 0o777 : 0o666), (late) => late.close());
      begun.add(from);
      return new WholeFile(name, handle, { from, to });
    });
  }

  async append(chunk: Uint8Array): Promise<void> {
    await attempt(this.name, () => this.handle.writeFile(chunk));
    this.bytes += chunk.length;
  }

  /** The file is whole: it appears under its name. */
  async finish(): Promise<void> {
    await attempt(this.name, async () => {
      await this.handle.close();
      if (this.move === null) return;
      await rename(this.move.from, this.move.to);
      begun.delete(this.move.from);
    });
  }

  /** It will not be whole: nothing of it stays. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    if (this.move === null) return;
    await rm(this.move.from, { force: true }).catch(() => undefined);
    begun.delete(this.move.from);
  }
}

/** A pipe that nobody reads would be waited for without end. */
async function openInPlace(name: string, isPipe: boolean): Promise<FileHandle> {
  // refused at once (ENXIO) when nobody reads; held until the other is open, or the reader would see the end
  const probe = isPipe ? await open(name, constants.O_WRONLY | constants.O_NONBLOCK) : null;
  try {
    return await answered(name, open(name, 'w'), (late) => late.close());
  } finally {
    await probe?.close();
  }
}

async function attempt<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof FileRefusal ? error : new FileRefusal('unwritable', whyUnwritable(name, error));
  }
}

/** Writes chunks as one file. Returns its size in bytes; throws FileRefusal, and what `chunks` throws. */
export async function writeWholeFile(
  name: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  const file = await WholeFile.create(name);
  try {
    // in the whole program the type checker makes `any` of the items of the union of both kinds of iterable
    for await (const chunk of chunks as AsyncIterable<Uint8Array>) await file.append(chunk);
    await file.finish();
    return file.bytes;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** A directory for files to be written, made when it is missing, with those above it. Throws FileRefusal. */
export async function makeDirectory(name: string): Promise<void> {
  await attempt(name, () => makeWithParents(name));
}

/**
 * mkdir's own `recursive` never ends where the system says of an existing parent that it does not exist (/proc): here each directory is
 * asked for twice at most. Others may make the same ones at the same time.
 */
async function makeWithParents(name: string): Promise<void> {
  const parent = dirname(name);
  try {
    await makeOne(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === name) throw error;
    await makeWithParents(parent);
    await makeOne(name);
  }
}

async function makeOne(name: string): Promise<void> {
  try {
    await answered(name, mkdir(name));
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    if (!exists || !(await answered(name, stat(name))).isDirectory()) throw error;
  }
}
