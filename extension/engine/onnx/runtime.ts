/** onnxruntime-node, loaded when first needed, and its sessions. */
import type * as Ort from 'onnxruntime-node';
import type { InferenceSession } from 'onnxruntime-node';
import type { ModelDescription } from '../../architecture/description';
import type { EngineOptions } from '../requests';
import type { ExternalFile } from './externalFiles';
import { EngineError } from '../../errors/engineError';
import { sentence, type Argument } from '../../errors/sentence';

export type Runtime = typeof Ort;

/**
 * A place in the runtime's own sources, with the function that stands there: of no use to who reads the sentence. GCC says the function with
 * what it returns and takes, MSVC its name; a plain word begins the message.
 */
const PLACE = /(?:\S*\/)?[\w.-]+\.(?:cc|cpp|h|hpp|cu|cuh):\d+/.source;
const RETURNED = /(?:static|virtual|const|void|bool|int|auto|[\w<>]*::[\w:<>,*&]*)\s+/.source;
const FUNCTION =
  /(?:[\w~<>]*::[\w:~<>]+|[A-Z][a-z]+[A-Z]\w*|\w+(?=\())(?:\((?:[^()]|\([^()]*\))*\)(?:\s*const\b)?)?(?=\s)/.source;
const SOURCE = new RegExp(`${PLACE}(?:\\s+(?:${RETURNED})*${FUNCTION})?\\s*`, 'g');
const MOST_CHARACTERS = 400;
/** Looked at: places stand first, and the rest may be names out of a file, of any length. */
const MOST_READ = 2000;

/** What ONNX Runtime says, in one line, without the places in its sources. */
export function runtimeReason(error: unknown): Argument {
  const text = error instanceof Error ? error.message : String(error);
  const line = text
    .slice(0, MOST_READ)
    .replace(SOURCE, '')
    .replace(/\S*onnxruntime_src\/\S*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return line ? line.slice(0, MOST_CHARACTERS).replace(/\.$/, '') : sentence('it gives no reason');
}

export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw new EngineError(
      'ERR_ENGINE_START',
      sentence('onnxruntime-node cannot be loaded on this machine: {0}.', runtimeReason(error)),
    );
  }
}

export async function createSession(
  ort: Runtime,
  bytes: Uint8Array,
  externalData: readonly ExternalFile[],
  description: ModelDescription,
  { threads }: EngineOptions,
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // errors only: warnings (unused initializers and the like) would be written to the user's terminal
      logSeverityLevel: 3,
      externalData,
    });
  } catch (error) {
    throw new EngineError(
      'ERR_MODEL',
      sentence('{0} cannot be run by ONNX Runtime: {1}.', description.path, runtimeReason(error)),
    );
  }
}
