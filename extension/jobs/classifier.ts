/** Pictures under one model, a few at a time: loaded again when the engine process lost it, and no picture takes others with it. */
import type { EngineRequests, PictureOutcome } from '../engine/requests';
import type { EnginePort } from '../inspect/enginePort';
import type { ModelLease } from '../inspect/modelPool';
import { LOST } from '../inspect/onceMore';
import { cancelled, EngineError, toErrorShape } from '../errors/engineError';
import type { ImageSource } from '../image/opened';

/** What is asked of each picture. */
export type Asked = Omit<EngineRequests['classify-pictures']['take'], 'modelId' | 'pictures'>;

/** A picture that was there each time the process ended is refused. */
const TRIES = 2;

export class Classifier {
  private leased: Promise<ModelLease> | null = null;

  constructor(
    private readonly engine: EnginePort,
    private readonly lease: () => Promise<ModelLease>,
  ) {}

  model(): Promise<ModelLease> {
    return (this.leased ??= this.lease());
  }

  async close(): Promise<void> {
    const leased = await this.leased?.catch(() => null);
    leased?.release();
  }

  /** One outcome for each. Rejects when the model cannot be loaded (again), with ERR_CANCELLED, and with ERR_UNSUPPORTED. */
  async classify(pictures: ImageSource[], asked: Asked, signal: AbortSignal): Promise<PictureOutcome[]> {
    for (let tries = 1; ; tries++) {
      const leased = this.model();
      const { loaded } = await leased;
      try {
        const take = { ...asked, modelId: loaded.modelId, pictures };
        return await this.engine.request('classify-pictures', take, { signal });
      } catch (error) {
        const refusal = toErrorShape(error);
        if (signal.aborted) throw cancelled();
        if (!LOST.includes(refusal.code)) throw error;
        await this.forget(leased);
        if (tries < TRIES) continue;
        if (pictures.length === 1 && refusal.code === 'ERR_ENGINE_DIED') return [{ error: refusal }];
        if (pictures.length === 1) throw new EngineError(refusal.code, refusal);
        return this.oneByOne(pictures, asked, signal);
      }
    }
  }

  private async oneByOne(pictures: ImageSource[], asked: Asked, signal: AbortSignal): Promise<PictureOutcome[]> {
    const outcomes: PictureOutcome[] = [];
    for (const picture of pictures) outcomes.push(...(await this.classify([picture], asked, signal)));
    return outcomes;
  }

  private async forget(leased: Promise<ModelLease>): Promise<void> {
    if (this.leased !== leased) return;
    this.leased = null;
    (await leased).release('gone');
  }
}
