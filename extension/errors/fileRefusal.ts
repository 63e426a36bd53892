/** Why a file cannot be used: one wording for models, pictures, tensors and outputs. */
import { SaidError } from './saidError';
import { sentence, type Sentence } from './sentence';
import { systemReason } from './systemError';

/** Refused here, before or instead of the operating system, in a sentence that begins with the file's name. */
export class FileRefusal extends SaidError {
  constructor(
    readonly kind: 'not-regular' | 'too-large' | 'no-answer' | 'elsewhere' | 'unwritable' | 'in-use' | 'other-contents',
    said: Sentence,
  ) {
    super(said);
    this.name = 'FileRefusal';
  }
}

export const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** What went wrong when `file` was read: a refusal, or the operating system's error. */
export function whyUnreadable(file: string, error: unknown): Sentence {
  if (error instanceof FileRefusal) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (isMissing(error)) return sentence('{0} does not exist.', file);
  if (code === 'EISDIR') return sentence('{0} is a directory, not a file.', file);
  if (code === 'EACCES' || code === 'EPERM') return sentence('{0} may not be read.', file);
  return sentence('{0} cannot be read: {1}.', file, systemReason(error));
}

/** What went wrong when `file` was written. */
export function whyUnwritable(file: string, error: unknown): Sentence {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENXIO') return sentence('{0} is a named pipe that nobody reads.', file);
  if (isMissing(error)) return sentence('{0} cannot be written: its directory does not exist.', file);
  if (code === 'EEXIST') return sentence('{0} cannot be written: there is a file of that name.', file);
  return sentence('{0} cannot be written: {1}.', file, systemReason(error));
}
