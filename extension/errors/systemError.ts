/** What the operating system refused, in words: error numbers are never shown to people. */
import { getSystemErrorMap } from 'node:util';
import { sentence, verbatim, type Sentence } from './sentence';

/** Where the system's own text says too little, or means something else to a reader. */
const words: Record<string, Sentence> = {
  EACCES: sentence('permission is denied'),
  EAGAIN: sentence('too many processes or threads are running'),
  EDQUOT: sentence('the disk quota is used up'),
  EFBIG: sentence('the file would be larger than is allowed here'),
  EISDIR: sentence('it is a directory'),
  EMFILE: sentence('too many files are open in this process'),
  ENAMETOOLONG: sentence('its name is too long'),
  ENFILE: sentence('too many files are open on this machine'),
  ENOENT: sentence('it does not exist'),
  ENOMEM: sentence('there is not enough memory'),
  ENOSPC: sentence('the disk is full'),
  ENOTDIR: sentence('a part of its path is not a directory'),
  EPERM: sentence('permission is denied'),
  EROFS: sentence('the file system is read-only'),
  ETXTBSY: sentence('it is being written'),
};

/** The reason as words that go behind "because", or into brackets. What is not the system's keeps its own words, one line of them. */
export function systemReason(error: unknown): Sentence {
  const { code, errno, message } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof code === 'string' && Object.hasOwn(words, code)) return words[code]!;
  const known = typeof errno === 'number' ? getSystemErrorMap().get(errno) : undefined;
  if (known) return verbatim(known[1]);
  const line = (typeof message === 'string' ? message : String(error)).split('\n', 1)[0]!.trim().replace(/\.$/, '');
  return line ? verbatim(line) : sentence('no reason was given');
}

/** An error of the operating system that reached somebody as it is, as a sentence; null for every other error. */
export function systemSentence(error: unknown): Sentence | null {
  const { code, errno, syscall, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (typeof code !== 'string' || typeof errno !== 'number' || typeof syscall !== 'string') return null;
  if (typeof path === 'string') return sentence('{0} cannot be used: {1}.', path, systemReason(error));
  return sentence('The system refused: {0}.', systemReason(error));
}
