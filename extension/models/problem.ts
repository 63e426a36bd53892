/** What is wrong with a text, and where. */
export interface Problem {
  /** Characters from the start of the text. */
  offset: number;
  length: number;
  /** One sentence. */
  message: string;
}
