/** A file without a name that two processes hold open: memory, as long as it is small and short-lived. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, read, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export class SharedFile {
  private closed = false;

  private constructor(readonly fd: number) {}

  /** null where no file can be made; then there has to be another way. */
  static make(): SharedFile | null {
    try {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-inspector-'));
      try {
        return new SharedFile(openSync(path.join(folder, 'pixels'), 'wx+', 0o600));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    } catch {
      return null;
    }
  }

  /** Fills `target` from that position of the file. */
  async read(target: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < target.length;) {
      // the number of a closed file may be another's already
      if (this.closed) throw new Error('the file of pixels is closed');
      const bytes = await new Promise<number>((resolve, reject) =>
        read(this.fd, target, done, target.length - done, position + done, (error, bytesRead) =>
          error ? reject(error) : resolve(bytesRead),
        ),
      );
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
