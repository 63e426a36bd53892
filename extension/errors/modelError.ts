import { FileRefusal, isMissing, whyUnreadable } from './fileRefusal';
import { SaidError } from './saidError';
import type { Sentence } from './sentence';

/** Why a model cannot be used. `code` is stable; `message` is one sentence that names the file and the reason. */
export type ModelErrorCode =
  | 'missing' // no such file or directory, or a directory without weights
  | 'unreadable' // the operating system refuses
  | 'corrupt' // empty, truncated, lying or not what its name says
  | 'unsafe' // a pickle: opening it would run code
  | 'unsupported' // a sound file of something that is not a plain Vision Transformer
  | 'config' // config.json is not JSON, or contradicts itself
  | 'mismatch' // the weights do not fit the architecture
  | 'network' // the hub cannot be reached, or broke off
  | 'forbidden' // the hub wants a token, or another one
  | 'untrusted' // a file of an untrusted workspace names one outside it
  | 'cancelled';

export class ModelError extends SaidError {
  constructor(
    readonly code: ModelErrorCode,
    said: Sentence,
    /** The config's field it is about, where there is one. */
    readonly field?: string,
    /** The same without the file's name, for where the file is open. */
    readonly inFile?: Sentence,
  ) {
    super(said);
    this.name = 'ModelError';
  }
}

/** A file that cannot be read, as a sentence. */
export function fileError(file: string, error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  const code =
    error instanceof FileRefusal && error.kind === 'too-large'
      ? 'corrupt'
      : isMissing(error)
        ? 'missing'
        : 'unreadable';
  return new ModelError(code, whyUnreadable(file, error));
}
