/** The largest that is believed of a results file. */
import { LIMITS } from '../architecture/limits';

export const RESULTS_LIMITS = {
  /** Characters of a line: a header with the names of all classes, or a row with their logits. */
  lineLength: 64 * 2 ** 20,
  path: 32_768,
  label: 1000,
  classes: LIMITS.classes,
  topK: 1000,
  /** Values of an embedding. */
  embedding: LIMITS.hidden,
  /** Sentences inside sentences. */
  sentenceDepth: 8,
} as const;

/** The most pictures that are looked at as one table: their ids alone take some hundred megabytes. */
export const MOST_ROWS = 2_000_000;
