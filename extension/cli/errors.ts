import { fstatSync, writeSync } from 'node:fs';
import os from 'node:os';
import { plainMessage } from '../errors/plainText';
import { systemReason, systemSentence } from '../errors/systemError';

/** The command line was wrong: exit code 2. Everything else that fails is exit code 1. */
export class UsageError extends Error {}

/** What many pictures are read from, or with, can never be read: exit code 3, nobody need try again. */
export class Unreadable extends Error {}

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
    process.once(signal, () => {
      const leave = () => process.exit(128 + os.constants.signals[signal]);
      void Promise.race([Promise.all([...beforeLeaving].map((work) => work())), after(LEAVE_MS)]).then(leave, leave);
    });
  }
}

const beforeLeaving = new Set<() => Promise<void>>();
/** How long a signal waits for them. */
const LEAVE_MS = 5000;

/** Work to be done when a signal ends the process, before it does. Returns how it is forgotten. */
export function onSignal(work: () => Promise<void>): () => void {
  beforeLeaving.add(work);
  return () => void beforeLeaving.delete(work);
}

const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

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
