/** What the engine process does: images, models and runs by number, and one handler for every request. */
import type { Binding } from '../../../native/binding';
import type { DecodedImage } from '../../image/decode';
import { isDeepStrictEqual } from 'node:util';
import { preprocess, type PreparedImage, type Preprocessed } from '../../image/preprocess';
import { writeWholeFile } from '../../files/wholeFile';
import type { Preprocessing } from '../../image/preprocessing';
import type { ModelDescription } from '../../architecture/description';
import { parameterCount } from '../../models/describe';
import { exportOnnx, type ExportOptions } from '../../onnx/export';
import { NOTES_KEY, type ExportedNotes } from '../../onnx/picture';
import type { Backend, BackendModel, BackendRun } from '../backend';
import type { Batches, RunningModel as OpenModel } from '../batches/batches';
import type { Decoders } from '../decoder/decoders';
import { depthSlice, isDepth } from '../depth/depth';
import { Explainer, isEvidence, type Running as RunningOf } from '../explain/explainer';
import type {
  EngineKind,
  EngineOptions,
  EngineRequests,
  InputOf,
  LoadedModel,
  RunSummary,
  Slice,
  SliceProgress,
  SliceRequest,
  Verification,
} from '../requests';
import { cancelled, EngineError } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';
import { firstNonFinite } from '../../files/finite';
import { readLogits } from '../predictions';
import { loadingMs } from '../deadlines';
import { availableMemory, decoderMemory, memoryLimit } from '../memory';
import { assertExportable, weightsOf } from '../onnx/backend';
import { addonOrOwnResize } from '../native/resize';
import { seededWeights } from '../native/seeded';
import { assertFiniteInput, assertFiniteRun } from '../finite';
import type { ResultsRequests } from '../../results/requests';
import type { Handlers } from './handlers';
import { arrayHandlers } from './arrays';
import { describedModel, modelHandlers, runnable } from './models';
import { firstId } from './serve';
import { Store } from './store';
import { verify } from './verify';
import { weightFiles } from './weightFiles';
import { batchOf } from '../inputShape';

interface KeptRun {
  run: BackendRun;
  /** Its maps outlive a closed model; its weights do not. */
  of: OpenModel;
  input: Float32Array;
  /** Of the whole batch: (B, C, H, W). */
  inputShape: number[];
  explainer: Explainer;
}

type Running = RunningOf<SliceProgress>;

const MIB = 2 ** 20;
const all = availableMemory();
const limits = {
  images: { count: 16, bytes: Math.min(1024 * MIB, all / 8) },
  models: { count: 4, bytes: all / 2 },
  runs: { count: 32, bytes: Math.min(2048 * MIB, all / 4) },
};

interface SessionParts {
  batches: Batches;
  binding: () => Binding;
  backend: (kind: EngineKind) => Backend;
  decoders: Pick<Decoders, 'decode' | 'prepare'>;
}

export class Session {
  private readonly images: Store<DecodedImage | PreparedImage>;
  private readonly models: Store<OpenModel>;
  private readonly runs: Store<KeptRun>;

  constructor(private readonly parts: SessionParts) {
    const first = firstId();
    this.images = new Store('image', limits.images, first, () => undefined);
    this.models = new Store('model', limits.models, first, (open) => {
      open.closed = true;
      open.model.close();
    });
    this.runs = new Store('run', limits.runs, first, ({ run }) => run.release());
  }

  readonly handlers: Omit<Handlers, keyof ResultsRequests> = {
    ...modelHandlers(() => this.parts.binding()),
    ...arrayHandlers(),
    info: () => {
      const { blas, features, kernels, cores } = this.parts.binding().info();
      return { pid: process.pid, blas, features, kernels, cores };
    },
    'open-image': async ({ memoryLimit, inputOf, ...source }, signal) => {
      const { decoders } = this.parts;
      const memory = decoderMemory(memoryLimit);
      const image = inputOf
        ? await decoders.prepare(source, await this.preprocessingOf(inputOf), signal, memory)
        : await decoders.decode(source, signal, memory);
      const kept = 'input' in image ? image.input.values : image.pixels;
      const imageId = this.images.add(image, kept.byteLength);
      const { name, format, width, height, space, orientation, bytes, preview, decodeMs } = image;
      return { imageId, name, format, width, height, space, orientation, bytes, preview, decodeMs };
    },
    'close-image': ({ imageId }) => {
      this.images.remove(imageId);
      return null;
    },
    'open-model': async ({ model, options }, signal, _report, larger) => {
      const description = await runnable({ model });
      return {
        loaded: await this.load(description, options, signal, larger),
        description: describedModel(description),
      };
    },
    'load-model': ({ description, options }, signal, _report, larger) =>
      this.load(description, options, signal, larger),
    'close-model': ({ modelId }) => {
      this.models.remove(modelId);
      return null;
    },
    preprocess: async ({ imageId, ...of }) => {
      const { values, shape, geometry, ms } = await this.prepare(imageId, await runnable(of));
      return { values, shape, geometry, preprocess_ms: ms };
    },
    run: (take, signal) => this.run(take, signal),
    'classify-pictures': (take, signal) => this.parts.batches.classify(take, this.models.get(take.modelId), signal),
    'run-tensor': async ({ modelId, values, shape, attention, tokens }, signal) => {
      const of = this.models.get(modelId);
      const batch = batchOf(shape, values.length, of.model);
      assertFiniteInput(values, shape);
      const started = performance.now();
      const run = await of.model.forward({ input: values, batch, attention, tokens, signal });
      const forwardMs = performance.now() - started;
      await assertFiniteRun(of.description, run);
      return { runId: this.keep(run, of, { values, shape }), batch, forward_ms: forwardMs };
    },
    slice: ({ runId, image = 0, what }, signal, report) =>
      this.slice(this.runs.get(runId), image, what, { signal, report }),
    faithfulness: (take, signal, report) => {
      const { run, explainer } = this.runs.get(take.runId);
      assertImage(run, take.image ?? 0);
      return explainer.faithfulness(take, { signal, report });
    },
    'weight-files': (of, signal, _report, larger) => {
      const { description } = 'runId' in of ? this.runs.get(of.runId).of : this.models.get(of.modelId);
      larger(loadingMs(description.bytes));
      return weightFiles(description, signal);
    },
    'run-part': async (request) => {
      assertFiniteInput(request.input, request.shape);
      const steps = await this.parts.binding().runPart({ ...request, memoryLimit: memoryLimit(request.memoryLimit) });
      const wrong = steps.find(({ values }) => firstNonFinite(values) >= 0);
      if (!wrong) return steps;
      const said = sentence('Step {0} gives values that are not numbers (NaN or infinity).', wrong.name);
      throw new EngineError('ERR_TENSOR', said);
    },
    verify: (take, signal) => this.verify(take, signal),
    'export-onnx': async ({ file, attention, tokens, memoryLimit, ...of }) =>
      this.exportOnnx(await runnable(of), file, { attention, tokens, memoryLimit }),
    'close-run': ({ runId }) => {
      this.runs.remove(runId);
      return null;
    },
  };

  private async load(
    description: ModelDescription,
    options: EngineOptions,
    signal: AbortSignal,
    larger: (ms: number) => void,
  ): Promise<LoadedModel> {
    const started = performance.now();
    const { architecture, weights, bytes } = description;
    const seeded = architecture && weights.kind === 'seed';
    larger(loadingMs(seeded ? 4 * parameterCount(architecture) : bytes));
    // a graph is run by ONNX Runtime, whatever is set for weights
    const backend = this.parts.backend(weights.kind === 'onnx' ? 'onnx' : options.engine);
    const model = await backend.load(description, options, signal);
    const modelId = this.models.add({ model, description, closed: false }, model.loaded.memory.weights);
    return { ...model.loaded, modelId, loadMs: performance.now() - started };
  }

  private keep(
    run: BackendRun,
    of: OpenModel,
    {
      values: input,
      shape: inputShape,
      hidden = new Uint32Array(),
    }: { values: Float32Array; shape: number[]; hidden?: Uint32Array },
  ): number {
    const { name, architecture } = of.description;
    const tokenizer = architecture?.tokenizer;
    const explainer = new Explainer({
      run,
      model: of.model,
      name,
      input,
      inputShape,
      patch: tokenizer?.kind === 'patch' ? tokenizer.patch : null,
      hidden,
      closed: () => of.closed,
    });
    return this.runs.add({ run, of, input, inputShape, explainer }, run.bytes + input.byteLength);
  }

  private async preprocessingOf(of: InputOf): Promise<Preprocessing> {
    const { preprocessing } = 'modelId' in of ? this.models.get(of.modelId).description : await runnable(of);
    return preprocessing;
  }

  private async prepare(imageId: number, { preprocessing }: ModelDescription): Promise<Preprocessed> {
    const image = this.images.get(imageId);
    if (!('input' in image)) return preprocess(image, preprocessing, addonOrOwnResize);
    if (isDeepStrictEqual(image.how, preprocessing)) return image.input;
    throw new EngineError('ERR_ARGUMENT', sentence('{0} was opened for another model; open it again.', image.name));
  }

  private async run(take: EngineRequests['run']['take'], signal: AbortSignal): Promise<RunSummary> {
    const { modelId, imageId, topK, attention, tokens, maskedPatches } = take;
    const of = this.models.get(modelId);
    const { model, description } = of;
    const { decodeMs } = this.images.get(imageId);
    const { values, shape, geometry, ms } = await this.prepare(imageId, description);
    batchOf(shape, values.length, model);
    if (signal.aborted) throw cancelled();
    const started = performance.now();
    const run = await model.forward({ input: values, batch: 1, attention, tokens, maskedPatches, signal });
    const forwardMs = performance.now() - started;
    await assertFiniteRun(description, run);
    const runId = this.keep(run, of, { values, shape, hidden: maskedPatches });
    return {
      runId,
      ...readLogits(run.logits, of, topK),
      geometry,
      timings: { decode_ms: decodeMs, preprocess_ms: ms, forward_ms: forwardMs },
    };
  }

  private async verify(take: EngineRequests['verify']['take'], signal: AbortSignal): Promise<Verification> {
    const { options, imageId, ...of } = take;
    const description = await runnable(of);
    const { values } = await this.prepare(imageId, description);
    const models = await Promise.all(
      (['native', 'onnx'] as const).map((engine) =>
        this.parts.backend(engine).load(description, { ...options, engine }, signal),
      ),
    );
    try {
      const [native, onnx] = models as [BackendModel, BackendModel];
      return await verify(native, onnx, values, (run) => assertFiniteRun(description, run), signal);
    } finally {
      for (const model of models) model.close();
    }
  }

  private async exportOnnx(
    description: ModelDescription,
    file: string,
    what: ExportOptions & { memoryLimit?: number },
  ): Promise<{ bytes: number }> {
    const { architecture, name } = description;
    if (architecture === null || description.weights.kind === 'onnx') {
      throw new EngineError('ERR_UNSUPPORTED', sentence('{0} is an ONNX file already.', description.path));
    }
    assertExportable(name, architecture, memoryLimit(what.memoryLimit));
    const { read } = await weightsOf(description, architecture, seededWeights(this.parts.binding));
    return {
      bytes: await writeWholeFile(
        file,
        exportOnnx(name, architecture, read, { ...what, metadata: notesOf(description) }),
      ),
    };
  }

  private async slice(kept: KeptRun, image: number, what: SliceRequest, running: Running): Promise<Slice> {
    const { run, of, input, inputShape, explainer } = kept;
    assertImage(run, image);
    if (isDepth(what)) return depthSlice(run, image, of.model.loaded, what, running);
    if (isEvidence(what)) return explainer.slice(image, what, running);
    switch (what.kind) {
      case 'logits': {
        const classes = run.logits.length / run.batch;
        return { shape: [classes], values: run.logits.slice(image * classes, (image + 1) * classes) };
      }
      case 'input': {
        const size = input.length / run.batch;
        return { shape: inputShape.slice(1), values: input.slice(image * size, (image + 1) * size) };
      }
      case 'tensor':
        if (of.closed)
          throw new EngineError('ERR_GONE', sentence('{0} was closed; open it again.', of.description.name));
        return of.model.tensor(what.name);
      default:
        return run.slice(image, what);
    }
  }
}

function assertImage({ batch }: BackendRun, image: number): void {
  if (Number.isInteger(image) && image >= 0 && image < batch) return;
  throw new EngineError('ERR_ARGUMENT', sentence('There is no image {0} in a run of {1}.', image, batch));
}

/** With these the exported file alone is enough to classify with. */
function notesOf({ preprocessing, labels, energyThreshold }: ModelDescription): Record<string, string> {
  const notes: ExportedNotes = { preprocessing, labels, energyThreshold };
  return { [NOTES_KEY]: JSON.stringify(notes) };
}
