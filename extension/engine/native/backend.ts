/** The addon as a Backend. */
import type { Binding, CancelToken, Model, Run, TensorSource } from '../../../native/binding';
import type { ModelDescription } from '../../architecture/description';
import type { Backend, BackendModel, BackendRun, BackendSlice, ForwardRequest, Inside } from '../backend';
import type { EngineOptions, LoadedModel, Slice } from '../requests';
import { cancelled, EngineError, toErrorShape } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';
import { modelTokens } from '../loaded';
import { memoryLimit } from '../memory';

export class NativeBackend implements Backend {
  readonly kind = 'native';

  constructor(private readonly binding: Binding) {}

  async load(description: ModelDescription, options: EngineOptions, signal: AbortSignal): Promise<BackendModel> {
    const { architecture, weights } = description;
    if (!architecture || weights.kind === 'onnx') {
      throw new EngineError(
        'ERR_UNSUPPORTED',
        sentence('{0} is an ONNX file: choose the ONNX engine for it.', description.path),
      );
    }
    const source: { tensors: Record<string, TensorSource> } | { seed: number } =
      weights.kind === 'tensors' ? { tensors: weights.tensors } : { seed: weights.seed };
    const { gemm, precision, threads } = options;
    const limit = memoryLimit(options.memoryLimit);
    const cancel = this.binding.cancelToken();
    const onAbort = () => cancel.cancel();
    signal.addEventListener('abort', onAbort);
    const request = { architecture, weights: source, gemm, precision, threads, memoryLimit: limit, cancel };
    const model = await this.binding
      .load(request)
      .catch((error: unknown) => {
        throw withFile(description.path, error);
      })
      .finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) {
      model.close();
      throw cancelled();
    }
    return new NativeModel(this.binding, model, description);
  }
}

/** What the addon refuses, with the name of the file, which the addon does not know. */
function withFile(file: string, error: unknown): unknown {
  const { code, ...why } = toErrorShape(error);
  if (code !== 'ERR_MEMORY' && code !== 'ERR_ARCHITECTURE') return error;
  const said =
    code === 'ERR_MEMORY'
      ? sentence('{0} is too large: {1} (vit.memoryLimit, --memory-limit).', file, why)
      : sentence('{0} cannot be loaded: {1}.', file, why);
  return new EngineError(code, said);
}

function describeLoaded(model: Model, { scores }: ModelDescription): Omit<LoadedModel, 'modelId' | 'loadMs'> {
  const { architecture } = model;
  return {
    engine: 'native',
    ...modelTokens(architecture),
    parameters: model.parameters,
    steps: model.steps,
    memory: model.memory,
    scores,
    attention: true,
    tokens: true,
    explains: true,
  };
}

class NativeModel implements BackendModel {
  readonly loaded: Omit<LoadedModel, 'modelId' | 'loadMs'>;
  readonly inputShape: [number, number, number];

  constructor(
    private readonly binding: Binding,
    private readonly model: Model,
    description: ModelDescription,
  ) {
    const { channels, height, width } = model.architecture.image;
    this.loaded = describeLoaded(model, description);
    this.inputShape = [channels, height, width];
  }

  async forward(request: ForwardRequest): Promise<BackendRun> {
    const { input, batch, attention, tokens, maskedPatches, signal } = request;
    const run = await cancellable(this.binding, signal, (cancel) =>
      this.model.forward(input, batch, { attention, tokens, cancel, maskedPatches }),
    );
    return new NativeRun(
      this.binding,
      run,
      this.loaded.stages.map(({ heads }) => heads),
    );
  }

  tensor(name: string): Slice {
    return this.model.tensor(name);
  }

  close(): void {
    this.model.close();
  }
}

/** Work of the addon that ends, between two blocks, when the signal aborts. */
async function cancellable<T>(
  binding: Binding,
  signal: AbortSignal,
  work: (cancel: CancelToken) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw cancelled();
  const cancel = binding.cancelToken();
  const onAbort = () => cancel.cancel();
  signal.addEventListener('abort', onAbort);
  try {
    return await work(cancel);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

class NativeRun implements BackendRun {
  readonly batch: number;
  readonly logits: Float32Array;
  readonly features: Float32Array;
  readonly bytes: number;

  constructor(
    private readonly binding: Binding,
    private readonly run: Run,
    private readonly stageHeads: readonly number[],
  ) {
    this.batch = run.batch;
    this.logits = run.logits;
    this.features = run.features;
    this.bytes = run.bytes;
  }

  readonly inside: Inside = {
    gradients: (request, signal) =>
      cancellable(this.binding, signal, (cancel) => this.run.gradients({ ...request, cancel })),
    valueAttention: (image, layer, query) => this.run.valueAttention(image, layer, query),
    maskedOutputs: (image, masks, variants, signal) =>
      cancellable(this.binding, signal, (cancel) => this.run.maskedOutputs(image, masks, variants, cancel)),
  };

  async slice(image: number, what: BackendSlice): Promise<Slice> {
    const n = this.run.numTokens;
    switch (what.kind) {
      case 'attention-rows':
        return rows(await this.run.attentionRows(image, what.layer, what.query), n);
      case 'attention': {
        const values = await this.run.attention(image, what.layer);
        return { shape: [values.length / (n * n), n, n], values };
      }
      case 'stage-attention-rows': {
        const values = await this.run.stageAttentionRows(image, what.stage, what.query);
        const heads = this.stageHeads[what.stage] ?? 1;
        return { shape: [heads, values.length / heads], values };
      }
      case 'rollout':
        return { shape: [n], values: await this.run.rollout(image, what) };
      case 'tokens': {
        const values = await this.run.tokens(image, what.layer);
        return { shape: [n, values.length / n], values };
      }
      case 'prediction-by-depth': {
        const values = await this.run.predictionByDepth(image);
        const classes = this.logits.length / this.batch;
        return { shape: [values.length / classes, classes], values };
      }
      case 'step':
        return this.run.step(image, what.name);
    }
  }

  firstNonFiniteStep(image: number): Promise<string | null> {
    return this.run.firstNonFiniteStep(image);
  }

  release(): void {
    this.run.release();
  }
}

const rows = (values: Float32Array, n: number): Slice => ({ shape: [values.length / n, n], values });
