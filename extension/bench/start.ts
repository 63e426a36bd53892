/** From nothing to the first prediction: an engine process is started for every round, once with each engine in turn. */
import { readFile } from 'node:fs/promises';
import type { ModelDescription } from '../architecture/description';
import { EngineClient } from '../engine/client';
import type { EngineKind, EngineOptions } from '../engine/requests';
import { median } from './statistics';

interface StartRow {
  model: string;
  engine: EngineKind;
  /** Milliseconds until the process answers, until the model is loaded, and until the first prediction is there. */
  ready_ms: number;
  load_ms: number;
  first_ms: number;
  /** Of all three: what somebody waits. */
  total_ms: number;
  /** Most memory the process ever had, bytes; null where the system does not tell. */
  peak_bytes: number | null;
}

interface StartOptions {
  /** dist/engine.js, absolute. */
  processFile: string;
  /** A picture, absolute. */
  image: string;
  threads: number;
  rounds: number;
}

/** Medians over the rounds, one row for each engine: the native one, then ONNX Runtime on the same weights. */
export async function measureStart(description: ModelDescription, options: StartOptions): Promise<StartRow[]> {
  const engines: EngineKind[] = description.weights.kind === 'onnx' ? ['onnx'] : ['native', 'onnx'];
  const rounds = new Map<EngineKind, StartRow[]>(engines.map((engine) => [engine, []]));
  for (let round = 0; round < options.rounds; round++) {
    for (const engine of engines) rounds.get(engine)!.push(await startOnce(description, engine, options));
  }
  return engines.map((engine) => {
    const rows = rounds.get(engine)!;
    const middle = (of: (row: StartRow) => number): number => median(rows.map(of));
    return {
      model: description.name,
      engine,
      ready_ms: middle((row) => row.ready_ms),
      load_ms: middle((row) => row.load_ms),
      first_ms: middle((row) => row.first_ms),
      total_ms: middle((row) => row.total_ms),
      peak_bytes: rows.some((row) => row.peak_bytes === null) ? null : middle((row) => row.peak_bytes ?? NaN),
    };
  });
}

async function startOnce(
  description: ModelDescription,
  engine: EngineKind,
  { processFile, image, threads }: StartOptions,
): Promise<StartRow> {
  const options: EngineOptions = { engine, threads, gemm: 'packed', precision: 'fp32' };
  const client = new EngineClient({ processFile });
  try {
    const forked = performance.now();
    await client.request('info', null);
    const ready = performance.now();
    const { modelId } = await client.request('load-model', { description, options });
    const loaded = performance.now();
    const { imageId } = await client.request('open-image', { path: image, preview: false, inputOf: { modelId } });
    await client.request('run', { modelId, imageId, topK: 1, attention: false, tokens: false });
    const predicted = performance.now();
    return {
      model: description.name,
      engine,
      ready_ms: ready - forked,
      load_ms: loaded - ready,
      first_ms: predicted - loaded,
      total_ms: predicted - forked,
      peak_bytes: await peakMemory(client.pid),
    };
  } finally {
    client.dispose();
  }
}

/** The high water mark of a process's resident memory (Linux). */
export async function peakMemory(pid: number | undefined): Promise<number | null> {
  const status = await readFile(`/proc/${pid ?? 0}/status`, 'utf8').catch(() => '');
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB/m.exec(status) ?? [];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}
