/**
 * One picture under one model: opens both in the engine process, runs, and says what happens as the events a panel shows.
 * No vscode: panels, the summary of several pictures and tests drive the same object.
 */
import type { RequestOptions } from '../engine/client';
import type {
  EngineErrorShape,
  Faithfulness,
  FaithfulnessRequest,
  ImageSource,
  OpenedImage,
  RunRequest,
  RunSummary,
  Slice,
  SliceRequest,
  WeightFiles,
} from '../engine/requests';
import { cancelled, EngineError, toErrorShape } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import type { HostEvent, PanelModel } from '../protocol/panel';
import { imageEvent, modelEvent } from './events';
import { closeQuietly } from './enginePort';
import type { EnginePort } from './enginePort';
import type { ModelChoice, ModelLease, ModelPool } from './modelPool';
import { onceMore } from './onceMore';
import { bothOrFirstError, untilAborted } from '../system/waiting';

export interface Picture {
  /** Identifies the picture, and is how the panel finds it again. */
  uri: string;
  /** The path, or the bytes where there is no path; read again for every opening. */
  source: () => Promise<ImageSource>;
}

export interface InspectionSettings {
  model: Omit<ModelChoice, 'size'>;
  /** Runs the model at each picture's own size. */
  atPictureSize: boolean;
  topK: number;
}

/** The steps a person waits for. */
export type Work = 'opening' | 'running';

export type Outcome = { run: RunSummary; model: string } | { error: EngineErrorShape };

/** Why an attempt ends early: a person said so, or a newer one takes over (which then says everything itself). */
type Stop = 'cancelled' | 'superseded';

export class Inspection {
  #image: OpenedImage | null = null;
  #lease: { key: string; lease: ModelLease } | null = null;
  /** What is on screen, with the event of the model that made it: the lease may be another's already. */
  #run: { summary: RunSummary; model: Extract<HostEvent, { type: 'model' }> } | null = null;
  #masked = new Uint32Array();
  #busy: string | null = null;
  #error: Extract<HostEvent, { type: 'error' }> | null = null;
  #stop = new AbortController();
  #last: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(
    private readonly engine: EnginePort,
    private readonly models: ModelPool,
    private picture: Picture,
    private settings: InspectionSettings,
    private readonly emit: (event: HostEvent) => void,
    /** What the progress bar says, in the user's language. */
    private readonly describe: (work: Work) => string,
  ) {}

  /** Everything a webview that has just started needs, in order. */
  snapshot(): HostEvent[] {
    const events: HostEvent[] = [];
    if (this.#image) events.push(imageEvent(this.picture.uri, this.#image));
    if (this.#run) events.push(this.#run.model, { type: 'run', run: this.#run.summary });
    if (this.#error) events.push(this.#error);
    events.push({ type: 'busy', what: this.#busy });
    return events;
  }

  /** The model whose numbers are on screen. */
  get model(): PanelModel | null {
    return this.#run?.model.model ?? null;
  }

  /** Runs with what is open already; opens what is not. */
  refresh(): Promise<void> {
    this.#stop.abort('superseded' satisfies Stop);
    const stop = new AbortController();
    this.#stop = stop;
    this.#last = this.#last.then(() => this.#attempt(stop.signal));
    return this.#last;
  }

  /** The picture has changed: opens it again. */
  reopen(): Promise<void> {
    this.#closeImage();
    this.#masked = new Uint32Array();
    return this.refresh();
  }

  /** Another picture in the place of the one before, of which nothing stays. */
  replace(picture: Picture, settings: InspectionSettings): Promise<void> {
    this.#closeRun();
    this.picture = picture;
    this.settings = settings;
    return this.reopen();
  }

  change(settings: InspectionSettings): Promise<void> {
    // Hidden patches are numbers in one model's grid.
    if (settings.model.id !== this.settings.model.id || settings.atPictureSize !== this.settings.atPictureSize)
      this.#masked = new Uint32Array();
    this.settings = settings;
    return this.refresh();
  }

  /** Hides patches (0-based, without prefix tokens) from the model; an empty list shows all. */
  mask(patches: Uint32Array): Promise<void> {
    this.#masked = Uint32Array.from(patches);
    return this.refresh();
  }

  cancel(): void {
    this.#stop.abort('cancelled' satisfies Stop);
  }

  /** What came of it, once nothing is going on any more. */
  async settled(): Promise<Outcome> {
    for (let seen: Promise<void> | null = null; seen !== this.#last;) {
      seen = this.#last;
      await seen;
    }
    if (this.#error) return { error: this.#error.error };
    if (this.#run) return { run: this.#run.summary, model: this.#run.model.model.name };
    return { error: toErrorShape(cancelled()) };
  }

  /** Whether that is the run on screen. */
  isOf(runId: number): boolean {
    return this.#run?.summary.runId === runId;
  }

  /** A slice of the run on screen. */
  slice(runId: number, what: SliceRequest, options?: RequestOptions<'slice'>): Promise<Slice> {
    return this.#ofRun(runId, (id) => this.engine.request('slice', { runId: id, what }, options));
  }

  /** How far a map of the run on screen can be trusted. */
  faithfulness(
    take: Omit<FaithfulnessRequest, 'image'>,
    options?: RequestOptions<'faithfulness'>,
  ): Promise<Faithfulness> {
    return this.#ofRun(take.runId, (runId) => this.engine.request('faithfulness', { ...take, runId }, options));
  }

  /** What the model of the run on screen was read from. */
  weightFiles(runId: number, options?: RequestOptions<'weight-files'>): Promise<WeightFiles> {
    return this.#ofRun(runId, (id) => this.engine.request('weight-files', { runId: id }, options));
  }

  /** Asks the run on screen. When the engine no longer has it (a restart, memory), it is run again first. */
  async #ofRun<T>(runId: number, ask: (runId: number) => Promise<T>): Promise<T> {
    const shown = this.#run;
    if (shown?.summary.runId !== runId)
      throw new EngineError('ERR_GONE', sentence('A newer run has replaced this one.'));
    try {
      return await ask(runId);
    } catch (error) {
      const { code } = toErrorShape(error);
      if (code === 'ERR_ENGINE_DIED') this.#fail(toErrorShape(error));
      if (code !== 'ERR_GONE' || !this.#shows(shown)) throw error;
    }
    await this.refresh();
    const outcome = await this.settled();
    if ('error' in outcome) throw new EngineError(outcome.error.code, outcome.error);
    return ask(outcome.run.runId);
  }

  #shows(run: object): boolean {
    return this.#run === run;
  }

  dispose(): void {
    this.#disposed = true;
    this.#stop.abort('superseded' satisfies Stop);
    void this.#last.then(() => {
      this.#closeRun();
      this.#closeImage();
      this.#returnModel();
    });
  }

  async #attempt(signal: AbortSignal): Promise<void> {
    if (this.#disposed || signal.reason === ('superseded' satisfies Stop)) return;
    this.#error = null;
    try {
      const forget = () => {
        this.#image = null;
        this.#returnModel('gone');
      };
      await onceMore(() => this.#inspect(signal), forget);
      this.#setBusy(null);
    } catch (error) {
      if (signal.reason === ('superseded' satisfies Stop)) return;
      this.#fail(toErrorShape(signal.reason === ('cancelled' satisfies Stop) ? cancelled() : error));
    }
  }

  async #inspect(signal: AbortSignal): Promise<void> {
    this.#setBusy('opening');
    // Together, so that a slow disk or a big model delays the other as little as possible; the picture shows when it is there.
    const opening = this.#openImage(signal);
    const size = this.settings.atPictureSize ? opening : null;
    const [image, lease] = await bothOrFirstError(opening, this.#openModel(size, signal));
    signal.throwIfAborted();
    this.#setBusy('running');
    const { summary, attention } = await this.#forward(image, lease, signal);
    this.#closeRun();
    this.#run = { summary, model: modelEvent(lease, attention) };
    this.emit(this.#run.model);
    this.emit({ type: 'run', run: summary });
  }

  async #forward(image: OpenedImage, lease: ModelLease, signal: AbortSignal) {
    const { attention } = lease.loaded;
    const request: RunRequest = {
      modelId: lease.loaded.modelId,
      imageId: image.imageId,
      topK: this.settings.topK,
      attention: attention === true,
      tokens: true,
    };
    if (this.#masked.length > 0) request.maskedPatches = this.#masked;
    try {
      return { summary: await this.engine.request('run', request, { signal }), attention };
    } catch (error) {
      const { code, ...said } = toErrorShape(error);
      if (code !== 'ERR_MEMORY' || !request.attention) throw error;
      // Predictions are worth having without maps; the reason takes the maps' place.
      const summary = await this.engine.request('run', { ...request, attention: false, tokens: false }, { signal });
      return { summary, attention: said };
    }
  }

  async #openImage(signal: AbortSignal): Promise<OpenedImage> {
    if (this.#image) return this.#image;
    const source = await untilAborted(this.picture.source(), signal);
    const { memoryLimit } = this.settings.model.options;
    const image = await this.engine.request('open-image', { ...source, memoryLimit }, { signal });
    this.#image = image;
    this.emit(imageEvent(this.picture.uri, image));
    return image;
  }

  async #openModel(sizedFor: Promise<OpenedImage> | null, signal: AbortSignal): Promise<ModelLease> {
    const choice: ModelChoice = { ...this.settings.model };
    if (sizedFor) {
      const { width, height } = await sizedFor;
      choice.size = { width, height };
    }
    const key = JSON.stringify(choice);
    if (this.#lease?.key === key) return this.#lease.lease;
    const leasing = this.models.lease(choice);
    try {
      // Others may wait for the same model: loading goes on, only this wait ends.
      const lease = await untilAborted(leasing, signal);
      this.#returnModel();
      this.#lease = { key, lease };
      return lease;
    } catch (error) {
      if (signal.aborted) {
        void leasing.then(
          (lease) => lease.release(),
          () => undefined,
        );
      }
      throw error;
    }
  }

  #fail(error: EngineErrorShape): void {
    this.#error = { type: 'error', error, retry: true };
    this.#setBusy(null);
    this.emit(this.#error);
  }

  #setBusy(work: Work | null): void {
    const what = work && this.describe(work);
    if (what === this.#busy) return;
    this.#busy = what;
    this.emit({ type: 'busy', what });
  }

  #returnModel(gone?: 'gone'): void {
    this.#lease?.lease.release(gone);
    this.#lease = null;
  }

  #closeImage(): void {
    const image = this.#image;
    this.#image = null;
    if (image) closeQuietly(this.engine, 'close-image', { imageId: image.imageId });
  }

  #closeRun(): void {
    const run = this.#run;
    this.#run = null;
    if (run) closeQuietly(this.engine, 'close-run', { runId: run.summary.runId });
  }
}
