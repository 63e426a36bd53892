/** A folder of pictures under one model: decoding alone, passes alone, and a job that does both, on the same cores in one run. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ModelDescription } from '../architecture/description';
import { BatchSize } from '../engine/batches/batchSize';
import { Preparers } from '../engine/batches/preparers';
import { EngineClient } from '../engine/client';
import { decoderMemory } from '../engine/memory';
import { NativeBackend } from '../engine/native/backend';
import { loadBinding } from '../engine/native/binding';
import type { EngineOptions } from '../engine/requests';
import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import { startJob } from '../jobs/job';
import { onlyModel } from '../jobs/onlyModel';
import type { JobPicture } from '../jobs/picture';
import { ResultsWriter } from '../results/writer';
import { nativeArchitecture } from './bench';
import { median } from './statistics';
import { measureWait } from './wait';

export interface FolderRow {
  model: string;
  threads: number;
  pictures: number;
  /** Pictures a second; medians of the rounds. `possible`: 1 / (1 / decode + 1 / forward). */
  decode: number;
  forward: number;
  both: number;
  possible: number;
  /** both / possible */
  ratio: number;
  /**
   * Resident memory of the engine process and its decoders in the last job, bytes, medians over its second tenth and its last: what a job
   * grows by while it goes on. null where /proc tells nothing, or the job is too short.
   */
  memory: { second: number; last: number } | null;
  /** Milliseconds until a picture is opened and run, medians: alone, and while a job works. */
  alone_ms: number;
  beside_ms: number;
}

export interface FolderOptions {
  /** dist/, absolute. */
  programs: string;
  pictures: JobPicture[];
  threads: number;
  rounds: number;
  /** How often a panel's wait is measured, alone and beside a job. */
  waits: number;
}

/** Handed over at once, as many as a job does for small pictures, and so many times ahead. */
const CHUNK = 64;
const AHEAD = 3;

/** Each round: decoding, passes, both. */
export async function measureFolder(
  model: string,
  description: ModelDescription,
  { programs, pictures, threads, rounds, waits }: FolderOptions,
): Promise<FolderRow> {
  if (pictures.length === 0) throw new EngineError('ERR_ARGUMENT', sentence('There is no picture to measure with.'));
  const options: EngineOptions = { engine: 'native', threads, gemm: 'packed', precision: 'fp32' };
  const rates: { decode: number; forward: number; both: number }[] = [];
  let memory: FolderRow['memory'] = null;
  for (let round = 0; round < rounds; round++) {
    const decode = await decodeAlone(path.join(programs, 'decoder.js'), description, pictures);
    const forward = await forwardAlone(description, options, pictures.length);
    const job = await wholeJob(path.join(programs, 'engine.js'), model, options, pictures);
    memory = job.memory;
    rates.push({ decode, forward, both: job.rate });
  }
  const middle = (of: (rate: (typeof rates)[number]) => number) => median(rates.map(of));
  const possible = ({ decode, forward }: { decode: number; forward: number }) => 1 / (1 / decode + 1 / forward);
  const wait = await measureWait(path.join(programs, 'engine.js'), model, options, pictures, waits);
  return {
    model: description.name,
    threads,
    pictures: pictures.length,
    decode: middle(({ decode }) => decode),
    forward: middle(({ forward }) => forward),
    both: middle(({ both }) => both),
    possible: middle(possible),
    ratio: middle((rate) => rate.both / possible(rate)),
    memory,
    ...wait,
  };
}

/** On every core: processes side by side, as many as fill the machine, each with pictures handed over ahead. */
async function decodeAlone(
  decoder: string,
  { preprocessing }: ModelDescription,
  pictures: JobPicture[],
): Promise<number> {
  const { signal } = new AbortController();
  const ended = () => Promise.reject(new Error('a decoder process ended'));
  const processes = Array.from({ length: os.availableParallelism() }, () => new Preparers(decoder, ended));
  const sources = pictures.flatMap(({ source }) => ('error' in source ? [] : [source]));
  const memory = decoderMemory(undefined);
  const prepare = async (preparers: Preparers, begin: number): Promise<void> => {
    const chunk = sources.slice(begin, begin + CHUNK);
    (await preparers.prepare(chunk, preprocessing, memory, signal)).release();
  };
  try {
    // the processes start, and libvips with them
    await Promise.all(processes.map((preparers) => prepare(preparers, 0)));
    const started = performance.now();
    let next = 0;
    const work = async (preparers: Preparers): Promise<void> => {
      while (next < sources.length) {
        next += CHUNK;
        await prepare(preparers, next - CHUNK);
      }
    };
    await Promise.all(processes.flatMap((preparers) => Array.from({ length: AHEAD }, () => work(preparers))));
    return perSecond(sources.length, started);
  } finally {
    for (const preparers of processes) preparers.dispose();
  }
}

/** Batches as large as a job makes them, of the same input. */
async function forwardAlone(description: ModelDescription, options: EngineOptions, count: number): Promise<number> {
  const { signal } = new AbortController();
  const architecture = nativeArchitecture(description);
  const model = await new NativeBackend(loadBinding()).load(description, options, signal);
  try {
    const { channels, height, width } = architecture.image;
    const size = new BatchSize();
    const pass = async (batch: number): Promise<void> => {
      const input = new Float32Array(batch * channels * height * width).fill(0.5);
      const begun = performance.now();
      (await model.forward({ input, batch, attention: false, tokens: false, signal })).release();
      size.took(batch, performance.now() - begun);
    };
    for (let i = 0; i < 5; i++) await pass(size.next);
    const started = performance.now();
    for (let done = 0; done < count;) {
      const batch = Math.min(size.next, count - done);
      await pass(batch);
      done += batch;
    }
    return perSecond(count, started);
  } finally {
    model.close();
  }
}

async function wholeJob(
  processFile: string,
  model: string,
  options: EngineOptions,
  pictures: JobPicture[],
): Promise<{ rate: number; memory: FolderRow['memory'] }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-bench-'));
  const engine = new EngineClient({ processFile });
  try {
    let started = 0;
    let from = 0;
    const measured: { share: number; bytes: Promise<number> }[] = [];
    const job = startJob(
      engine,
      onlyModel(engine, { id: model }, options),
      pictures,
      {
        open: (header) => ResultsWriter.open(path.join(folder, 'rows.jsonl'), header),
        ...{ root: '', precision: options.precision, topK: 5, logits: false, embeddings: null },
      },
      ({ done }) => {
        // counted from the first rows on: until then processes start and the model is loaded
        if (done > 0 && started === 0) [started, from] = [performance.now(), done];
        measured.push({ share: done / pictures.length, bytes: residentMemory(engine.pid) });
      },
    );
    const { done } = await job.finished;
    const rate = perSecond(done - from, started);
    const between = async (from: number, to: number): Promise<number> => {
      const within = measured.filter(({ share }) => share > from && share <= to);
      return within.length === 0 ? 0 : median(await Promise.all(within.map(({ bytes }) => bytes)));
    };
    const [second, last] = [await between(0.1, 0.2), await between(0.9, 1)];
    return { rate, memory: second > 0 && last > 0 ? { second, last } : null };
  } finally {
    engine.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

const perSecond = (count: number, started: number): number => (1000 * count) / (performance.now() - started);

/** Of a process and those it started (Linux); 0 where the system does not tell. */
async function residentMemory(pid: number | undefined): Promise<number> {
  if (pid === undefined) return 0;
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const own = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  const others = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map((child) => residentMemory(Number(child))),
  );
  return own + others.reduce((sum, bytes) => sum + bytes, 0);
}
