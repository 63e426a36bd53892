/**
 * Many pictures under one model, into a file of results. Decoding and passes are in the engine process; here pictures are handed to it
 * a few at a time, so that memory stays as it is however many there are, and rows are written in the pictures' order. A job that was
 * stopped, by whatever, goes on when it is started again with the same file. Which pictures, in which order: jobs/folderPictures.ts in the
 * editor, cli/scale/inputs.ts on the command line; how many go through the model at once: engine/batches/batchSize.ts.
 */
import type { PictureOutcome } from '../engine/requests';
import { toErrorShape } from '../errors/engineError';
import type { Sentence } from '../errors/sentence';
import type { EnginePort } from '../inspect/enginePort';
import type { ModelLease } from '../inspect/modelPool';
import type { ImageSource } from '../image/opened';
import type { ResultsHeader } from '../results/format';
import type { NewRow } from '../results/writer';
import { bothOrFirstError } from '../system/waiting';
import { Chunks } from './chunks';
import { Classifier, type Asked } from './classifier';
import { classText, headerOf } from './header';
import type { JobPicture } from './picture';
import { Rate } from './rate';

export interface JobProgress {
  state: 'starting' | 'running' | 'paused' | 'done' | 'cancelled';
  /** Pictures that were finished in this run, and those of them that failed. */
  done: number;
  failed: number;
  /** Pictures whose rows were there before. */
  skipped: number;
  /** With those that are skipped; null: not known. */
  total: number | null;
  /** Pictures a second, of late. */
  rate: number;
}

/** Where rows go: a file (results/writer.ts), or a program that waits for them. */
export interface ResultsSink {
  /** False: there is a row of that id already. */
  claim(id: string): boolean;
  append(rows: readonly NewRow[]): Promise<void>;
  close(): Promise<void>;
}

export interface JobOptions {
  /** Opened once the model is. */
  open: (header: ResultsHeader) => Promise<ResultsSink>;
  /** The folder that ids begin in, absolute; '' for none. */
  root: string;
  precision: string;
  topK: number;
  /** Of every class. */
  logits: boolean;
  /** Name of the embeddings' file, without its folder; null: none. */
  embeddings: string | null;
  /** A model that has no embeddings is classified without them; left out: it is refused. */
  embeddingsIfAny?: boolean;
  total?: number | null;
  memoryLimit?: number;
  /** Pictures handed over at once; left out: by how long they take. */
  batch?: number;
}

export interface Job {
  /** What is with the engine process is finished; nothing more is handed over. */
  pause(): void;
  resume(): void;
  cancel(): void;
  /** Rejects with the sentence of what ended it: the model, the disk. Never because of a picture. */
  readonly finished: Promise<JobProgress>;
}

/** Handed over at once: one is computed, the next ones are decoded meanwhile. */
const AHEAD = 3;
const LARGEST_CHUNK = 64;
/** Of what is handed over at once. */
const CHUNK_MS = 500;
/** Of the model's inputs that it makes. */
const CHUNK_BYTES = 48 * 2 ** 20;

export function startJob(
  engine: EnginePort,
  lease: () => Promise<ModelLease>,
  pictures: AsyncIterable<JobPicture> | Iterable<JobPicture>,
  options: JobOptions,
  onProgress: (progress: JobProgress) => void = () => undefined,
): Job {
  const running = new RunningJob(engine, lease, pictures, options, onProgress);
  const finished = running.run();
  return {
    pause: () => running.pause(),
    resume: () => running.resume(),
    cancel: () => running.cancel(),
    finished,
  };
}

class RunningJob {
  private readonly progress: JobProgress;
  private readonly controller = new AbortController();
  private readonly rate = new Rate();
  private readonly classifier: Classifier;
  private readonly chunks: Chunks<JobPicture>;
  private gate: { opened: Promise<void>; open: () => void } | null = null;
  /** Rows are written in the order of their pictures. */
  private written: Promise<void> = Promise.resolve();
  private chunk: number;
  private largest = LARGEST_CHUNK;

  constructor(
    private readonly engine: EnginePort,
    lease: () => Promise<ModelLease>,
    pictures: AsyncIterable<JobPicture> | Iterable<JobPicture>,
    private readonly options: JobOptions,
    private readonly onProgress: (progress: JobProgress) => void,
  ) {
    const { total = null, batch } = options;
    this.classifier = new Classifier(engine, lease);
    this.chunks = new Chunks(pictures);
    this.chunk = batch ?? 8;
    this.progress = { state: 'starting', done: 0, failed: 0, skipped: 0, total, rate: 0 };
  }

  pause(): void {
    if (this.gate) return;
    let open = () => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    this.gate = { opened, open };
    this.tell('paused');
  }

  resume(): void {
    if (!this.gate) return;
    this.gate.open();
    this.gate = null;
    this.rate.restart();
    this.tell('running');
  }

  cancel(): void {
    this.controller.abort();
    this.gate?.open();
    this.gate = null;
  }

  async run(): Promise<JobProgress> {
    const { signal } = this.controller;
    try {
      const header = await this.header();
      const sink = await this.options.open(header);
      const { topK, logits, memoryLimit } = this.options;
      const asked: Asked = { topK, logits, features: header.embeddings !== null, memoryLimit };
      try {
        this.tell('running');
        await Promise.all(Array.from({ length: AHEAD }, () => this.work(sink, asked)));
        await this.written;
      } finally {
        await sink.close();
      }
      this.tell(signal.aborted ? 'cancelled' : 'done');
    } catch (error) {
      if (!signal.aborted || toErrorShape(error).code !== 'ERR_CANCELLED') throw error;
      this.tell('cancelled');
    } finally {
      // what else is at work has nobody to write for
      this.controller.abort();
      await this.chunks.close();
      await this.classifier.close();
    }
    return { ...this.progress };
  }

  private async header(): Promise<ResultsHeader> {
    const { precision, root, topK, embeddings, embeddingsIfAny = false } = this.options;
    const { description, loaded } = await this.classifier.model();
    const weights = await this.engine.request('weight-files', { modelId: loaded.modelId }, this.controller);
    const { channels, crop } = description.preprocessing;
    const inputBytes = 4 * channels * (crop ? crop.height * crop.width : 0);
    if (inputBytes > 0) this.largest = Math.max(1, Math.min(LARGEST_CHUNK, Math.floor(CHUNK_BYTES / inputBytes)));
    return headerOf({ description, loaded, weights, precision, root, topK, embeddings, embeddingsIfAny });
  }

  private async work(sink: ResultsSink, asked: Asked): Promise<void> {
    const { signal } = this.controller;
    for (;;) {
      while (this.gate) await this.gate.opened;
      if (signal.aborted) return;
      const taken = await this.chunks.take(Math.min(this.options.batch ?? this.chunk, this.largest));
      if (taken.length === 0) return;
      const pictures = taken.filter(({ id }) => sink.claim(id));
      this.progress.skipped += taken.length - pictures.length;
      // in the order in which they were taken, also when a later one is ready first
      this.written = this.write(this.classify(pictures, asked), this.written, sink);
      await this.written;
    }
  }

  private async write(made: Promise<NewRow[]>, before: Promise<void>, sink: ResultsSink): Promise<void> {
    const [rows] = await bothOrFirstError(made, before);
    if (rows.length > 0) await sink.append(rows);
    this.progress.done += rows.length;
    this.progress.failed += rows.filter(({ kind }) => kind === 'failed').length;
    this.rate.add(this.progress.done);
    this.tell();
  }

  private async classify(pictures: JobPicture[], asked: Asked): Promise<NewRow[]> {
    const sources = pictures.flatMap(({ source }) => ('error' in source ? [] : [source]));
    const started = performance.now();
    const { signal } = this.controller;
    const outcomes = sources.length > 0 ? await this.classifier.classify(sources, asked, signal) : [];
    this.adapt(sources, performance.now() - started);
    let at = 0;
    return pictures.map((picture) => {
      const { source } = picture;
      return rowOf(picture, 'error' in source ? { error: source.error } : outcomes[at++]!);
    });
  }

  private adapt(sources: ImageSource[], ms: number): void {
    if (sources.length === 0) return;
    // while it was computed, the others were as well
    const each = ms / AHEAD / sources.length;
    this.chunk = Math.max(1, Math.min(this.largest, 2 * this.chunk, Math.round(CHUNK_MS / each)));
  }

  private tell(state = this.progress.state): void {
    this.progress.state = state;
    this.progress.rate = this.rate.perSecond;
    this.onProgress({ ...this.progress });
  }
}

function rowOf({ id, image }: JobPicture, outcome: PictureOutcome | { error: Sentence & { code: string } }): NewRow {
  if ('error' in outcome) {
    const { code, message, template, args } = outcome.error;
    return { kind: 'failed', id, image, error: { code, message, template, args } };
  }
  const { width, height, bytes, modified, predictions, energy, unfamiliar, logits, features, timings } = outcome;
  return {
    kind: 'picture',
    id,
    image,
    size: [width, height],
    bytes,
    modified,
    predictions: predictions.map((each) => ({ ...each, label: classText(each.label, each.index) })),
    logits: logits && Array.from(logits),
    energy,
    unfamiliar,
    features,
    timings,
  };
}
