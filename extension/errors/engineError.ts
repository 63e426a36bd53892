import { FileRefusal } from './fileRefusal';
import { systemSentence } from './systemError';
import type { EngineErrorShape } from './errorShape';
import { ModelError } from './modelError';
import { SaidError } from './saidError';
import { isSentence, plainData, sentence, verbatim, type Sentence } from './sentence';

/** The one error class of the engine and its client: a code for programs and one sentence, naming the file and the reason, for people. */
export class EngineError extends SaidError {
  constructor(
    readonly code: EngineErrorShape['code'],
    said: Sentence,
  ) {
    super(said);
    this.name = 'EngineError';
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
  ERR_UNTRUSTED: true,
  ERR_GONE: true,
  ERR_ENGINE_DIED: true,
  ERR_DEADLINE: true,
  ERR_ENGINE_START: true,
  ERR_UNSUPPORTED: true,
  ERR_INTERNAL: true,
};

/**
 * Whatever was thrown, as what crosses the wire: known codes and sentences stay, a model's errors are ERR_MODEL, anything else is
 * ERR_INTERNAL. One line, never a stack. Does not throw, whatever it is given: null, a proxy, an object whose properties throw.
 */
export function toErrorShape(thrown: unknown): EngineErrorShape {
  return {
    code: attempt(() => codeOf(thrown)) ?? 'ERR_INTERNAL',
    ...(attempt(() => saidBy(thrown)) ?? sentence('The engine failed without saying why.')),
  };
}

function codeOf(thrown: unknown): EngineErrorShape['code'] | undefined {
  if (thrown instanceof ModelError) {
    if (thrown.code === 'untrusted') return 'ERR_UNTRUSTED';
    return thrown.code === 'cancelled' ? 'ERR_CANCELLED' : 'ERR_MODEL';
  }
  if (thrown instanceof FileRefusal) return 'ERR_FILE';
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && Object.hasOwn(codes, code) ? (code as EngineErrorShape['code']) : undefined;
}

/** What an error says: its sentence, or the first line of somebody else's message. */
function saidBy(thrown: unknown): Sentence | undefined {
  if (isSentence(thrown)) return plainData(thrown);
  if (typeof thrown === 'function') return undefined;
  const bySystem = systemSentence(thrown);
  if (bySystem) return bySystem;
  const text =
    typeof thrown === 'object' && thrown !== null ? (thrown as { message?: unknown }).message : String(thrown);
  const line = typeof text === 'string' ? text.split('\n', 1)[0]?.trim() : '';
  return line ? verbatim(line) : undefined;
}

/** Undefined when it throws. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

export const cancelled = (): EngineError => new EngineError('ERR_CANCELLED', sentence('The request was cancelled.'));
