/** The engine process of a command. */
import path from 'node:path';
import { EngineClient } from '../engine/client';
import { packageRoot } from '../files/packageRoot';

/** Commands that ask the engine, and whether of pictures. */
const asking: Record<string, { pictures: boolean }> = {
  classify: { pictures: true },
  embed: { pictures: true },
  explain: { pictures: true },
  preprocess: { pictures: true },
  forward: { pictures: false },
  describe: { pictures: false },
};

let engine: EngineClient | undefined;

/** Starts it for the command of these arguments, if that asks it. */
export function startEngine([name = '', ...rest]: readonly string[]): void {
  if (!Object.hasOwn(asking, name) || rest.includes('--help') || rest.includes('-h')) return;
  engine = new EngineClient({ processFile: path.join(packageRoot(), 'dist', 'engine.js'), ...asking[name] });
  engine.warm();
}

/** Runs `work` with it; it ends with the work. */
export async function withEngine<T>(work: (engine: EngineClient) => Promise<T>): Promise<T> {
  engine ??= new EngineClient({ processFile: path.join(packageRoot(), 'dist', 'engine.js') });
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
