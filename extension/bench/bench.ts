/** Engines against each other on the same weights and the same input, one after the other in every round. */
import os from 'node:os';
import type { Binding, LoadRequest, Model } from '../../native/binding';
import type { Architecture, ModelDescription } from '../architecture/description';
import type { BackendModel } from '../engine/backend';
import { EngineError } from '../errors/engineError';
import { loadBinding } from '../engine/native/binding';
import { OnnxBackend } from '../engine/onnx/backend';
import { seededWeights } from '../engine/native/seeded';
import { difference } from '../engine/process/verify';
import type { Difference } from '../engine/requests';
import { tolerances } from '../engine/tolerances';
import { operations } from './models';
import { openOnnxInt8 } from './onnxInt8';
import { median } from './statistics';
import { sentence } from '../errors/sentence';

export interface BenchRow {
  model: string;
  threads: number;
  batch: number;
  precision: 'fp32' | 'bf16' | 'int8';
  /** Attention maps kept by the native engine. onnxruntime runs without them either way. */
  maps: boolean;
  native_ms: number;
  onnx_ms: number;
  /** ONNX Runtime with 8-bit weights, dynamically quantised; null in the lines of float32. */
  onnx_int8_ms: number | null;
  /** Of the native engine with BLAS for the matrix products; null where only the packed kernels are measured. */
  blas_ms: number | null;
  /** Median of onnx_ms / native_ms of each round: over 1, native is faster. */
  ratio: number;
  /** The same for onnx_int8_ms. */
  ratio_to_onnx_int8: number | null;
  /** Median of the time of our own float32 without maps / native_ms of each round: what 8 bits gain, what maps cost. */
  ratio_to_fp32: number;
  gflops: number;
  share_of_peak: number;
  /** Largest difference of the logits from onnxruntime's. */
  difference: number;
}

export interface BenchOptions {
  threads: number[];
  batches: number[];
  rounds: number;
}

export interface BenchReport {
  machine: string;
  kernels: string;
  blas: string;
  onnxruntime: string;
  /** float32, with the most threads measured, just before the first model. */
  peak_gflops: number;
  rows: BenchRow[];
}

/** The threads of onnxruntime and of BLAS look for more work for a while after a pass; nobody is measured meanwhile. */
const PAUSE_MS = 60;
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

export async function bench(
  models: ModelDescription[],
  options: BenchOptions,
  onRow: (row: BenchRow) => void,
): Promise<BenchReport> {
  const binding = loadBinding();
  const { kernels, blas } = binding.info();
  const { common } = (await import('onnxruntime-node')).env.versions;
  const peaks = new Map<number, number>();
  for (const threads of options.threads) peaks.set(threads, await measurePeak(binding, threads));
  const rows: BenchRow[] = [];
  for (const model of models) {
    for (const threads of options.threads) {
      for await (const row of measure(binding, model, threads, peaks.get(threads) ?? NaN, options)) {
        rows.push(row);
        onRow(row);
      }
    }
  }
  return {
    machine: `${os.cpus()[0]?.model ?? os.arch()}, ${os.availableParallelism()} cores, ${os.platform()} ${os.release()}`,
    kernels,
    blas,
    onnxruntime: common,
    peak_gflops: Math.max(...peaks.values()),
    rows,
  };
}

/** The best of some tries: what else the machine does is no part of its peak. */
async function measurePeak(binding: Binding, threads: number): Promise<number> {
  let best = 0;
  for (let i = 0; i < 8; i++) best = Math.max(best, await binding.measurePeak(threads));
  return best;
}

/** Something that runs and is timed; the first pass of each is not counted. */
interface Contender {
  forward(input: Float32Array, batch: number): Promise<Float32Array>;
  times: number[];
  shortest: number;
  logits: Float32Array;
}

/** Longer passes warm up on their own way. */
export const WARM_UP_BELOW_MS = 250;

async function* measure(
  binding: Binding,
  description: ModelDescription,
  threads: number,
  peak: number,
  { batches, rounds }: BenchOptions,
): AsyncGenerator<BenchRow> {
  const architecture = nativeArchitecture(description);
  const load = (gemm: LoadRequest['gemm'], precision: LoadRequest['precision']): Promise<Model> =>
    binding.load({ architecture, weights: weightsOf(description), gemm, precision, threads });
  const onnx = await new OnnxBackend(seededWeights(() => binding)).load(description, {
    engine: 'onnx',
    threads,
    gemm: 'packed',
    precision: 'fp32',
  });
  const onnxInt8 = await openOnnxInt8(
    description,
    seededWeights(() => binding),
    threads,
  );
  const [packed, int8, blas] = [await load('packed', 'fp32'), await load('packed', 'int8'), await load('blas', 'fp32')];
  const bf16 = binding.info().bf16 ? await load('packed', 'bf16') : null;
  try {
    for (const batch of batches) {
      const input = randomInput(batch * sizeOf(architecture));
      const contenders = {
        onnx: contender(throughBackend(onnx)),
        fp32: contender(natively(packed, false)),
        maps: contender(natively(packed, true)),
        ...(bf16 && { bf16: contender(natively(bf16, false)) }),
        int8: contender(natively(int8, false)),
        onnxInt8: contender(onnxInt8.forward),
        blas: contender(natively(blas, false)),
      };
      for (let round = 0; round <= rounds; round++) {
        for (const each of Object.values(contenders)) {
          // The others have emptied the caches and sent the threads to sleep; that is not what a pass costs.
          if (each.shortest < WARM_UP_BELOW_MS) await each.forward(input, batch);
          const started = performance.now();
          each.logits = await each.forward(input, batch);
          const time = performance.now() - started;
          each.shortest = Math.min(each.shortest, time);
          if (round > 0) each.times.push(time);
          await pause();
        }
      }
      const row = (name: 'fp32' | 'maps' | 'bf16' | 'int8', { logits, times }: Contender): BenchRow => {
        const apart = difference(logits, contenders.onnx.logits);
        if (name === 'fp32' || name === 'maps') assertAgree(description.name, apart);
        const ms = median(times);
        const ratioOf = (other: Contender): number =>
          median(other.times.map((time, round) => time / (times[round] ?? NaN)));
        const gflops = (operations(architecture) * batch) / ms / 1e6;
        return {
          model: description.name,
          threads,
          batch,
          precision: name === 'maps' ? 'fp32' : name,
          maps: name === 'maps',
          native_ms: ms,
          onnx_ms: median(contenders.onnx.times),
          onnx_int8_ms: name === 'int8' ? median(contenders.onnxInt8.times) : null,
          blas_ms: name === 'fp32' ? median(contenders.blas.times) : null,
          ratio: ratioOf(contenders.onnx),
          ratio_to_onnx_int8: name === 'int8' ? ratioOf(contenders.onnxInt8) : null,
          ratio_to_fp32: ratioOf(contenders.fp32),
          gflops,
          share_of_peak: gflops / peak,
          difference: apart.max,
        };
      };
      yield row('fp32', contenders.fp32);
      yield row('maps', contenders.maps);
      if (contenders.bf16) yield row('bf16', contenders.bf16);
      yield row('int8', contenders.int8);
    }
  } finally {
    for (const model of [packed, int8, blas, bf16]) model?.close();
    onnx.close();
    await onnxInt8.close();
  }
}

/** Throws ERR_INTERNAL where logits of float32 are further apart than two engines may be. */
export function assertAgree(name: string, { max, scale }: Difference): void {
  if (max <= tolerances.logits * Math.max(1, scale)) return;
  throw new EngineError('ERR_INTERNAL', sentence("{0}: the engines' logits differ by {1}.", name, max));
}

/** Milliseconds of each stage of one native pass, the median of `rounds`. */
export async function profile(
  description: ModelDescription,
  threads: number,
  batch: number,
  rounds: number,
): Promise<{ stage: string; ms: number }[]> {
  const architecture = nativeArchitecture(description);
  const model = await loadBinding().load({
    architecture,
    weights: weightsOf(description),
    gemm: 'packed',
    precision: 'fp32',
    threads,
  });
  const stages = new Map<string, number[]>();
  const input = randomInput(batch * sizeOf(architecture));
  for (let round = 0; round <= rounds; round++) {
    const run = await model.forward(input, batch, { attention: false, tokens: false, profile: true });
    if (round > 0) for (const { stage, ms } of run.profile ?? []) stages.set(stage, [...(stages.get(stage) ?? []), ms]);
    run.release();
  }
  model.close();
  return [...stages].map(([stage, times]) => ({ stage, ms: median(times) }));
}

const contender = (forward: Contender['forward']): Contender => ({
  forward,
  times: [],
  shortest: Infinity,
  logits: new Float32Array(),
});

const natively =
  (model: Model, attention: boolean): Contender['forward'] =>
  async (input, batch) => {
    const run = await model.forward(input, batch, { attention, tokens: false });
    const { logits } = run;
    run.release();
    return logits;
  };

const throughBackend =
  (model: BackendModel): Contender['forward'] =>
  async (input, batch) => {
    const { signal } = new AbortController();
    const run = await model.forward({ input, batch, attention: false, tokens: false, signal });
    const { logits } = run;
    run.release();
    return logits;
  };

/** Throws ERR_UNSUPPORTED for an ONNX file. */
export function nativeArchitecture({ architecture, weights, path }: ModelDescription): Architecture {
  if (architecture !== null && weights.kind !== 'onnx') return architecture;
  throw new EngineError(
    'ERR_UNSUPPORTED',
    sentence('{0} is an ONNX file: the native engine has no weights of it to race with.', path),
  );
}

function weightsOf({ weights, path }: ModelDescription): LoadRequest['weights'] {
  if (weights.kind === 'onnx') throw new EngineError('ERR_UNSUPPORTED', sentence('{0} is an ONNX file.', path));
  return weights.kind === 'seed' ? { seed: weights.seed } : { tensors: weights.tensors };
}

export const sizeOf = ({ image }: Architecture): number => image.channels * image.height * image.width;

/** Numbers like those of a normalised picture, the same in every run. */
export function randomInput(length: number): Float32Array {
  const values = new Float32Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state / 2 ** 32 - 0.5) * 4;
  }
  return values;
}
