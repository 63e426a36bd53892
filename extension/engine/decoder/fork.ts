import { fork, type ChildProcess } from 'node:child_process';
import { nodeEnvironment } from '../../system/nodeEnvironment';
import type { SharedFile } from './sharedFile';

/** A decoder process (dist/decoder.js), with the file of pixels open (./wire.ts, PIXELS_FD). */
export function forkDecoder(processFile: string, file: SharedFile | null): ChildProcess {
  return fork(processFile, [], {
    serialization: 'advanced',
    execArgv: [],
    env: nodeEnvironment(),
    stdio: ['ignore', 'ignore', 'inherit', file?.fd ?? 'ignore', 'ipc'],
    windowsHide: true,
  } as Parameters<typeof fork>[2]);
}
