/**
 * What has arrived of a blob. A part belongs to one process: it is taken by renaming, which only one can do, so that two that download one
 * model never write to one file. What was left is offered to the next under the name that all Hugging Face tools use.
 */
import { createHash } from 'node:crypto';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { kill } from '../../system/kill';
import { makeDirectory } from '../../files/wholeFile';
import { withRegularFile } from '../../files/regularFile';

const host = hostname().replace(/[^\w-]/g, '_');
let counter = 0;

/** Name of the blob: sha256 of the content (large files), or git's sha1 of "blob <size>\0" and it. */
export async function hashOf(file: string, etag: string): Promise<string> {
  return withRegularFile(file, async (opened) => {
    const hash = etag.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${opened.size}\0`);
    const piece = Buffer.allocUnsafe(2 ** 20);
    for (let at = 0; ;) {
      const length = await opened.read(piece, at);
      if (length === 0) return hash.digest('hex');
      hash.update(piece.subarray(0, length));
      at += length;
    }
  });
}

export class PartFile {
  private constructor(
    readonly path: string,
    private readonly blob: string,
    public received: number,
  ) {}

  /** The part an earlier try left, or a new one. */
  static async take(blob: string): Promise<PartFile> {
    await makeDirectory(dirname(blob));
    const path = `${blob}.${host}-${process.pid}-${counter++}.part`;
    for (const left of [`${blob}.incomplete`, ...(await orphans(blob))]) {
      try {
        await rename(left, path);
        return new PartFile(path, blob, await withRegularFile(path, (opened) => Promise.resolve(opened.size)));
      } catch {
        // another process took it, or it is nothing to go on with
        await rm(path, { recursive: true, force: true });
      }
    }
    return new PartFile(path, blob, 0);
  }

  async restart(): Promise<void> {
    await rm(this.path, { force: true });
    this.received = 0;
  }

  /** Appends until the body ends or is longer than `most`. Throws what the body throws, and the file system's errors. */
  async append(body: AsyncIterable<Uint8Array>, most: number, onBytes: (received: number) => void): Promise<void> {
    const handle = await open(this.path, 'a');
    try {
      for await (const chunk of body) {
        await handle.writeFile(chunk);
        this.received += chunk.length;
        onBytes(this.received);
        if (this.received > most) return;
      }
    } finally {
      await handle.close();
    }
  }

  /** It is whole and was checked. */
  async finish(): Promise<void> {
    await rename(this.path, this.blob);
  }

  async discard(): Promise<void> {
    await rm(this.path, { force: true });
  }

  /** For the next try. */
  async leave(): Promise<void> {
    await rename(this.path, `${this.blob}.incomplete`).catch(() => undefined);
  }
}

/** Parts of processes of this machine that have ended. */
async function orphans(blob: string): Promise<string[]> {
  const names = await readdir(dirname(blob)).catch(() => []);
  return names.filter((name) => isOrphan(name, basename(blob))).map((name) => join(dirname(blob), name));
}

function isOrphan(name: string, blob: string): boolean {
  const own = `${blob}.${host}-`;
  if (!name.startsWith(own)) return false;
  const [, pid] = /^(\d+)-\d+\.part$/.exec(name.slice(own.length)) ?? [];
  return pid !== undefined && !isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    return kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
