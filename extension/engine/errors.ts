import type { EngineErrorShape } from './engine';

/** The one error class of the engine and its client: a code for programs and one sentence for people. */
export class EngineError extends Error {
  readonly code: EngineErrorShape['code'];

  constructor(code: EngineErrorShape['code'], message: string) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
  }
}

const codes: ReadonlySet<string> = new Set<EngineErrorShape['code']>([
  'ERR_CANCELLED',
  'ERR_FILE',
  'ERR_TENSOR',
  'ERR_ARCHITECTURE',
  'ERR_MEMORY',
  'ERR_ARGUMENT',
  'ERR_IMAGE',
  'ERR_MODEL',
  'ERR_GONE',
  'ERR_ENGINE_DIED',
  'ERR_ENGINE_START',
  'ERR_UNSUPPORTED',
]);

/** Whatever was thrown, as what crosses the wire: known codes stay, anything else is ERR_INTERNAL. One line, never a stack. */
export function toErrorShape(thrown: unknown): EngineErrorShape {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const code = (error as { code?: unknown }).code;
  const known = typeof code === 'string' && codes.has(code);
  const line = error.message.split('\n', 1)[0]?.trim();
  return {
    code: known ? (code as EngineErrorShape['code']) : 'ERR_INTERNAL',
    message: line ? line : 'the engine failed without saying why',
  };
}

export const cancelled = (): EngineError => new EngineError('ERR_CANCELLED', 'The request was cancelled.');
