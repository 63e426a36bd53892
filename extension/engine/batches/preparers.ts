/** Makes batches of model inputs of pictures, in processes of their own. */
import { availableParallelism } from 'node:os';
import { cancelled, toErrorShape } from '../../errors/engineError';
import type { ImageSource } from '../../image/opened';
import type { Preprocessing } from '../../image/preprocessing';
import type { Decoders } from '../decoder/decoders';
import { Preparer, type Prepared, type PreparedBatch } from './preparer';
import { untilAborted } from '../../system/waiting';

/** Each decodes on up to four cores. */
const PROCESSES = Math.max(1, Math.min(8, Math.round(availableParallelism() / 4)));
/** What no job has asked for so long is ended. */
const IDLE_MS = 30_000;

export class Preparers {
  private preparers: Preparer[] = [];
  private idle: NodeJS.Timeout | undefined;
  private asked = 0;

  constructor(
    /** dist/decoder.js, absolute. */
    private readonly processFile: string,
    /** One picture, behind the walls of the decoder of single pictures: it says which one ends its process, and why. */
    private readonly single: Decoders['prepare'],
  ) {}

  /** One outcome for each picture. Rejects with ERR_CANCELLED only. `memory`: bytes each process may hold. */
  async prepare(
    sources: ImageSource[],
    how: Preprocessing,
    memory: number,
    signal: AbortSignal,
  ): Promise<PreparedBatch> {
    this.asked++;
    clearTimeout(this.idle);
    try {
      const prepared = await untilAborted(this.least().prepare(sources, how, memory), signal);
      return prepared ?? { pictures: await this.oneByOne(sources, how, memory, signal), release: () => undefined };
    } finally {
      this.asked--;
      if (this.asked === 0) this.idle = setTimeout(() => this.dispose(), IDLE_MS).unref();
    }
  }

  dispose(): void {
    for (const preparer of this.preparers) preparer.end();
    this.preparers = [];
  }

  /** The process with the least to do; another is started where there may be one. */
  private least(): Preparer {
    this.preparers = this.preparers.filter(({ open }) => open);
    const [least] = [...this.preparers].sort((a, b) => a.busy - b.busy);
    if (least && (least.busy === 0 || this.preparers.length >= PROCESSES)) return least;
    const started = new Preparer(this.processFile);
    this.preparers.push(started);
    return started;
  }

  private async oneByOne(
    sources: ImageSource[],
    how: Preprocessing,
    memory: number,
    signal: AbortSignal,
  ): Promise<Prepared[]> {
    const prepared: Prepared[] = [];
    for (const source of sources) {
      if (signal.aborted) throw cancelled();
      prepared.push(await this.one(source, how, memory, signal));
    }
    return prepared;
  }

  private async one(source: ImageSource, how: Preprocessing, memory: number, signal: AbortSignal): Promise<Prepared> {
    try {
      const image = await this.single({ ...source, preview: false }, how, signal, memory);
      const { width, height, bytes, decodeMs, input } = image;
      const { values, shape, ms } = input;
      const [, channels, rows, columns] = shape;
      return {
        shape: [channels, rows, columns],
        values,
        width,
        height,
        bytes,
        modified: null,
        decodeMs,
        preprocessMs: ms,
      };
    } catch (error) {
      if (signal.aborted) throw cancelled();
      return { error: toErrorShape(error) };
    }
  }
}
