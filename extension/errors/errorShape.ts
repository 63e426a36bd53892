import type { ErrorCode } from '../../native/binding';
import type { Sentence } from './sentence';

/** An error a person can read, from the engine process or about it. */
export interface EngineErrorShape extends Sentence {
  /** ErrorCode of the addon, or one of ours. */
  code:
    | ErrorCode
    | 'ERR_IMAGE'
    | 'ERR_MODEL'
    /** A file of an untrusted workspace names one outside it. */
    | 'ERR_UNTRUSTED'
    /** An image, model or run this process no longer keeps (closed, or dropped for newer ones, or of an earlier process): open it again. */
    | 'ERR_GONE'
    | 'ERR_ENGINE_DIED'
    /** The request took longer than it may; the process that worked on it was ended. */
    | 'ERR_DEADLINE'
    | 'ERR_ENGINE_START'
    | 'ERR_UNSUPPORTED'
    | 'ERR_INTERNAL';
}
