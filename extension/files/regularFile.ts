/**
 * Files that anybody may have put there. Opening a named pipe waits until somebody writes, reading a device may never end, and a disk
 * behind a network may not answer: what is read here is a regular file, no larger than its reader allows, and each step has a deadline.
 */
import { closeSync, constants, fstatSync, openSync, statSync, type Stats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { grouped } from '../errors/count';
import { FileRefusal } from '../errors/fileRefusal';
import { sentence, type Sentence } from '../errors/sentence';

/** How long one operation on a file may go without an answer. */
const NO_ANSWER_MS = 20_000;

/** Bytes asked for at once, so that a slow disk that does answer has a deadline for each piece, not for a gigabyte. */
const PIECE = 8 * 2 ** 20;

/** Without waiting for somebody at the other end of a pipe (Windows has no such flag). */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The refusal of what lies there when it is no regular file; links are followed. */
function refusalOf(file: string, stats: Stats): Sentence | null {
  if (stats.isFile()) return null;
  if (stats.isDirectory()) return sentence('{0} is a directory, not a file.', file);
  if (stats.isFIFO()) return sentence('{0} is a named pipe, not a regular file.', file);
  if (stats.isSocket()) return sentence('{0} is a socket, not a regular file.', file);
  if (stats.isCharacterDevice() || stats.isBlockDevice()) return sentence('{0} is a device, not a regular file.', file);
  return sentence('{0} is not a regular file.', file);
}

function assertRegular(file: string, stats: Stats): void {
  const refusal = refusalOf(file, stats);
  if (refusal !== null) throw new FileRefusal('not-regular', refusal);
}

/** Waits for one operation on `file`; what arrives too late is handed to `late`. */
export async function answered<T>(
  file: string,
  operation: Promise<T>,
  late: (value: T) => unknown = () => undefined,
  milliseconds = NO_ANSWER_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      over = true;
      const refusal = sentence(
        '{0} gave no answer for {1} seconds: the disk or network it lies on is too slow or gone.',
        file,
        milliseconds / 1000,
      );
      reject(new FileRefusal('no-answer', refusal));
    }, milliseconds);
  });
  operation.then(
    (value) => over && late(value),
    () => undefined,
  );
  try {
    return await Promise.race([operation, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** Size of a regular file in bytes. Throws FileRefusal, or the operating system's error. */
export async function regularFileSize(file: string): Promise<number> {
  const stats = await answered(file, stat(file));
  assertRegular(file, stats);
  return stats.size;
}

/** A regular file open for reading. */
export class RegularFile {
  private constructor(
    readonly path: string,
    readonly size: number,
    /** When it was last changed, in milliseconds since 1970. */
    readonly modified: number,
    private readonly handle: FileHandle,
  ) {}

  /** Throws FileRefusal, or the operating system's error. */
  static async open(path: string): Promise<RegularFile> {
    // some devices act when they are opened, and a socket cannot be: what it is is asked first, and again of what was opened
    assertRegular(path, await answered(path, stat(path)));
    const handle = await answered(path, open(path, READ_FLAGS), (opened) => opened.close());
    try {
      const stats = await answered(path, handle.stat());
      assertRegular(path, stats);
      return new RegularFile(path, stats.size, stats.mtimeMs, handle);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Fills `target` from byte `position` on. Returns how many bytes there were: fewer at the end of the file. */
  async read(target: Uint8Array, position: number): Promise<number> {
    let done = 0;
    while (done < target.length) {
      const length = Math.min(PIECE, target.length - done);
      const { bytesRead } = await answered(this.path, this.handle.read(target, done, length, position + done));
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** A descriptor of a regular file, for code that cannot wait. Throws FileRefusal, or the operating system's error. */
export function openRegularFileSync(path: string): number {
  assertRegular(path, statSync(path));
  const descriptor = openSync(path, READ_FLAGS);
  try {
    assertRegular(path, fstatSync(descriptor));
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** `use` with the file open; it is closed whatever happens. */
export async function withRegularFile<T>(path: string, use: (file: RegularFile) => Promise<T>): Promise<T> {
  const file = await RegularFile.open(path);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** All bytes of a regular file of at most `limit` bytes. Throws FileRefusal, or the operating system's error. */
export async function readRegularFile(path: string, limit: number): Promise<Buffer> {
  return (await readDatedFile(path, limit)).bytes;
}

/** The same, and when it was last changed (RegularFile.modified). */
export function readDatedFile(path: string, limit: number): Promise<{ bytes: Buffer; modified: number }> {
  return withRegularFile(path, async (file) => ({ bytes: await wholeOf(file, limit), modified: file.modified }));
}

async function wholeOf(file: RegularFile, limit: number): Promise<Buffer> {
  const { path } = file;
  if (file.size > limit) throw tooLarge(path, limit);
  // files that the system makes up (/proc) say 0 bytes, and a file may grow: what is there is read, and no more than allowed
  const known = Buffer.allocUnsafe(file.size);
  const length = await file.read(known, 0);
  if (length < file.size) return known.subarray(0, length);
  const rest: Buffer[] = [known];
  for (let total = length; ;) {
    const more = Buffer.allocUnsafe(Math.min(64 * 1024, limit + 1 - total));
    const added = await file.read(more, total);
    total += added;
    if (total > limit) throw tooLarge(path, limit);
    if (added > 0) rest.push(more.subarray(0, added));
    if (added < more.length) return rest.length === 1 ? known : Buffer.concat(rest);
  }
}

function tooLarge(path: string, limit: number): FileRefusal {
  const most = limit >= 2 ** 20 ? `${limit / 2 ** 20} MiB` : `${grouped(limit)} bytes`;
  return new FileRefusal(
    'too-large',
    sentence('{0} is larger than {1}, the most that is read of such a file.', path, most),
  );
}
