/** What a pass takes as pictures get larger: each engine in a process of its own, asked in turn, with the most memory that it had. */
import type { ModelDescription } from '../architecture/description';
import { gridOf } from '../architecture/grid';
import { prefixCount } from '../architecture/tensors';
import { EngineClient } from '../engine/client';
import { difference } from '../engine/process/verify';
import type { EngineKind } from '../engine/requests';
import { assertAgree, nativeArchitecture, pause, randomInput, sizeOf, WARM_UP_BELOW_MS } from './bench';
import { operations } from './models';
import { peakMemory } from './start';
import { median } from './statistics';

export interface TokensRow {
  model: string;
  /** The class token's among them. */
  tokens: number;
  threads: number;
  native_ms: number;
  onnx_ms: number;
  /** Median of onnx_ms / native_ms of each round. */
  ratio: number;
  /** Of the native engine. */
  gflops: number;
  /** Most memory each process ever had, bytes; null where the system does not tell. */
  native_bytes: number | null;
  onnx_bytes: number | null;
}

interface TokensOptions {
  /** dist/engine.js, absolute. */
  processFile: string;
  threads: number;
  rounds: number;
}

/** One picture and no maps, medians over the rounds; the first pass of each is not counted. */
export async function measureTokens(
  description: ModelDescription,
  { processFile, threads, rounds }: TokensOptions,
): Promise<TokensRow> {
  const architecture = nativeArchitecture(description);
  const [rows, columns] = gridOf(architecture);
  const { channels, height, width } = architecture.image;
  const picture = { values: randomInput(sizeOf(architecture)), shape: [1, channels, height, width] };
  const clients = [new EngineClient({ processFile }), new EngineClient({ processFile })] as const;
  try {
    const load = async (client: EngineClient, engine: EngineKind): Promise<number> => {
      const options = { engine, threads, gemm: 'packed', precision: 'fp32' } as const;
      return (await client.request('load-model', { description, options })).modelId;
    };
    const models = await Promise.all([load(clients[0], 'native'), load(clients[1], 'onnx')]);
    const logits: Float32Array[] = [];
    const once = async (which: 0 | 1): Promise<number> => {
      const asked = { modelId: models[which], ...picture, attention: false, tokens: false };
      const { runId, forward_ms } = await clients[which].request('run-tensor', asked);
      logits[which] ??= (await clients[which].request('slice', { runId, what: { kind: 'logits' } })).values;
      await clients[which].request('close-run', { runId });
      return forward_ms;
    };
    // the other engine has emptied the caches: as in ./bench.ts
    const pass = async (which: 0 | 1): Promise<number> => {
      const first = await once(which);
      const ms = first < WARM_UP_BELOW_MS ? await once(which) : first;
      await pause();
      return ms;
    };
    const times: [native: number, onnx: number][] = [];
    for (let round = 0; round <= rounds; round++) {
      const both: [number, number] = [await pass(0), await pass(1)];
      if (round > 0) times.push(both);
    }
    assertAgree(description.name, difference(logits[0]!, logits[1]!));
    const native_ms = median(times.map(([native]) => native));
    return {
      model: description.name,
      tokens: rows * columns + prefixCount(architecture.prefix),
      threads,
      native_ms,
      onnx_ms: median(times.map(([, onnx]) => onnx)),
      ratio: median(times.map(([native, onnx]) => onnx / native)),
      gflops: operations(architecture) / native_ms / 1e6,
      native_bytes: await peakMemory(clients[0].pid),
      onnx_bytes: await peakMemory(clients[1].pid),
    };
  } finally {
    for (const client of clients) client.dispose();
  }
}
