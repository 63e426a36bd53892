import type { Sentence } from '../errors/sentence';

/** What is wrong with a text, and where. */
export interface Problem extends Sentence {
  /** Characters from the start of the text. */
  offset: number;
  length: number;
}
