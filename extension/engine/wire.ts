/** What travels between the client and the engine process (child_process IPC, serialization 'advanced': typed arrays stay typed). */
import type { EngineErrorShape, EngineRequestName, EngineRequests, Progress } from './requests';

export type ToEngine =
  | {
      [K in EngineRequestName]: { kind: 'request'; id: number; name: K; take: EngineRequests[K]['take'] };
    }[EngineRequestName]
  /** Stop working on a request. It is answered all the same, with ERR_CANCELLED or with what was already done. */
  | { kind: 'cancel'; id: number };

export type FromEngine =
  /** Sent once, when the process listens. An exit before it is a failed start, an exit after it a death. */
  | { kind: 'ready'; pid: number }
  /** Of a request that is worked on; any number of them before its answer. */
  | { kind: 'progress'; id: number; progress: Progress<EngineRequestName> }
  /** There is more to do than a deadline could know: so many milliseconds more for that request. */
  | { kind: 'larger'; id: number; ms: number }
  | { kind: 'answer'; id: number; give: EngineRequests[EngineRequestName]['give'] }
  | { kind: 'refusal'; id: number; error: EngineErrorShape };

/** Environment variable: the number of processes the client started before this one. Ids of a process begin after those of the last. */
export const GENERATION_VARIABLE = 'VIT_INSPECTOR_ENGINE_GENERATION';
/** Environment variable: 'none' where no pictures are expected, so that what decodes them need not be started with the process. */
export const PICTURES_VARIABLE = 'VIT_INSPECTOR_ENGINE_PICTURES';
