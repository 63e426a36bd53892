import { fork, type ChildProcess } from 'node:child_process';
import { nodeEnvironment, SMALL_HEAP } from '../system/nodeEnvironment';
import { GENERATION_VARIABLE, PICTURES_VARIABLE } from './wire';

export interface EngineStart {
  /** Processes that were started before it. */
  generation?: number;
  /** False where no pictures are expected: what decodes them then starts with the first one, and not with the process. */
  pictures?: boolean;
  /** True where it keeps tables: many objects, for long. */
  tables?: boolean;
}

/** An engine process (dist/engine.js). Without a pid when the system could not start it; the reason then follows as an 'error', or is thrown. */
export function forkEngine(
  processFile: string,
  { generation = 0, pictures = true, tables = false }: EngineStart,
): ChildProcess {
  return fork(processFile, [], {
    serialization: 'advanced',
    execArgv: tables ? [] : [...SMALL_HEAP],
    env: {
      ...nodeEnvironment(),
      [GENERATION_VARIABLE]: String(generation),
      [PICTURES_VARIABLE]: pictures ? 'some' : 'none',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  } as Parameters<typeof fork>[2]);
}
