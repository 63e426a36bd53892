/** A loaded onnxruntime model, whichever way it came about, and what one of its passes left. */
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { BackendModel, BackendRun, BackendSlice, ForwardRequest } from '../backend';
import type { Slice } from '../requests';
import { EngineError } from '../../errors/engineError';
import { firstNonFinite } from '../../files/finite';
import type { LogitsOutput } from './answer';
import { combine, mapsOf, type LayerMaps } from './maps';
import { pictureTensor, type PictureFormat } from './pictureTensor';
import type { Runtime } from './runtime';
import { rolloutRow } from './rollout';
import { sentence } from '../../errors/sentence';

/** What a session offers, found out once at load. */
export interface OnnxLayout extends PictureFormat {
  input: string;
  /** Images of one pass, where the file fixes them; null: any number. */
  batch: number | null;
  logits: LogitsOutput;
  /** By layer. */
  attention: LayerMaps[];
  stageAttention: LayerMaps[];
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

export type Sessions = LazySessions | { plain: InferenceSession; full: InferenceSession };

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
    /** Throws ERR_MEMORY when a pass would need more than the limit, where that is known before it. */
    private readonly assertFits: (batch: number, keeps: { attention: boolean; tokens: boolean }) => void = () =>
      undefined,
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
        sentence('Hiding patches needs the native engine; ONNX Runtime runs the whole picture.'),
      );
    }
    this.assertFits(batch, { attention, tokens });
    const session = await sessionOf(this.sessions, attention || tokens);
    if (signal.aborted) throw new EngineError('ERR_CANCELLED', sentence('The request was cancelled.'));
    const { layout } = this;
    const fetches = [layout.logits.output];
    const maps = attention ? [...layout.attention, ...layout.stageAttention] : [];
    fetches.push(...maps.flatMap(({ parts }) => parts.map(({ output }) => output)));
    if (tokens) fetches.push(...layout.tokens);
    const wanted = [...new Set(fetches)];
    const perImage = input.length / batch;
    const step = layout.batch ?? batch;
    const passes: Results[] = [];
    for (let first = 0; first < batch; first += step) {
      if (signal.aborted) throw new EngineError('ERR_CANCELLED', sentence('The request was cancelled.'));
      // a fixed batch is filled up with zeros
      const values = new Float32Array(step * perImage);
      values.set(input.subarray(first * perImage, Math.min(batch, first + step) * perImage));
      passes.push(await session.run({ [layout.input]: this.feed(values, step) }, wanted));
    }
    return new OnnxRun(batch, passes, step, layout, this.loaded.numTokens);
  }

  private feed(input: Float32Array, batch: number): Tensor {
    return pictureTensor(this.ort, input, batch, this.inputShape, this.layout);
  }
}

type Results = Record<string, Tensor>;

/** Of probabilities that are zero in float32, so that their logarithms stay finite. */
const SMALLEST = 2 ** -149;

class OnnxRun implements BackendRun {
  readonly logits: Float32Array;
  readonly features = null;
  readonly bytes: number;

  constructor(
    readonly batch: number,
    /** One after the other, each of `step` images. */
    private passes: Results[],
    private readonly step: number,
    private readonly layout: OnnxLayout,
    private readonly numTokens: number,
  ) {
    this.logits = this.joined(layout.logits);
    this.bytes = passes.flatMap((results) => Object.values(results)).reduce((sum, tensor) => sum + tensor.size * 4, 0);
  }

  /** (B, classes) */
  private joined({ output, probabilities }: LogitsOutput): Float32Array {
    const parts = this.passes.map((results) => results[output]?.data as Float32Array);
    const perImage = (parts[0]?.length ?? 0) / this.step;
    const logits = new Float32Array(this.batch * perImage);
    parts.forEach((part, i) => {
      const images = Math.min(this.step, this.batch - i * this.step);
      logits.set(part.subarray(0, images * perImage), i * this.step * perImage);
    });
    if (probabilities === null) return logits;
    const log = (share: number): number => Math.log(Math.max(share, SMALLEST));
    return logits.map((share) => (probabilities === 'shares' ? log(share) : log(share) - log(1 - share)));
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
        return this.tokens(image, what.layer);
      case 'rollout': {
        const first = this.maps(image, this.layout.attention, what.from, 'layer');
        assertToken(what.query, this.numTokens);
        const layer = (index: number): Float32Array => this.maps(image, this.layout.attention, index, 'layer').values;
        const values = rolloutRow(layer, first.shape[0] ?? 1, this.numTokens, what);
        return { shape: [values.length], values };
      }
      default: // steps, predictions by depth, and methods that need more than a graph's maps
        throw new EngineError('ERR_UNSUPPORTED', sentence('This is shown by the native engine only.'));
    }
  }

  readonly inside = null;

  /** Of the tokens entering and leaving each block, where they were kept. */
  async firstNonFiniteStep(image: number): Promise<string | null> {
    for (const [layer, output] of this.layout.tokens.entries()) {
      if (!this.passes[0]?.[output]) return null;
      if (firstNonFinite(this.tokens(image, layer).values) >= 0) return layer === 0 ? 'tokens' : `blocks.${layer - 1}`;
    }
    return null;
  }

  release(): void {
    this.passes = [];
  }

  /** (N, D) */
  private tokens(image: number, layer: number): Slice {
    const { dims, data } = this.result(image, this.layout.tokens[layer], `tokens of layer ${layer}`);
    const size = data.length / this.step;
    const from = (image % this.step) * size;
    return { shape: [...dims.slice(1)], values: (data as Float32Array).slice(from, from + size) };
  }

  /** (h, N, N) */
  private maps(image: number, layers: LayerMaps[], index: number, noun: string): Slice {
    const layer = layers[index];
    if (layer === undefined)
      throw new EngineError('ERR_UNSUPPORTED', sentence('ONNX Runtime gave no attention of {0} {1}.', noun, index));
    const parts = layer.parts.map((part) => {
      const { dims, data } = this.result(image, part.output, `attention of ${noun} ${index}`);
      return mapsOf({ dims, data: data as Float32Array }, part, image % this.step, this.step);
    });
    return combine(parts, layer.combine);
  }

  private result(image: number, name: string | undefined, what: string): Tensor {
    const tensor = name === undefined ? undefined : this.passes[Math.floor(image / this.step)]?.[name];
    if (tensor === undefined) throw new EngineError('ERR_UNSUPPORTED', sentence('ONNX Runtime gave no {0}.', what));
    return tensor;
  }
}

function assertToken(query: number, tokens: number): void {
  if (query < 0 || query >= tokens)
    throw new EngineError('ERR_ARGUMENT', sentence('Token {0} is not among the {1} tokens.', query, tokens));
}

/** Row `query` of each of (h, N, N): (h, N). */
function rows({ shape, values }: Slice, query: number): Slice {
  const [heads = 0, tokens = 0] = shape;
  assertToken(query, tokens);
  const out = new Float32Array(heads * tokens);
  for (let h = 0; h < heads; h++) {
    const at = (h * tokens + query) * tokens;
    out.set(values.subarray(at, at + tokens), h * tokens);
  }
  return { shape: [heads, tokens], values: out };
}
