/**
 * The process that reads, sorts and compares tables of results (dist/results.js): panels and jobs do not wait for it. Its tables take memory,
 * so it is ended when nobody has a file open any more, tab or agent; the next file starts another.
 */
import { EngineClient, type EngineClientOptions } from '../engine/client';
import { ResultsFile } from './resultsFile';

export class Tables {
  readonly #engine: EngineClient;
  #open = 0;

  constructor(options: Pick<EngineClientOptions, 'processFile' | 'log'>) {
    this.#engine = new EngineClient({ ...options, tables: true });
  }

  /** Of the process; undefined when there is none. */
  get pid(): number | undefined {
    return this.#engine.pid;
  }

  /** Whoever opens a file disposes it. */
  open(path: string): ResultsFile {
    this.#open++;
    return new ResultsFile(this.#engine, path, () => {
      this.#open--;
      if (this.#open === 0) this.#engine.restart();
    });
  }

  dispose(): void {
    this.#engine.dispose();
  }
}
