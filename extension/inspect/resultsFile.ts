/** A results file as an editor has it open in an engine process: opened again when that process has ended or let go of it. */
import type { RequestOptions } from '../engine/client';
import { cancelled } from '../errors/engineError';
import type { LabelSource } from '../results/labels';
import type { ResultsOverview, ResultsRequests, ResultsState } from '../results/requests';
import type { EnginePort } from './enginePort';
import { GONE_OR_DIED, onceMore } from './onceMore';

type Asked = Exclude<keyof ResultsRequests, 'open-results' | 'close-results' | 'read-results'>;

/** Milliseconds that a request may take before its process is ended: those that have a way to cancel them may take longer. */
const DEADLINE_MS = 120_000;

export class ResultsFile {
  #opened: Promise<ResultsOverview> | null = null;
  #disposed = false;
  #labels: LabelSource = { kind: 'none' };

  constructor(
    private readonly engine: EnginePort,
    private readonly path: string,
    /** Called once, when it is disposed of. */
    private readonly onDispose: () => void = () => undefined,
  ) {}

  overview(): Promise<ResultsOverview> {
    this.#opened ??= this.#open();
    const opened = this.#opened;
    opened.catch(() => this.#forget(opened));
    return opened;
  }

  async #open(): Promise<ResultsOverview> {
    if (this.#disposed) throw cancelled();
    const opened = await this.engine.request('open-results', { file: this.path }, { deadlineMs: DEADLINE_MS });
    const { resultsId } = opened;
    await this.engine.request('label-results', { resultsId, source: this.#labels }, { deadlineMs: DEADLINE_MS });
    return opened;
  }

  #forget(opened = this.#opened): void {
    if (this.#opened === opened) this.#opened = null;
  }

  /** Reads what came since; resolves when all there is was read, and tells how far it is before. */
  async read(tell: (state: ResultsState) => void): Promise<void> {
    for (;;) {
      const state = await onceMore(
        async () => {
          const { resultsId } = await this.overview();
          return this.engine.request('read-results', { resultsId }, { deadlineMs: DEADLINE_MS });
        },
        () => this.#forget(),
        GONE_OR_DIED,
      );
      tell(state);
      if (state.isRead) return;
    }
  }

  request<K extends Asked>(
    name: K,
    take: Omit<ResultsRequests[K]['take'], 'resultsId'>,
    options: RequestOptions<K> = { deadlineMs: DEADLINE_MS },
  ): Promise<ResultsRequests[K]['give']> {
    return onceMore(
      async () => {
        const { resultsId } = await this.overview();
        const whole = { ...take, resultsId } as ResultsRequests[K]['take'];
        const give: ResultsRequests[K]['give'] = await this.engine.request<K>(name, whole, options);
        if (name === 'label-results') this.#labels = (take as ResultsRequests['label-results']['take']).source;
        return give;
      },
      () => this.#forget(),
    );
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const opened = this.#opened;
    this.#opened = null;
    this.onDispose();
    // asked when it is known what to close: by then the process may have ended, and none is started for it
    const close = ({ resultsId }: ResultsOverview) =>
      this.engine.pid === undefined ? null : this.engine.request('close-results', { resultsId });
    void opened?.then(close).catch(() => null);
  }
}
