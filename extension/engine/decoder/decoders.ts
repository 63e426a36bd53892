/** Decodes pictures in a process of its own: what hangs, fills the memory or crashes there costs one picture and no model. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { cancelled, EngineError } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';
import type { DecodedImage } from '../../image/decode';
import type { ImageSource } from '../../image/opened';
import type { PreparedImage } from '../../image/preprocess';
import type { Preprocessing } from '../../image/preprocessing';
import { decoderMemory } from '../memory';
import { startDecoder, type StartedDecoder } from './fork';
import { DecoderProcess, isDone, type DecoderLimits, type Ending, type Job } from './decoderProcess';

const usualLimits: DecoderLimits = {
  milliseconds: 10_000,
  millisecondsPerMegapixel: 100,
  memory: decoderMemory(undefined),
};

/** A process without work for so long ends, and the next picture starts another (a tenth of a second): it holds a third of the engine's memory. */
const IDLE_MS = 60_000;
const withoutWork: Ending = { culprit: null, says: isDone };
/** Pictures at once: as many as libvips has threads for. */
const AT_ONCE = Math.max(2, Math.min(4, availableParallelism()));

export class Decoders {
  private process: DecoderProcess | null = null;
  private readonly waiting: Job[] = [];
  /** One of these ended a process, and it is not known which: they are decoded one by one. */
  private readonly suspects: Job[] = [];
  private suspect: Job | null = null;
  private readonly limits: DecoderLimits;
  private idle: NodeJS.Timeout | undefined;
  private disposed = false;

  constructor(
    /** dist/decoder.js, absolute. */
    private readonly processFile: string,
    limits: Partial<DecoderLimits> = {},
    private readonly idleMs = IDLE_MS,
  ) {
    this.limits = { ...usualLimits, ...limits };
  }

  /** Of the process at work, if there is one. */
  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Starts the process, so that the first picture need not wait for it. */
  warm(): void {
    if (this.disposed || this.process || !existsSync(this.processFile)) return;
    this.take(startDecoder(this.processFile));
  }

  /** Goes on with a process that was started already. */
  take(program: StartedDecoder): void {
    const started: DecoderProcess = new DecoderProcess(program, this.limits, {
      onProgress: () => this.next(),
      onEnd: (ending, lost) => {
        this.process = null;
        clearTimeout(this.idle);
        if (ending === withoutWork && this.suspects.length + this.waiting.length === 0) return;
        this.ended(ending, lost, started.loaded);
      },
    });
    this.process = started;
  }

  /** Ends the process when it has had nothing to do for a while. */
  private endWhenIdle(): void {
    clearTimeout(this.idle);
    const { process } = this;
    if (!process || process.busy > 0) return;
    this.idle = setTimeout(() => process.end(withoutWork), this.idleMs).unref();
  }

  /**
   * Rejects with ERR_IMAGE and one sentence that names the picture, or with ERR_CANCELLED as soon as the signal aborts.
   * @param memory bytes the process may hold while it decodes this picture
   */
  decode(source: ImageSource, signal: AbortSignal, memory = this.limits.memory): Promise<DecodedImage> {
    return this.ask(source, null, signal, memory) as Promise<DecodedImage>;
  }

  /** Likewise, with the model's input made there: pixels stay where they were decoded. */
  prepare(source: ImageSource, how: Preprocessing, signal: AbortSignal, memory: number): Promise<PreparedImage> {
    return this.ask(source, how, signal, memory) as Promise<PreparedImage>;
  }

  private ask(
    source: ImageSource,
    how: Preprocessing | null,
    signal: AbortSignal,
    memory: number,
  ): Promise<DecodedImage | PreparedImage> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || this.disposed) throw cancelled();
      if (!existsSync(this.processFile)) {
        throw new EngineError(
          'ERR_ENGINE_START',
          sentence(
            'Pictures cannot be decoded because {0} is missing: install the extension again, or run "npm run build".',
            this.processFile,
          ),
        );
      }
      const onAbort = () => {
        this.abandon(job);
        reject(cancelled());
      };
      const settled = () => {
        signal.removeEventListener('abort', onAbort);
        if (this.suspect === job) this.suspect = null;
      };
      const job: Job = {
        source,
        how,
        memory,
        resolve: (image) => {
          settled();
          resolve(image);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(job);
      this.next();
    });
  }

  dispose(): void {
    this.disposed = true;
    this.process?.end({ culprit: null, says: isDone });
  }

  private next(): void {
    this.warm();
    const { process } = this;
    if (!process?.ready) return;
    if (this.suspects.length > 0 && process.busy === 0) {
      this.suspect = this.suspects.shift()!;
      process.decode(this.suspect);
    }
    while (this.waiting.length > 0 && this.suspects.length === 0 && !this.suspect && process.busy < AT_ONCE) {
      process.decode(this.waiting.shift()!);
    }
    this.endWhenIdle();
  }

  private ended({ culprit, says }: Ending, lost: Job[], wasReady: boolean): void {
    const refuse = (job: Job) => {
      const name = 'path' in job.source ? job.source.path : job.source.name;
      job.reject(new EngineError('ERR_IMAGE', says(name)));
    };
    if (culprit) {
      this.waiting.unshift(...lost.filter((job) => job !== culprit));
      refuse(culprit);
    } else if (lost.length === 1 || this.disposed) lost.forEach(refuse);
    else this.suspects.push(...lost);
    // one that cannot start is not tried again until it is asked for
    if (wasReady) this.next();
    else [...this.suspects.splice(0), ...this.waiting.splice(0)].forEach(refuse);
  }

  private abandon(job: Job): void {
    for (const queue of [this.waiting, this.suspects]) {
      const at = queue.indexOf(job);
      if (at >= 0) queue.splice(at, 1);
    }
    this.process?.abandon(job);
  }
}
