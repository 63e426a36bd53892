import { sentence, verbatim, type Sentence } from '../errors/sentence';

/** What a class is called: its label, or where the model has none for it, its number. */
export const className = (label: string | null | undefined, index: number): Sentence =>
  label ? verbatim(label) : sentence('class {0}', index);
