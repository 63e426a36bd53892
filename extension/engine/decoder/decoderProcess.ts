/** The engine's side of a decoder process: pictures are sent, and come back, or the process is ended and says which were lost. */
import type { ChildProcess } from 'node:child_process';
import { EngineError } from '../../errors/engineError';
import { sentence, type Argument, type Sentence } from '../../errors/sentence';
import { systemReason } from '../../errors/systemError';
import type { DecodedImage } from '../../image/decode';
import type { ImageSource } from '../../image/opened';
import type { Preprocessed, PreparedImage } from '../../image/preprocess';
import type { Preprocessing } from '../../image/preprocessing';
import { killChild } from '../../system/kill';
import type { StartedDecoder } from './fork';
import type { SharedFile } from './sharedFile';
import { pieceAt, type FromDecoder, type ImageFacts, type ToDecoder } from './wire';

export interface DecoderLimits {
  /** For any picture, and more for each million pixels its header tells of. */
  milliseconds: number;
  millisecondsPerMegapixel: number;
  /** Bytes of memory the process may hold, for pictures that say nothing else. */
  memory: number;
}

export interface Job {
  source: ImageSource;
  /** A model's input is wanted of it, and not its pixels. */
  how: Preprocessing | null;
  /** Bytes the process may hold while this is decoded. */
  memory: number;
  resolve: (image: DecodedImage | PreparedImage) => void;
  reject: (error: EngineError) => void;
}

/** Why a process ended. */
export interface Ending {
  /** The picture whose time was up; null when it is not known which of those under way is to blame. */
  culprit: Job | null;
  /** Said of a picture of that name. */
  says: (name: string) => Sentence;
}

export interface DecoderEvents {
  /** It has loaded what it needs, or has finished a picture. */
  onProgress: () => void;
  /** Called once. `lost`: the pictures it had not finished. */
  onEnd: (ending: Ending, lost: Job[]) => void;
}

interface Current {
  id: number;
  job: Job;
  deadline: NodeJS.Timeout;
  /** performance.now() when it was sent. */
  begun: number;
  /** Since then. */
  allowedMs: number;
  /** Its region of the shared file. */
  region: number;
  image?: ImageFacts;
  input?: Omit<Preprocessed, 'values'> | null;
  /** Its pixels, or the bytes of its input's values. */
  values?: Uint8Array;
  /** Pieces of `values` that have come, and their bytes. */
  pieces: number;
  received: number;
  preview?: DecodedImage['preview'];
}

/** Loading sharp takes a tenth of a second; a machine may be busy. */
const START_MS = 60_000;
/** A process that has grown beyond this ends when it is idle: what libvips held for a large picture is not given back. */
const LARGE_BYTES = 384 * 2 ** 20;
/** How long a picture nobody waits for may go on. */
const GRACE_MS = 1000;

const cannotStart = (reason: Argument) => (name: string) =>
  sentence('{0} cannot be decoded because the picture decoder does not start: {1}.', name, reason);
/** Ended with nothing under way: nobody reads it. */
export const isDone = (name: string) => sentence('{0} was not decoded: the picture decoder was closed.', name);

export class DecoderProcess {
  private readonly child: ChildProcess;
  private readonly file: SharedFile | null;
  private readonly current = new Map<number, Current>();
  private nextId = 1;
  private isReady = false;
  private ending: Ending | null = null;
  private ended = false;
  private isLarge = false;

  constructor(
    { child, file }: StartedDecoder,
    private readonly limits: DecoderLimits,
    private readonly events: DecoderEvents,
  ) {
    this.child = child;
    this.file = file;
    this.child.on('message', (message) => this.receive(message as FromDecoder));
    this.child.on('error', (error) => {
      if (this.child.pid === undefined) this.finish(cannotStart(systemReason(error)));
    });
    this.child.on('exit', (code, signal) =>
      this.finish((name) =>
        signal
          ? sentence('{0} ended the picture decoder by {1}, and is refused.', name, signal)
          : sentence('{0} ended the picture decoder with exit code {1}, and is refused.', name, code ?? -1),
      ),
    );
    const start = () => this.isReady || this.end({ culprit: null, says: cannotStart(sentence('it did not answer')) });
    setTimeout(start, START_MS).unref();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** It could be started at all. */
  get loaded(): boolean {
    return this.isReady;
  }

  /** It takes pictures. */
  get ready(): boolean {
    return this.isReady && !this.ending && !this.ended;
  }

  /** Pictures under way. */
  get busy(): number {
    return this.current.size;
  }

  decode(job: Job): void {
    const id = this.nextId++;
    const begun = performance.now();
    const allowedMs = this.limits.milliseconds;
    const taken = new Set([...this.current.values()].map(({ region }) => region));
    const region = Array.from({ length: taken.size + 1 }, (_, i) => i).find((i) => !taken.has(i))!;
    this.current.set(id, {
      id,
      job,
      region,
      begun,
      allowedMs,
      deadline: this.deadline(job, allowedMs, begun),
      pieces: 0,
      received: 0,
    });
    const { source, how, memory } = job;
    this.send({ kind: 'decode', id, source, how, region: this.file ? region : null, memory });
  }

  /** Nobody waits for that picture any more. */
  abandon(job: Job): void {
    const found = [...this.current.values()].find((one) => one.job === job);
    if (!found) return;
    clearTimeout(found.deadline);
    found.deadline = this.deadline(job, GRACE_MS, performance.now());
  }

  end(ending: Ending): void {
    this.ending ??= ending;
    killChild(this.child);
  }

  /** `ms` after `since`, a time of performance.now(), the process is ended. */
  private deadline(culprit: Job, ms: number, since: number): NodeJS.Timeout {
    const says = (name: string) =>
      sentence('{0} takes more than {1} seconds to decode, and is refused.', name, Math.round(ms / 1000));
    return setTimeout(() => this.end({ culprit, says }), Math.max(0, since + ms - performance.now()));
  }

  private receive(message: FromDecoder): void {
    if (message.kind === 'ready') {
      this.isReady = true;
      this.events.onProgress();
      return;
    }
    if (message.kind === 'memory') {
      const limit = (message.limit / 1e9).toFixed(1);
      const says = (name: string) =>
        sentence('{0} takes more than {1} GB of memory to decode, and is refused.', name, limit);
      this.end({ culprit: null, says });
      return;
    }
    const current = this.current.get(message.id);
    if (!current) return;
    switch (message.kind) {
      case 'size':
        clearTimeout(current.deadline);
        current.allowedMs += Math.round((message.pixels / 1e6) * this.limits.millisecondsPerMegapixel);
        current.deadline = this.deadline(current.job, current.allowedMs, current.begun);
        break;
      case 'decoded':
        current.image = message.image;
        current.input = message.input;
        current.values = new Uint8Array(message.valueBytes);
        break;
      case 'piece':
        this.take(current, message.bytes);
        break;
      case 'preview':
        current.preview = message.preview;
        this.isLarge = message.rss > LARGE_BYTES;
        this.settleWhenComplete(current);
        break;
      case 'prepared':
        break; // of batches, which another process makes
      case 'refusal':
        this.settle(current).reject(new EngineError(message.error.code, message.error));
        break;
    }
  }

  private take(current: Current, bytes: number | Uint8Array): void {
    const { id, job, region, pieces, received } = current;
    const values = current.values!;
    if (typeof bytes !== 'number') values.set(bytes, received);
    else {
      try {
        this.file!.read(values.subarray(received, received + bytes), pieceAt(region, pieces));
      } catch (error) {
        const says = (name: string) => sentence('{0} cannot be decoded: {1}.', name, systemReason(error));
        this.end({ culprit: job, says });
        return;
      }
    }
    current.pieces++;
    current.received += typeof bytes === 'number' ? bytes : bytes.length;
    if (current.received < values.length) this.send({ kind: 'taken', id });
    else this.settleWhenComplete(current);
  }

  private settleWhenComplete(current: Current): void {
    const { job, image, input, values, preview, received } = current;
    if (!image || !values || !preview || received !== values.length) return;
    this.settle(current);
    if (job.how && input) {
      job.resolve({ ...image, preview, how: job.how, input: { ...input, values: new Float32Array(values.buffer) } });
    } else job.resolve({ ...image, preview, pixels: values });
  }

  /** The picture is done with, one way or the other. */
  private settle({ id, job, deadline }: Current): Job {
    clearTimeout(deadline);
    this.current.delete(id);
    if (this.busy === 0) this.file?.empty();
    if (this.isLarge && this.busy === 0) this.end({ culprit: null, says: isDone });
    // after the caller has told the job
    queueMicrotask(() => this.events.onProgress());
    return job;
  }

  private send(message: ToDecoder): void {
    // when the process is gone already, its end settles everything
    this.child.send(message, () => undefined);
  }

  private finish(says: Ending['says']): void {
    if (this.ended) return;
    this.ended = true;
    this.file?.close();
    const lost = [...this.current.values()];
    this.current.clear();
    for (const { deadline } of lost) clearTimeout(deadline);
    this.events.onEnd(
      this.ending ?? { culprit: null, says },
      lost.map(({ job }) => job),
    );
  }
}
