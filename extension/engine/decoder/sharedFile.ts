/** A file without a name that two processes hold open: memory, as long as it is small and short-lived. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Of Linux: files in memory, which no disk has to write. */
const MEMORY_FOLDER = '/dev/shm';

export class SharedFile {
  private closed = false;

  private constructor(readonly fd: number) {}

  /** null where no file can be made; then there has to be another way. */
  static make(): SharedFile | null {
    return SharedFile.in(MEMORY_FOLDER) ?? SharedFile.in(os.tmpdir());
  }

  private static in(parent: string): SharedFile | null {
    try {
      const folder = mkdtempSync(path.join(parent, 'vit-inspector-'));
      try {
        return new SharedFile(openSync(path.join(folder, 'pixels'), 'wx+', 0o600));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    } catch {
      return null;
    }
  }

  /** Fills `target` from that position of the file, which is short enough for the wait not to matter. */
  read(target: Uint8Array, position: number): void {
    for (let done = 0; done < target.length;) {
      // the number of a closed file may be another's already
      if (this.closed) throw new Error('the file of pixels is closed');
      const bytes = readSync(this.fd, target, done, target.length - done, position + done);
      if (bytes === 0) throw new Error('the file of pixels is shorter than it should be');
      done += bytes;
    }
  }

  /** Gives the disk or memory back. At once: the next picture's pixels may be written any moment. */
  empty(): void {
    ftruncateSync(this.fd, 0);
  }

  close(): void {
    this.closed = true;
    closeSync(this.fd);
  }
}
