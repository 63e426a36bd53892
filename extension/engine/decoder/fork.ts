import { fork, type ChildProcess } from 'node:child_process';
import { decoderEnvironment, nodeEnvironment, SMALL_HEAP } from '../../system/nodeEnvironment';
import { SharedFile } from './sharedFile';

/** A decoder process, and the file of pixels that it and the engine hold open (./wire.ts, PIXELS_FD). */
export interface StartedDecoder {
  /** Without a pid when the system could not start it; the reason then follows as an 'error'. */
  child: ChildProcess;
  file: SharedFile | null;
}

/**
 * Starts one. What it says is lost until somebody listens.
 * @param processFile dist/decoder.js
 * @param work a job's process is at work until it ends; one for panels waits for the next picture, with little memory
 */
export function startDecoder(processFile: string, work: 'panels' | 'job' = 'panels'): StartedDecoder {
  const file = SharedFile.make();
  const child = fork(processFile, [], {
    serialization: 'advanced',
    execArgv: [...SMALL_HEAP],
    env: work === 'job' ? nodeEnvironment() : decoderEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit', file?.fd ?? 'ignore', 'ipc'],
    windowsHide: true,
  } as Parameters<typeof fork>[2]);
  return { child, file };
}
