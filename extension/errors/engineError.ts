import type { ErrorCode } from '../../native/binding';
import { isSentence, sentence, verbatim, type Argument, type Sentence } from './sentence';

/** An error a person can read, from the engine process or about it. */
export interface EngineErrorShape extends Sentence {
  /** ErrorCode of the addon, or one of ours. */
  code:
    | ErrorCode
    | 'ERR_IMAGE'
    | 'ERR_MODEL'
    /** An image, model or run this process no longer keeps (closed, or dropped for newer ones, or of an earlier process): open it again. */
    | 'ERR_GONE'
    | 'ERR_ENGINE_DIED'
    /** The request took longer than it may; the process that worked on it was ended. */
    | 'ERR_DEADLINE'
    | 'ERR_ENGINE_START'
    | 'ERR_UNSUPPORTED'
    | 'ERR_INTERNAL';
}

/** The one error class of the engine and its client: a code for programs and one sentence, naming the file and the reason, for people. */
export class EngineError extends Error implements Sentence {
  readonly code: EngineErrorShape['code'];
  readonly template: string;
  readonly args: readonly Argument[];

  constructor(code: EngineErrorShape['code'], said: Sentence | string) {
    const { message, template, args } = typeof said === 'string' ? verbatim(said) : said;
    super(message);
    this.name = 'EngineError';
    this.code = code;
    this.template = template;
    this.args = args;
  }
}

/** Complete by its type: a code added to the addon's or ours that is missing here does not compile. */
const codes: Record<EngineErrorShape['code'], true> = {
  ERR_CANCELLED: true,
  ERR_FILE: true,
  ERR_TENSOR: true,
  ERR_ARCHITECTURE: true,
  ERR_MEMORY: true,
  ERR_ARGUMENT: true,
  ERR_IMAGE: true,
  ERR_MODEL: true,
  ERR_GONE: true,
  ERR_ENGINE_DIED: true,
  ERR_DEADLINE: true,
  ERR_ENGINE_START: true,
  ERR_UNSUPPORTED: true,
  ERR_INTERNAL: true,
};

/** Whatever was thrown, as what crosses the wire: known codes and sentences stay, anything else is ERR_INTERNAL. One line, never a stack. */
export function toErrorShape(thrown: unknown): EngineErrorShape {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { code } = error as { code?: unknown };
  const known = typeof code === 'string' && Object.hasOwn(codes, code);
  return { code: known ? (code as EngineErrorShape['code']) : 'ERR_INTERNAL', ...saidBy(error) };
}

/** What an error says: its sentence, or the first line of somebody else's message. */
function saidBy(error: Error): Sentence {
  if (isSentence(error)) return { message: error.message, template: error.template, args: error.args };
  const line = error.message.split('\n', 1)[0]?.trim();
  return line ? verbatim(line) : sentence('the engine failed without saying why');
}

export const cancelled = (): EngineError => new EngineError('ERR_CANCELLED', sentence('The request was cancelled.'));
