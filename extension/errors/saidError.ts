import type { Argument, Sentence } from './sentence';

/** An error whose message is a sentence, so that whoever shows it can put it into the reader's language. */
export abstract class SaidError extends Error implements Sentence {
  readonly template: string;
  readonly args: readonly Argument[];

  constructor({ message, template, args }: Sentence) {
    super(message);
    this.template = template;
    this.args = args;
  }
}
