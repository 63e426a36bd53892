import { fstatSync, writeSync } from 'node:fs';
import os from 'node:os';
import { plainMessage } from '../errors/plainText';
import { systemReason, systemSentence } from '../errors/systemError';

/** The command line was wrong: exit code 2. Everything else that fails is exit code 1. */
export class UsageError extends Error {}

/** An error as the one line people see. */
export const lineOf = (error: unknown): string =>
  plainMessage(systemSentence(error)?.message ?? (error instanceof Error ? error.message : String(error)));

export function complain(error: unknown): void {
  console.error(`vit-inspector: ${lineOf(error)}`);
}

/**
 * What is written to the terminal, a pipe or a file and does not arrive is a failure. Only a reader that left (EPIPE, `| head`) is none.
 * Files that were begun are removed when a signal ends the process, too.
 */
export function watchOutput(): void {
  writeFilesWhole(process.stdout);
  process.stdout.on('error', (error) => {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') process.exit();
    complain(`the standard output cannot be written: ${systemReason(error).message}.`);
    process.exit(1);
  });
  // there is no other place to say it
  process.stderr.on('error', (error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') process.exitCode = 1;
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => process.exit(128 + os.constants.signals[signal]));
  }
}

/** Node.js writes to a file once and takes a part for the whole, as where the disk becomes full. What is left is written, or fails. */
function writeFilesWhole(stream: NodeJS.WriteStream & { fd: 1 }): void {
  if (!isFile(stream.fd)) return;
  stream._write = (chunk: Buffer, _encoding, done) => {
    try {
      for (let written = 0; written < chunk.length;) written += writeSync(stream.fd, chunk, written);
      done();
    } catch (error) {
      done(error as Error);
    }
  };
}

function isFile(fd: number): boolean {
  try {
    return fstatSync(fd).isFile();
  } catch {
    return false; // closed
  }
}
