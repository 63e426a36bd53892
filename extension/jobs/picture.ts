import type { Sentence } from '../errors/sentence';
import type { ImageSource } from '../image/opened';

/** A picture of a job. */
export interface JobPicture {
  /** Stable: the same in every run and on every machine (results/format.ts). */
  id: string;
  /** How it can be opened, as the row says it. */
  image: string;
  /** What is decoded; or why there is nothing to decode, which becomes its row. */
  source: ImageSource | { error: Sentence & { code: string } };
}
