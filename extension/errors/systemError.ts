/** What the operating system refused, in words: error numbers are never shown to people. */
import { getSystemErrorMap } from 'node:util';

/** Where the system's own text says too little, or means something else to a reader. */
const words: Record<string, string> = {
  EACCES: 'permission is denied',
  EAGAIN: 'too many processes or threads are running',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be larger than is allowed here',
  EISDIR: 'it is a directory',
  EMFILE: 'too many files are open in this process',
  ENAMETOOLONG: 'its name is too long',
  ENFILE: 'too many files are open on this machine',
  ENOENT: 'it does not exist',
  ENOMEM: 'there is not enough memory',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a part of its path is not a directory',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ETXTBSY: 'it is being written',
};

/** The reason as words that go behind "because", or into brackets. What is not the system's keeps its own words, one line of them. */
export function systemReason(error: unknown): string {
  const { code, errno, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof code === 'string' && Object.hasOwn(words, code)) return words[code]!;
  const known = typeof errno === 'number' ? getSystemErrorMap().get(errno) : undefined;
  if (known) return known[1];
  const line = (typeof message === 'string' ? message : String(error)).split('\n', 1)[0]!.trim();
  return line.replace(/\.$/, '') || 'no reason was given';
}
