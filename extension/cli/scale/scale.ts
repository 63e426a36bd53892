/** `classify` and `embed` of many pictures: what goes in, which part of it is this process's, where it goes, and how it ends. */
import path from 'node:path';
import { stat } from 'node:fs/promises';
import type { EngineClient } from '../../engine/client';
import { FileRefusal } from '../../errors/fileRefusal';
import { toErrorShape } from '../../errors/engineError';
import { startJob } from '../../jobs/job';
import { onlyModel } from '../../jobs/onlyModel';
import type { JobPicture } from '../../jobs/picture';
import type { ResultsHeader } from '../../results/format';
import { withLock } from '../../results/lock';
import { ResultsWriter } from '../../results/writer';
import { modelQueryOf } from '../engine';
import { complain, lineOf, onSignal, Unreadable, UsageError } from '../errors';
import { engineOptionsOf } from '../options';
import { isArchive } from './archive';
import { filesNamed, inputsOf, type Inputs } from './inputs';
import { embeddingsPartOf, finishOutput, formatOf, isDone, partOf, startAnew } from './output';
import { picturesFromLines } from './requests';
import type { ScaleOptions, Wanted } from './scaleOptions';
import { isMine, shardName, shardOf, type Shard } from './shard';
import { StandardOutput } from './standardOutput';

/** Bad pictures are rows, and no failure. Throws UsageError, Unreadable (never to be tried again), and what may be tried again. */
export async function runScale(
  engine: EngineClient,
  names: readonly string[],
  options: ScaleOptions,
  wanted: Wanted,
): Promise<void> {
  check(names, options, wanted);
  try {
    if (options.stdinJsonl) {
      const pictures = picturesFromLines(process.stdin);
      return await print(engine, { root: process.cwd(), shown: (image) => image, pictures }, null, options, wanted);
    }
    const shard = options.shard ?? shardOf(process.env);
    const output = options.output?.replaceAll('{shard}', shardName(shard));
    if (output === undefined) {
      return await print(engine, await inputsOf(names, options.filesFrom), shard, options, wanted);
    }
    if (output.endsWith('/') || (await isFolder(output)))
      return await archives(engine, names, output, shard, options, wanted);
    const inputs = await inputsOf(names, options.filesFrom);
    await write(engine, inputs, output, shard, options, wanted);
  } catch (error) {
    throw ofKind(error);
  }
}

function check(names: readonly string[], options: ScaleOptions, { embeddings }: Wanted): void {
  const { format, output, resume, filesFrom, stdinJsonl } = options;
  const given = [names.length > 0, filesFrom !== undefined, stdinJsonl === true].filter(Boolean).length;
  if (given === 0) throw new UsageError("missing required argument 'image'");
  if (stdinJsonl && (given > 1 || output !== undefined))
    throw new UsageError('--stdin-jsonl goes with no pictures and no --output');
  if (resume && output === undefined) throw new UsageError('--resume needs --output');
  if (output === undefined && (format === 'parquet' || format === 'npy'))
    throw new UsageError(`--format ${format} needs --output`);
  const made = format ?? (output === undefined ? 'jsonl' : formatOf(output));
  if (made === 'npy' && !embeddings) throw new UsageError('--format npy is for embed');
}

/** What can never be read is told apart from what may work another time. */
function ofKind(error: unknown): unknown {
  if (error instanceof UsageError || error instanceof Unreadable) return error;
  if (error instanceof FileRefusal) return error.kind === 'other-contents' ? new UsageError(lineOf(error)) : error;
  const never = ['ERR_MODEL', 'ERR_UNSUPPORTED', 'ERR_ARCHITECTURE', 'ERR_TENSOR', 'ERR_FILE', 'ERR_UNTRUSTED'];
  return never.includes(toErrorShape(error).code) ? new Unreadable(lineOf(error)) : error;
}

const isFolder = async (name: string): Promise<boolean> => (await stat(name).catch(() => null))?.isDirectory() === true;

/** One output for each archive, of its name; whole archives are shared out. */
async function archives(
  engine: EngineClient,
  names: readonly string[],
  folder: string,
  shard: Shard | null,
  options: ScaleOptions,
  wanted: Wanted,
): Promise<void> {
  if (!names.every(isArchive) || options.filesFrom !== undefined) {
    throw new UsageError(`${folder} is a folder: --output into it is for archives, one output for each`);
  }
  const files = (await Promise.all(names.map(filesNamed))).flat();
  const stems = files.map((name) => path.basename(name).replace(/\.(tar|tar\.gz|tgz)$/i, ''));
  const twice = stems.find((stem, i) => stems.indexOf(stem) < i);
  if (twice !== undefined) throw new UsageError(`two archives are called ${twice}`);
  for (const [i, name] of files.entries()) {
    if (!isMine(stems[i]!, shard)) continue;
    const inputs = await inputsOf([name], undefined);
    await write(engine, inputs, path.join(folder, `${stems[i]}.${options.format ?? 'jsonl'}`), null, options, wanted);
  }
}

async function write(
  engine: EngineClient,
  inputs: Inputs,
  output: string,
  shard: Shard | null,
  options: ScaleOptions,
  wanted: Wanted,
): Promise<void> {
  const part = partOf(output);
  await withLock(part, async () => {
    if (options.resume && (await isDone(output))) {
      console.error(`${output} is there already.`);
      return;
    }
    if (!options.resume) await startAnew(output);
    const open = (header: ResultsHeader) => ResultsWriter.open(part, header);
    const done = await run(engine, inputs, shard, options, wanted, open, embeddingsPartOf(output));
    if (done) await finishOutput(output, options.format ?? formatOf(output), inputs.shown);
  });
}

async function print(
  engine: EngineClient,
  inputs: Inputs,
  shard: Shard | null,
  options: ScaleOptions,
  wanted: Wanted,
): Promise<void> {
  const as =
    options.format === 'csv' ? 'csv' : options.format === 'jsonl' || options.stdinJsonl ? 'jsonl' : wanted.printed;
  const open = (header: ResultsHeader) =>
    Promise.resolve(new StandardOutput(header, as, inputs.shown, wanted.embeddings));
  await run(engine, inputs, shard, options, wanted, open, 'embeddings.f32');
}

/** False: a signal ended it. What is written stays, and is gone on with. */
async function run(
  engine: EngineClient,
  { root, pictures }: Inputs,
  shard: Shard | null,
  options: ScaleOptions,
  { topK, embeddings, failedIs }: Wanted,
  open: Parameters<typeof startJob>[3]['open'],
  embeddingsFile: string,
): Promise<boolean> {
  const { batch, precision, memoryLimit, logits = false } = options;
  const job = startJob(
    engine,
    onlyModel(engine, modelQueryOf(options), engineOptionsOf(options)),
    mine(pictures, shard),
    { open, root, precision, topK, logits, embeddings: embeddings ? embeddingsFile : null, memoryLimit, batch },
    shownProgress(),
  );
  const stop = onSignal(async () => {
    job.cancel();
    await job.finished.catch(() => undefined);
  });
  try {
    const { state, failed, done } = await job.finished;
    if (failed > 0) complain(`${failed} of ${done} pictures could not be read; their rows say why.`);
    if (failed > 0) process.exitCode = failedIs;
    return state === 'done';
  } finally {
    stop();
  }
}

async function* mine(pictures: AsyncIterable<JobPicture>, shard: Shard | null): AsyncGenerator<JobPicture> {
  for await (const picture of pictures) if (isMine(picture.id, shard)) yield picture;
}

/** On a terminal, a line that is written over; elsewhere nothing. */
function shownProgress(): Parameters<typeof startJob>[4] {
  if (!process.stderr.isTTY || process.stdout.isTTY) return undefined;
  return ({ done, skipped, rate, state }) =>
    process.stderr.write(`\r${done + skipped} pictures, ${rate.toFixed(0)} a second${state === 'done' ? '\n' : ''}`);
}
