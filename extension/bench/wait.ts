/** How long a panel waits for a picture, alone and while a job works in the same engine process. */
import { EngineClient } from '../engine/client';
import type { EngineOptions } from '../engine/requests';
import { startJob } from '../jobs/job';
import { onlyModel } from '../jobs/onlyModel';
import type { JobPicture } from '../jobs/picture';
import { median } from './statistics';

/** Longer than a job waits for a panel's next request: each one meets the job at work. */
const PAUSE_MS = 400;

export async function measureWait(
  processFile: string,
  model: string,
  options: EngineOptions,
  pictures: JobPicture[],
  count: number,
): Promise<{ alone_ms: number; beside_ms: number }> {
  const engine = new EngineClient({ processFile });
  try {
    const { loaded } = await engine.request('open-model', { model: { id: model }, options });
    const [source] = pictures.flatMap(({ source }) => ('error' in source ? [] : [source]));
    const once = async (): Promise<number> => {
      const started = performance.now();
      const { imageId } = await engine.request('open-image', { ...source!, preview: true });
      const { runId } = await engine.request('run', {
        ...{ modelId: loaded.modelId, imageId, topK: 5, attention: true, tokens: false },
      });
      const waited = performance.now() - started;
      await engine.request('close-run', { runId });
      await engine.request('close-image', { imageId });
      return waited;
    };
    const several = async (): Promise<number> => {
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        times.push(await once());
      }
      return median(times);
    };
    await once();
    const alone_ms = await several();
    // the same pictures over and over: it ends when it is told to
    const endless = (function* () {
      for (let i = 0; ; i++) yield { ...pictures[i % pictures.length]!, id: String(i) };
    })();
    let begun = () => {};
    const working = new Promise<void>((resolve) => (begun = resolve));
    const rows = { claim: () => true, append: () => Promise.resolve(begun()), close: () => Promise.resolve() };
    const job = startJob(engine, onlyModel(engine, { id: model }, options), endless, {
      open: () => Promise.resolve(rows),
      ...{ root: '', precision: options.precision, topK: 5, logits: false, embeddings: null },
    });
    await Promise.race([working, job.finished]);
    const beside_ms = await several();
    job.cancel();
    await job.finished;
    return { alone_ms, beside_ms };
  } finally {
    engine.dispose();
  }
}
