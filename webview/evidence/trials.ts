/** How far each method's map can be trusted on this picture: asked for one by one, kept for the run on screen. */
import type { Faithfulness, FaithfulnessProgress } from '../../extension/engine/requests';
import type { MethodId } from '../../extension/engine/methods';
import type { App } from '../app/app';
import { sayError } from '../app/words';

export type Trial =
  | { status: 'running'; method: MethodId; progress: FaithfulnessProgress | null }
  | { status: 'done'; method: MethodId; result: Faithfulness }
  | { status: 'failed'; method: MethodId; message: string };

/** Of the random orders; the same for every map. */
const SEED = 0;

export class Trials {
  private readonly kept = new Map<string, Trial>();
  private runId: number | null = null;
  private stop: AbortController | null = null;

  constructor(private readonly app: App) {}

  /** What was kept belongs to one run. */
  forRun(runId: number | null): void {
    if (runId === this.runId) return;
    this.runId = runId;
    this.cancel();
    this.kept.clear();
  }

  get(key: string): Trial | undefined {
    return this.kept.get(key);
  }

  /** Finished ones of the keys, most faithful first: the most area between insertion and deletion. */
  ranked(keys: readonly string[]): Extract<Trial, { status: 'done' }>[] {
    const done = keys.map((key) => this.kept.get(key)).filter((trial) => trial?.status === 'done');
    const margin = ({ result }: (typeof done)[number]) => result.insertion.auc - result.deletion.auc;
    return done.sort((a, b) => margin(b) - margin(a));
  }

  get isRunning(): boolean {
    return this.stop !== null;
  }

  cancel(): void {
    this.stop?.abort();
    this.stop = null;
  }

  /** @param patches the map's values over the patches. Resolves when it is done, failed or given up. */
  async run(key: string, method: MethodId, chosen: number | null, patches: Float32Array): Promise<void> {
    const { runId, app } = this;
    if (runId === null) return;
    this.cancel();
    const stop = (this.stop = new AbortController());
    this.kept.set(key, { status: 'running', method, progress: null });
    app.refresh();
    try {
      const take = { runId, class: chosen, map: patches.slice(), random: true, seed: SEED };
      const result = await app.host.request('faithfulness', take, {
        signal: stop.signal,
        onProgress: (progress) => {
          if (this.kept.get(key)?.status === 'running') this.kept.set(key, { status: 'running', method, progress });
          app.refresh();
        },
      });
      if (runId === this.runId) this.kept.set(key, { status: 'done', method, result });
    } catch (error) {
      if (stop.signal.aborted) this.kept.delete(key);
      else this.kept.set(key, { status: 'failed', method, message: sayError(error) });
    } finally {
      if (this.stop === stop) this.stop = null;
      app.refresh();
    }
  }
}
