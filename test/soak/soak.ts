/** One engine process, and requests to it as panels make them, for as long as one likes: does its memory grow? */
import { readFileSync } from 'node:fs';
import { descendants } from '../e2e/support/processes';
import { Random } from '../fuzz/random';
import { makeClient, native, sample } from '../integration/support';
import { EMBEDDED } from '../../extension/models/modelId';

const pictures = ['aeroplane.png', 'car.png', 'cat.webp', 'frog.png', 'ship.png'].map(sample);
/** A picture is opened, run, looked at in three ways, and closed. */
const REQUESTS_A_PICTURE = 7;
/** Models are opened again so often. */
const PICTURES_A_MODEL = 50;

export interface Soaked {
  requests: number;
  /** Megabytes of the engine and its decoder, the median of each tenth. */
  tenths: number[];
  /** Answers that were not what the first one of that picture was. */
  different: number;
}

/** Resident memory, in MB, of a process and those it started. Linux. */
function residentMb(pid: number): number {
  const kb = descendants(pid, '').map(({ pid: one }) => {
    try {
      return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0; // it has ended
    }
  });
  return kb.reduce((sum, one) => sum + one, 0) / 1024;
}

interface SoakOptions {
  seed?: number;
  /** Of six layers and 65 tokens at least. */
  model?: string;
  /** Called now and then, with the memory of that moment. */
  onProgress?: (done: number, mb: number) => void;
}

export async function soak(
  requests: number,
  { seed = 1, model: id = EMBEDDED, onProgress = () => undefined }: SoakOptions = {},
): Promise<Soaked> {
  const client = makeClient();
  const random = new Random(seed);
  const first = new Map<string, string>();
  const memory: number[] = [];
  let [done, different] = [0, 0];
  try {
    for (let i = 0, modelId = 0; done < requests; i++) {
      if (i % PICTURES_A_MODEL === 0) {
        if (modelId !== 0) await client.request('close-model', { modelId });
        modelId = (await client.request('open-model', { model: { id }, options: native })).loaded.modelId;
        done++;
      }
      const path = random.of(pictures);
      const { imageId } = await client.request('open-image', { path, preview: true });
      const { runId } = await client.request('run', { modelId, imageId, topK: 5, attention: true, tokens: true });
      const layer = random.below(6);
      const [{ values }] = await Promise.all([
        client.request('slice', { runId, what: { kind: 'logits' } }),
        client.request('slice', { runId, what: { kind: 'attention-rows', layer, query: random.below(65) } }),
        client.request('slice', {
          runId,
          what: { kind: 'rollout', from: 0, to: layer, fusion: 'mean', query: 0, discardRatio: 0 },
        }),
      ]);
      await Promise.all([client.request('close-run', { runId }), client.request('close-image', { imageId })]);
      done += REQUESTS_A_PICTURE;
      const logits = values.join();
      if ((first.get(path) ?? logits) !== logits) different++;
      first.set(path, logits);
      if (i % 10 === 0) {
        const mb = residentMb(client.pid!);
        memory.push(mb);
        onProgress(done, mb);
      }
    }
  } finally {
    client.dispose();
  }
  return { requests: done, tenths: tenthsOf(memory), different };
}

function tenthsOf(values: readonly number[]): number[] {
  return Array.from({ length: 10 }, (_, i) => {
    const part = values.slice(Math.floor((i * values.length) / 10), Math.floor(((i + 1) * values.length) / 10));
    return part.sort((a, b) => a - b)[Math.floor(part.length / 2)] ?? 0;
  });
}
