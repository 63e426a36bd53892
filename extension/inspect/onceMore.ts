import { toErrorShape } from '../errors/engineError';
import type { EngineErrorShape } from '../errors/errorShape';

/** The engine made room, or its process ended and another has started: what was open is not there any more. */
const GONE: readonly EngineErrorShape['code'][] = ['ERR_GONE'];

/** What a batch repeats besides: the process ended with another picture. */
export const GONE_OR_DIED: readonly EngineErrorShape['code'][] = ['ERR_GONE', 'ERR_ENGINE_DIED'];

/** What a job loads its model again for: also a process that was ended by a picture, or on request. */
export const LOST: readonly EngineErrorShape['code'][] = [...GONE_OR_DIED, 'ERR_DEADLINE', 'ERR_CANCELLED'];

/** Runs `work`; when it fails with one of the codes, `forget` drops what was open and it runs once more. */
export async function onceMore<T>(work: () => Promise<T>, forget: () => void, codes = GONE): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!codes.includes(toErrorShape(error).code)) throw error;
    forget();
    return work();
  }
}
