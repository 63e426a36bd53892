/** The engine's side of a decoder process that makes batches of model inputs of pictures (../decoder/prepareBatch.ts). */
import os from 'node:os';
import type { ImageSource } from '../../image/opened';
import type { Preprocessing } from '../../image/preprocessing';
import { killChild } from '../../system/kill';
import { Scratch } from '../../system/scratch';
import { startDecoder } from '../decoder/fork';
import type { EngineErrorShape } from '../../errors/errorShape';
import type { FromDecoder, PreparedFacts, PreparedOnWire, ToDecoder } from '../decoder/wire';

/** A picture of a batch: the model's input, (C, H, W), or why there is none. */
export type Prepared = (PreparedFacts & { values: Float32Array }) | { error: EngineErrorShape };

export interface PreparedBatch {
  /** One for each picture, in order. */
  pictures: Prepared[];
  /** Nobody reads their values any more. */
  release(): void;
}

interface Batch {
  id: number;
  pictures: number;
  place: number;
  deadline: NodeJS.Timeout;
  allowedMs: number;
  begun: number;
  resolve: (prepared: PreparedBatch | null) => void;
}

/** For any batch, more for each of its pictures, and for each million pixels the headers of large ones tell of. */
const BATCH_MS = 10_000;
const PICTURE_MS = 1000;
const MEGAPIXEL_MS = 100;

/** Bytes of the shared file for the values of one batch. */
const ROOM_BYTES = 64 * 2 ** 20;

/** Batches whose values are being made, wait and are computed: as many as a job hands over ahead. */
const SCRATCH = 3;

/** A process that has grown beyond this takes no more: what libvips held for large pictures is not given back. */
const LARGE_BYTES = 640 * 2 ** 20;

/**
 * Pictures are made while passes are computed, on the same cores: a pass that has its input goes first, and panels go before both.
 * Of a process's 'nice' value, 0 to 19.
 */
const NICE = 10;

/** One process. It ends when it hangs, crashes or grows, and then takes no more: the batches it had are handed back unmade. */
export class Preparer {
  private readonly file;
  private readonly child;
  private readonly batches = new Map<number, Batch>();
  private readonly scratch = new Scratch(SCRATCH);
  private nextId = 1;
  private isOver = false;
  private isLarge = false;

  constructor(processFile: string) {
    ({ child: this.child, file: this.file } = startDecoder(processFile, 'job'));
    this.child.on('message', (message) => this.receive(message as FromDecoder));
    this.child.on('error', () => this.child.pid === undefined && this.finish());
    this.child.on('exit', () => this.finish());
    try {
      if (this.child.pid !== undefined) os.setPriority(this.child.pid, NICE);
    } catch {
      // where the system allows no change, the cores are shared evenly
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Whether it takes batches. */
  get open(): boolean {
    return !this.isOver && !this.isLarge;
  }

  /** Batches under way. */
  get busy(): number {
    return this.batches.size;
  }

  /**
   * One outcome for each picture; null when the process ended before: one of them may be to blame, or the machine.
   * @param memory bytes the process may hold
   */
  prepare(sources: ImageSource[], how: Preprocessing, memory: number): Promise<PreparedBatch | null> {
    if (this.isOver) return Promise.resolve(null);
    const id = this.nextId++;
    const taken = new Set([...this.batches.values()].map(({ place }) => place));
    const place = Array.from({ length: taken.size + 1 }, (_, i) => i).find((i) => !taken.has(i))!;
    return new Promise((resolve) => {
      const [begun, allowedMs] = [performance.now(), BATCH_MS + PICTURE_MS * sources.length];
      const pictures = sources.length;
      this.batches.set(id, {
        id,
        pictures,
        place,
        begun,
        allowedMs,
        deadline: this.deadline(begun, allowedMs),
        resolve,
      });
      const room = this.file && { begin: place * ROOM_BYTES, bytes: ROOM_BYTES };
      // when the process is gone already, its end settles everything
      const message: ToDecoder = { kind: 'prepare', id, sources, how, room, memory };
      this.child.send(message, () => undefined);
    });
  }

  end(): void {
    killChild(this.child);
  }

  private deadline(begun: number, ms: number): NodeJS.Timeout {
    return setTimeout(() => this.end(), Math.max(0, begun + ms - performance.now()));
  }

  private receive(message: FromDecoder): void {
    if (message.kind === 'memory') return this.end();
    const batch = 'id' in message ? this.batches.get(message.id) : undefined;
    if (!batch) return;
    if (message.kind === 'size') {
      clearTimeout(batch.deadline);
      batch.allowedMs += Math.round((message.pixels / 1e6) * MEGAPIXEL_MS);
      batch.deadline = this.deadline(batch.begun, batch.allowedMs);
    } else if (message.kind === 'prepared') {
      this.isLarge ||= message.rss > LARGE_BYTES;
      this.settle(batch, this.read(message.pictures, batch));
      if (this.isLarge && this.busy === 0) this.end();
    }
  }

  /** null when the file cannot be read, or holds less than was said. */
  private read(pictures: PreparedOnWire[], { pictures: count, place }: Batch): PreparedBatch | null {
    if (pictures.length !== count) return null;
    try {
      const begin = place * ROOM_BYTES;
      const ends = pictures.map((picture) => endInFile(picture) - begin);
      const length = Math.max(0, ...ends);
      if (length > ROOM_BYTES) return null;
      // one array for the batch: thousands of small ones a second are more than is given back in time
      const buffer = this.scratch.take(length);
      if (length > 0) this.file!.read(new Uint8Array(buffer, 0, length), begin);
      const prepared = pictures.map((picture) => {
        if ('error' in picture || picture.values instanceof Float32Array) return picture as Prepared;
        return { ...picture, values: new Float32Array(buffer, picture.values.at - begin, valuesOf(picture.shape)) };
      });
      return { pictures: prepared, release: () => this.scratch.giveBack(buffer) };
    } catch {
      return null;
    }
  }

  private settle(batch: Batch, prepared: PreparedBatch | null): void {
    clearTimeout(batch.deadline);
    this.batches.delete(batch.id);
    if (this.busy === 0 && !this.isOver) this.file?.empty();
    batch.resolve(prepared);
  }

  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const batch of [...this.batches.values()]) this.settle(batch, null);
    this.file?.close();
  }
}

const valuesOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);

/** Where its values end in the file; -Infinity when they are not there. */
const endInFile = (picture: PreparedOnWire): number =>
  'error' in picture || picture.values instanceof Float32Array
    ? -Infinity
    : picture.values.at + Float32Array.BYTES_PER_ELEMENT * valuesOf(picture.shape);
