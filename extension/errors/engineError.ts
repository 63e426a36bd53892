import type { ErrorCode } from '../../native/binding';

/** An error a person can read, from the engine process or about it. */
export interface EngineErrorShape {
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
  /** One sentence naming the file and the reason. */
  message: string;
}

/** The one error class of the engine and its client: a code for programs and one sentence for people. */
export class EngineError extends Error {
  readonly code: EngineErrorShape['code'];

  constructor(code: EngineErrorShape['code'], message: string) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
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

/** Whatever was thrown, as what crosses the wire: known codes stay, anything else is ERR_INTERNAL. One line, never a stack. */
export function toErrorShape(thrown: unknown): EngineErrorShape {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = (error as { code?: unknown }).code;
  const known = typeof code === 'string' && Object.hasOwn(codes, code);
  const line = error.message.split('\n', 1)[0]?.trim();
  return {
    code: known ? (code as EngineErrorShape['code']) : 'ERR_INTERNAL',
    message: line ? line : 'the engine failed without saying why',
  };
}

export const cancelled = (): EngineError => new EngineError('ERR_CANCELLED', 'The request was cancelled.');
