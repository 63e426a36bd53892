import { SaidError } from './saidError';
import { isSentence, type Argument, type Sentence } from './sentence';

/** What is wrong with the contents of a file, as the rest of a sentence that begins with its name: 'is truncated'. */
export class FileFault extends SaidError {
  constructor(said: Sentence) {
    super(said);
    this.name = 'FileFault';
  }
}

/** The reason inside whatever a reader of files has thrown: its own words, or a library's. */
export function faultOf(error: unknown): Argument {
  if (isSentence(error)) return error;
  return error instanceof Error ? error.message : String(error);
}
