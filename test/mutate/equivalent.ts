/** Mutants that change nothing a test could see, found by hand, each with the reason. They are sampled, named and not counted. */
import type { Mutant } from './mutant';

export interface Known {
  file: string;
  /** The line of the source as it is, without its indentation. */
  line: string;
  original: string;
  replacement: string;
  why: string;
}

const known: Known[] = [];

/** Why nothing can be seen of a mutant; null: it may be. */
export function equivalent({ file, start, original, replacement }: Mutant, text: string, of = known): string | null {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const line = text.slice(from, text.indexOf('\n', from)).trim();
  const is = (one: Known) =>
    one.file === file && one.line === line && one.original === original && `(${one.replacement})` === replacement;
  return of.find(is)?.why ?? null;
}
