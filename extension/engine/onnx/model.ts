/** A loaded onnxruntime model, whichever way it came about, and what one of its passes left. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { BackendModel, BackendRun, BackendSlice, ForwardRequest } from '../backend';
import type { Slice } from '../requests';
import { EngineError } from '../../errors/engineError';
import type { Runtime } from './runtime';
import { rolloutRow } from './rollout';

/** What a session offers, found out once at load. */
export interface OnnxLayout {
  input: string;
  /** Channels last: the file came from a framework that keeps pictures that way. */
  channelsLast: boolean;
  logits: string;
  /** Output of each layer's maps, (B, h, N, N). */
  attention: string[];
  stageAttention: string[];
  /** Output of the tokens entering each block and leaving the last, (B, N, D); empty when unknown. */
  tokens: string[];
}

/**
 * One session without maps for speed, one with everything for looking; each made when a pass first needs it, since most
 * models are only ever asked one way and a session holds all weights.
 */
export class LazySessions {
  private readonly made = new Map<boolean, Promise<InferenceSession>>();

  constructor(private readonly build: (extras: boolean) => Promise<InferenceSession>) {}

  get(extras: boolean): Promise<InferenceSession> {
    let session = this.made.get(extras);
    if (session === undefined) {
      session = this.build(extras);
      this.made.set(extras, session);
    }
    return session;
  }

  async release(): Promise<void> {
    for (const session of this.made.values()) await (await session).release();
  }
}

type Sessions = LazySessions | { plain: InferenceSession; full: InferenceSession };

const sessionOf = async (sessions: Sessions, extras: boolean): Promise<InferenceSession> =>
  sessions instanceof LazySessions ? sessions.get(extras) : extras ? sessions.full : sessions.plain;

export class OnnxModel implements BackendModel {
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ort: Runtime,
    private readonly sessions: Sessions,
    private readonly layout: OnnxLayout,
    readonly loaded: BackendModel['loaded'],
    readonly inputShape: BackendModel['inputShape'],
    private readonly readTensor: (name: string) => Slice,
  ) {}

  forward(request: ForwardRequest): Promise<BackendRun> {
    const pass = this.queue.then(() => this.run(request));
    this.queue = pass.catch(() => undefined);
    return pass;
  }

  tensor(name: string): Slice {
    return this.readTensor(name);
  }

  close(): void {
    const { sessions } = this;
    this.queue = this.queue.then(() =>
      sessions instanceof LazySessions ? sessions.release() : sessions.full.release(),
    );
  }

  private async run({ input, batch, attention, tokens, maskedPatches, signal }: ForwardRequest): Promise<BackendRun> {
    if (maskedPatches !== undefined && maskedPatches.length > 0) {
      throw new EngineError(
        'ERR_UNSUPPORTED',
        'Hiding patches needs the native engine; ONNX Runtime runs the whole picture.',
      );
    }
    const session = await sessionOf(this.sessions, attention || tokens);
    if (signal.aborted) throw new EngineError('ERR_CANCELLED', 'The request was cancelled.');
    const { layout } = this;
    const fetches = [layout.logits];
    if (attention) fetches.push(...layout.attention, ...layout.stageAttention);
    if (tokens) fetches.push(...layout.tokens);
    const results = await session.run({ [layout.input]: this.feed(input, batch) }, [...new Set(fetches)]);
    return new OnnxRun(batch, results, layout, this.loaded.numTokens);
  }

  private feed(input: Float32Array, batch: number): Tensor {
    const perImage = input.length / batch;
    const [channels, height, width] = this.inputShape ?? [3, Math.sqrt(perImage / 3), Math.sqrt(perImage / 3)];
    if (!this.layout.channelsLast) return new this.ort.Tensor('float32', input, [batch, channels, height, width]);
    const turned = new Float32Array(input.length);
    const plane = height * width;
    for (let b = 0; b < batch; b++) {
      for (let c = 0; c < channels; c++) {
        for (let p = 0; p < plane; p++)
          turned[(b * plane + p) * channels + c] = input[(b * channels + c) * plane + p] ?? 0;
      }
    }
    return new this.ort.Tensor('float32', turned, [batch, height, width, channels]);
  }
}

class OnnxRun implements BackendRun {
  readonly logits: Float32Array;
  readonly bytes: number;

  constructor(
    readonly batch: number,
    private results: Record<string, Tensor>,
    private readonly layout: OnnxLayout,
    private readonly numTokens: number,
  ) {
    this.logits = results[layout.logits]?.data as Float32Array;
    this.bytes = Object.values(results).reduce((sum, tensor) => sum + tensor.size * 4, 0);
  }

  async slice(image: number, what: BackendSlice): Promise<Slice> {
    switch (what.kind) {
      case 'attention':
        return this.maps(image, this.layout.attention, what.layer, 'layer');
      case 'attention-rows':
        return rows(this.maps(image, this.layout.attention, what.layer, 'layer'), what.query);
      case 'stage-attention-rows':
        return rows(this.maps(image, this.layout.stageAttention, what.stage, 'stage'), what.query);
      case 'tokens':
        return this.result(image, this.layout.tokens[what.layer], `no tokens of layer ${what.layer}`);
      case 'rollout': {
        const first = this.maps(image, this.layout.attention, what.from, 'layer');
        const layer = (index: number): Float32Array => this.maps(image, this.layout.attention, index, 'layer').values;
        const values = await rolloutRow(layer, first.shape[0] ?? 1, this.numTokens, what);
        return { shape: [values.length], values };
      }
      case 'prediction-by-depth':
      case 'step':
        throw new EngineError('ERR_UNSUPPORTED', 'The steps of the computation are shown by the native engine only.');
    }
  }

  release(): void {
    this.results = {};
  }

  /** (h, N, N) */
  private maps(image: number, names: string[], index: number, noun: string): Slice {
    return this.result(image, names[index], `no attention of ${noun} ${index}`);
  }

  private result(image: number, name: string | undefined, otherwise: string): Slice {
    const tensor = name === undefined ? undefined : this.results[name];
    if (tensor === undefined) throw new EngineError('ERR_UNSUPPORTED', `ONNX Runtime gave ${otherwise}.`);
    const size = tensor.size / this.batch;
    const data = tensor.data as Float32Array;
    // (B, h, N, N), or (B * h, N, N) as some exporters fold it
    const shape =
      tensor.dims.length === 4 || noFold(tensor, this.batch)
        ? tensor.dims.slice(1)
        : [size / squareOf(tensor), ...tensor.dims.slice(1)];
    return { shape: [...shape], values: data.slice(image * size, (image + 1) * size) };
  }
}

/** Tokens, (B, N, D), have the batch in front; folded maps have B * h there and a square behind. */
const noFold = (tensor: Tensor, batch: number): boolean =>
  tensor.dims[0] === batch && tensor.dims[1] !== tensor.dims[2];
const squareOf = (tensor: Tensor): number => (tensor.dims.at(-1) ?? 1) * (tensor.dims.at(-2) ?? 1);

/** Row `query` of each of (h, N, N): (h, N). */
function rows({ shape, values }: Slice, query: number): Slice {
  const [heads = 0, tokens = 0] = shape;
  if (query < 0 || query >= tokens)
    throw new EngineError('ERR_ARGUMENT', `Token ${query} is not among the ${tokens} tokens.`);
  const out = new Float32Array(heads * tokens);
  for (let h = 0; h < heads; h++) {
    const at = (h * tokens + query) * tokens;
    out.set(values.subarray(at, at + tokens), h * tokens);
  }
  return { shape: [heads, tokens], values: out };
}
