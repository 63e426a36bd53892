/** Many pictures under one model: made into inputs by processes of their own, computed in batches, in the pauses of other requests. */
import type { ModelDescription } from '../../architecture/description';
import { EngineError, toErrorShape } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';
import { firstNonFinite } from '../../files/finite';
import { Scratch } from '../../system/scratch';
import type { BackendModel, BackendRun } from '../backend';
import { whyNotFinite } from '../finite';
import { batchOf } from '../inputShape';
import { decoderMemory } from '../memory';
import { readLogits } from '../predictions';
import type { EngineRequests, PictureOutcome } from '../requests';
import { BatchSize } from './batchSize';
import type { Prepared } from './preparer';
import type { Preparers } from './preparers';
import type { Turns } from './turns';

export interface RunningModel {
  model: BackendModel;
  description: ModelDescription;
  closed: boolean;
}

type Request = EngineRequests['classify-pictures']['take'];
type Made = Exclude<Prepared, { error: unknown }>;

/** Pictures of one request. */
const MOST_PICTURES = 1024;

export class Batches {
  private readonly sizes = new WeakMap<BackendModel, BatchSize>();
  private passes: Promise<unknown> = Promise.resolve();
  /** The input of one pass after the other. */
  private readonly inputs = new Scratch(1);

  constructor(
    private readonly preparers: Preparers,
    private readonly turns: Turns,
  ) {}

  /** One outcome for each picture. While one request computes, others' pictures are made. Rejects with ERR_CANCELLED, ERR_UNSUPPORTED. */
  async classify(request: Request, of: RunningModel, signal: AbortSignal): Promise<PictureOutcome[]> {
    const { pictures, memoryLimit } = request;
    if (pictures.length > MOST_PICTURES) {
      const said = sentence(
        '{0} pictures are too many for one request; the most is {1}.',
        pictures.length,
        MOST_PICTURES,
      );
      throw new EngineError('ERR_ARGUMENT', said);
    }
    await this.turns.pause(signal);
    const { preprocessing } = of.description;
    const batch = await this.preparers.prepare(pictures, preprocessing, decoderMemory(memoryLimit), signal);
    const { pictures: prepared } = batch;
    const outcomes = prepared.map((picture) => checked(picture, of));
    const compute = () => this.compute(request, of, prepared, outcomes, signal);
    const computed = this.passes.then(compute).finally(() => batch.release());
    this.passes = computed.catch(() => undefined);
    await computed;
    return outcomes as PictureOutcome[];
  }

  /** Fills in the outcomes of the pictures that have none yet. */
  private async compute(
    request: Request,
    of: RunningModel,
    prepared: Prepared[],
    outcomes: (PictureOutcome | null)[],
    signal: AbortSignal,
  ): Promise<void> {
    const size = this.sizes.get(of.model) ?? new BatchSize();
    this.sizes.set(of.model, size);
    for (;;) {
      const first = outcomes.indexOf(null);
      if (first < 0) return;
      const batch = nextBatch(outcomes, first, size.next);
      const pictures = batch.map((i) => prepared[i] as Made);
      try {
        const started = performance.now();
        let forwardMs = 0;
        const run = await this.turns.later((pass) => {
          const begun = performance.now();
          return this.forward(of.model, pictures, pass).finally(() => (forwardMs = performance.now() - begun));
        }, signal);
        try {
          size.took(batch.length, performance.now() - started);
          for (const [k, i] of batch.entries()) {
            outcomes[i] = await outcomeOf(request, of, run, k, pictures[k]!, forwardMs / batch.length);
          }
        } finally {
          run.release();
        }
      } catch (error) {
        const refusal = toErrorShape(error);
        if (refusal.code === 'ERR_CANCELLED' || refusal.code === 'ERR_UNSUPPORTED') throw error;
        if (of.closed)
          throw new EngineError('ERR_GONE', sentence('{0} was closed; open it again.', of.description.name));
        if (refusal.code === 'ERR_MEMORY' && size.tooMany(batch.length)) continue;
        for (const i of batch) outcomes[i] = { error: refusal };
      }
    }
  }

  private async forward(model: BackendModel, pictures: Made[], signal: AbortSignal): Promise<BackendRun> {
    const each = pictures[0]!.values.length;
    const length = pictures.length * each;
    const buffer = this.inputs.take(length * Float32Array.BYTES_PER_ELEMENT);
    const input = new Float32Array(buffer, 0, length);
    pictures.forEach(({ values }, i) => input.set(values, i * each));
    const run = await model.forward({ input, batch: pictures.length, attention: false, tokens: false, signal });
    // after a refusal the engine may be reading it still
    this.inputs.giveBack(buffer);
    return run;
  }
}

/** null: it can be computed. */
function checked(picture: Prepared, { model }: RunningModel): PictureOutcome | null {
  if ('error' in picture) return picture;
  try {
    batchOf([1, ...picture.shape], picture.values.length, model);
    return null;
  } catch (error) {
    return { error: toErrorShape(error) };
  }
}

/** Indices of the next pictures without an outcome; all are of the shape that the model takes. */
function nextBatch(outcomes: (PictureOutcome | null)[], first: number, size: number): number[] {
  const batch: number[] = [];
  for (let i = first; i < outcomes.length && batch.length < size; i++) if (outcomes[i] === null) batch.push(i);
  return batch;
}

async function outcomeOf(
  { topK, logits: wantsLogits, features: wantsFeatures }: Request,
  of: RunningModel,
  run: BackendRun,
  image: number,
  { width, height, bytes, modified, decodeMs, preprocessMs }: Made,
  forwardMs: number,
): Promise<PictureOutcome> {
  const logits = rowOf(run.logits, image, run.batch);
  if (firstNonFinite(logits) >= 0) {
    return { error: { code: 'ERR_TENSOR', ...(await whyNotFinite(of.description, run, image)) } };
  }
  if (wantsFeatures && run.features === null) {
    throw new EngineError(
      'ERR_UNSUPPORTED',
      sentence('Embeddings need the native engine; ONNX Runtime gives the output alone.'),
    );
  }
  const read = readLogits(logits, of, topK);
  return {
    width,
    height,
    bytes,
    modified,
    ...read,
    energy: read.scores === null ? null : read.energy,
    logits: wantsLogits ? logits : null,
    features: wantsFeatures && run.features ? rowOf(run.features, image, run.batch) : null,
    timings: { decode_ms: decodeMs, preprocess_ms: preprocessMs, forward_ms: forwardMs },
  };
}

/** A copy: what is sent is no larger than it has to be. */
function rowOf(values: Float32Array, image: number, batch: number): Float32Array {
  const length = values.length / batch;
  return values.slice(image * length, (image + 1) * length);
}
