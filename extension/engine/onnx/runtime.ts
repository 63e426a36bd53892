/** onnxruntime-node, loaded when first needed, and its sessions. */
import path from 'node:path';
import type * as Ort from 'onnxruntime-node';
import type { InferenceSession } from 'onnxruntime-node';
import type { ModelDescription } from '../../architecture/description';
import type { EngineOptions } from '../requests';
import { EngineError } from '../../errors/engineError';

export type Runtime = typeof Ort;

export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';

export async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw new EngineError('ERR_ENGINE_START', `onnxruntime-node cannot be loaded on this machine: ${firstLine(error)}`);
  }
}

export async function createSession(
  ort: Runtime,
  bytes: Uint8Array,
  description: ModelDescription,
  { threads }: EngineOptions,
): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // warnings about unused initializers and the like are no business of a user's terminal
      logSeverityLevel: 3,
      // weights kept in files of their own lie beside the model, wherever the bytes came from
      extra: { session: { model_external_initializers_file_folder_path: path.dirname(description.path) } },
    });
  } catch (error) {
    throw new EngineError('ERR_MODEL', `${description.path} cannot be run by ONNX Runtime: ${firstLine(error)}`);
  }
}
