/** The engine process of a command. */
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { EngineClient } from '../engine/client';
import { packageRoot } from '../files/packageRoot';

let engine: EngineClient | undefined;

const processFile = () => path.join(packageRoot(), 'dist', 'engine.js');

/** Takes over a process that was started for this command. At once: what it says is lost until then. */
export function takeEngine(started: ChildProcess): void {
  engine = new EngineClient({ processFile: processFile(), started });
  engine.warm();
}

/** Runs `work` with it; it ends with the work. */
export async function withEngine<T>(work: (engine: EngineClient) => Promise<T>): Promise<T> {
  engine ??= new EngineClient({ processFile: processFile() });
  try {
    return await work(engine);
  } finally {
    endEngine();
  }
}

/** Ends it. */
export function endEngine(): void {
  engine?.dispose();
}
