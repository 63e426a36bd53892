/** A results file as an editor has it open in an engine process: opened again when that process has ended or let go of it. */
import type { RequestOptions } from '../engine/client';
import type { LabelSource } from '../results/labels';
import type { ResultsOverview, ResultsRequests, ResultsState } from '../results/requests';
import type { EnginePort } from './enginePort';
import { GONE_OR_DIED, onceMore } from './onceMore';

type Asked = Exclude<keyof ResultsRequests, 'open-results' | 'close-results' | 'read-results'>;

/** Milliseconds that a request may take before its process is ended: those that have a way to cancel them may take longer. */
const DEADLINE_MS = 120_000;

export class ResultsFile {
  #opened: Promise<ResultsOverview> | null = null;
  #labels: LabelSource = { kind: 'none' };

  constructor(
    private readonly engine: EnginePort,
    private readonly path: string,
  ) {}

  overview(): Promise<ResultsOverview> {
    this.#opened ??= this.#open();
    const opened = this.#opened;
    opened.catch(() => this.#forget(opened));
    return opened;
  }

  async #open(): Promise<ResultsOverview> {
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
    const opened = this.#opened;
    this.#opened = null;
    if (opened === null || this.engine.pid === undefined) return;
    void opened.then(({ resultsId }) => this.engine.request('close-results', { resultsId })).catch(() => null);
  }
}
