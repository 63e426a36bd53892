/** Tries inputs of one target, in a process that may be ended: node --import tsx test/fuzz/worker.ts NAME SEED FROM TO. */
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { brokenTargets } from './broken';
import { Random } from './random';
import { endEngine } from './support';
import { targets } from './targets';

/** What a worker tells: which input it begins, and what was wrong with one. */
export type FromWorker = { at: number } | { at: number; problem: string };

async function main([name, seed, from, to, folder]: string[]): Promise<void> {
  const target = [...targets, ...brokenTargets].find((each) => each.name === name);
  if (!target) throw new Error(`there is no target ${name}`);
  const tell = (message: FromWorker) => process.send?.(message);
  for (let at = Number(from); at < Number(to); at++) {
    tell({ at });
    const own = path.join(folder!, String(at));
    mkdirSync(own, { recursive: true });
    try {
      await target.run(new Random(Number(seed) + at), own);
      rmSync(own, { recursive: true });
    } catch (error) {
      // the folder stays: it holds the input
      tell({ at, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  endEngine();
  process.disconnect?.();
}

void main(process.argv.slice(2));
