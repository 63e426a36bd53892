/** The jobs of this window that classify many pictures, each by the results file it writes. They go on after a reload. */
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import * as vscode from 'vscode';
import { toErrorShape } from '../errors/engineError';
import { showFailure } from './notifications';
import { readSettings } from './settings';
import { say } from './words';
import type { EnginePort } from '../inspect/enginePort';
import type { ModelPool } from '../inspect/modelPool';
import { folderPictures, type FolderChoice } from '../jobs/folderPictures';
import { startJob, type Job, type JobProgress } from '../jobs/job';
import type { JobPicture } from '../jobs/picture';
import type { JobState } from '../protocol/results';
import { withLock } from '../results/lock';
import { ResultsWriter } from '../results/writer';

/** What is classified, and into which file: all that a job needs to go on in another window. */
export interface JobPlan {
  file: string;
  /** The folder that ids count from. */
  root: string;
  pictures: FolderChoice | { files: string[] };
  isPaused: boolean;
}

interface Running {
  plan: JobPlan;
  job: Job | null;
  state: JobState;
}

const KEY = 'vit.jobs';

/** How often views are told how far a job is, in milliseconds. */
const TELL_EVERY_MS = 250;

export class Jobs implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<string>();
  /** A job's file: its job has come further, or has ended. */
  readonly onDidChange = this.#changed.event;
  readonly #jobs = new Map<string, Running>();
  readonly #began = new Map<string, Promise<void>>();
  #told = 0;

  constructor(
    private readonly engine: EnginePort,
    private readonly models: ModelPool,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    for (const plan of this.memory.get<JobPlan[]>(KEY, [])) {
      if (plan.isPaused) this.#jobs.set(plan.file, { plan, job: null, state: stateOf(null, 'paused') });
      else this.start(plan);
    }
  }

  stateOf(file: string): JobState | null {
    return this.#jobs.get(file)?.state ?? null;
  }

  act(file: string, act: 'pause' | 'resume' | 'cancel'): void {
    const running = this.#jobs.get(file);
    if (!running) return;
    if (act === 'cancel') {
      running.job?.cancel();
      if (running.job === null) this.#forget(file);
      return;
    }
    running.plan.isPaused = act === 'pause';
    if (act === 'pause') running.job?.pause();
    else if (running.job) running.job.resume();
    else this.start(running.plan);
    this.#remember();
  }

  /** Resolves when its file is there, or it has failed. */
  async began(file: string): Promise<void> {
    await this.#began.get(file);
  }

  /** Starts it, or goes on where its file ends. */
  start(plan: JobPlan): void {
    const present = this.#jobs.get(plan.file);
    if (present?.job || present?.state.state === 'running') return;
    const running: Running = { plan: { ...plan, isPaused: false }, job: null, state: stateOf(null, 'running') };
    this.#jobs.set(plan.file, running);
    this.#remember();
    let opened = () => {};
    this.#began.set(plan.file, new Promise<void>((resolve) => (opened = resolve)));
    void this.#run(running, opened).finally(opened);
  }

  async #run(running: Running, opened: () => void): Promise<void> {
    const { file } = running.plan;
    try {
      await withLock(file, () => this.#work(running, opened));
    } catch (error) {
      const shape = toErrorShape(error);
      this.log.error(`${basename(file)}: ${shape.message} (${shape.code})`);
      running.job = null;
      running.state = { ...running.state, state: 'failed', error: shape };
      this.#changed.fire(file);
      // it goes on when it is asked to
      this.#remember();
      void showFailure(say(shape), shape.code);
    }
  }

  async #work(running: Running, opened: () => void): Promise<void> {
    const { plan } = running;
    const { file, root } = plan;
    const settings = readSettings(vscode.Uri.file(root));
    const pictures = await listed(plan);
    const job = startJob(
      this.engine,
      () => this.models.lease(settings.model),
      pictures,
      {
        open: async (header) => {
          const writer = await ResultsWriter.open(file, header);
          opened();
          return writer;
        },
        root,
        precision: settings.model.options.precision,
        topK: settings.topK,
        logits: false,
        embeddings: embeddingsName(file),
        embeddingsIfAny: true,
        total: pictures.length,
        memoryLimit: settings.model.options.memoryLimit,
      },
      (progress) => this.#progressed(running, progress),
    );
    running.job = job;
    // asked for while it was on its way
    if (this.#jobs.get(file) !== running) job.cancel();
    else if (running.plan.isPaused) job.pause();
    const { state } = await job.finished;
    running.state = { ...running.state, state: 'ended' };
    if (state === 'done' || state === 'cancelled') this.#forget(file);
  }

  #progressed(running: Running, progress: JobProgress): void {
    const before = running.state.state;
    running.state = stateOf(progress, progress.state === 'paused' ? 'paused' : 'running');
    const now = Date.now();
    if (now - this.#told < TELL_EVERY_MS && before === running.state.state) return;
    this.#told = now;
    this.#changed.fire(running.plan.file);
  }

  #forget(file: string): void {
    this.#jobs.delete(file);
    this.#remember();
    this.#changed.fire(file);
  }

  #remember(): void {
    const plans = [...this.#jobs.values()].filter(({ state }) => state.state !== 'failed').map(({ plan }) => plan);
    void this.memory.update(KEY, plans);
  }

  dispose(): void {
    // what is written goes on in the next window: nothing is cancelled
    this.#changed.dispose();
  }
}

async function listed({ pictures, root }: JobPlan): Promise<JobPicture[]> {
  if ('files' in pictures) return pictures.files.map((file) => pictureOf(file, root));
  const found: JobPicture[] = [];
  for await (const picture of folderPictures(pictures)) found.push(picture);
  return found;
}

function pictureOf(file: string, root: string): JobPicture {
  const below = relative(root, file).replaceAll('\\', '/');
  const image = below.startsWith('../') || isAbsolute(below) ? file : below;
  return { id: image.replaceAll('\\', '/'), image, source: { path: file, preview: false } };
}

const embeddingsName = (file: string): string => basename(file).replace(/\.jsonl$/, '.f32');

function stateOf(progress: JobProgress | null, state: JobState['state']): JobState {
  if (progress === null) return { state, done: 0, total: 0, failed: 0, rate: null, remaining: null, error: null };
  const { done, failed, skipped, total, rate } = progress;
  const all = total ?? done + skipped;
  const left = all - done - skipped;
  const remaining = rate > 0 ? left / rate : null;
  return { state, done: done + skipped, total: all, failed, rate: rate > 0 ? rate : null, remaining, error: null };
}

/** The file for pictures of a folder under a model: in the folder, so that it moves with it. */
export const resultsFileOf = (folder: string, name: string, model: string): string =>
  join(folder, `${plainName(name)}.${plainName(model)}.vitresults.jsonl`);

const plainName = (text: string): string =>
  basename(text)
    .replace(/\.(vit\.json|safetensors|onnx)$/, '')
    .replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')
    .slice(0, 80) || 'results';

/** The folder that holds all of them. */
export function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0]!);
  while (
    !files.every((file) => file.startsWith(folder.endsWith('/') ? folder : `${folder}/`) || dirname(file) === folder)
  ) {
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  return folder;
}
