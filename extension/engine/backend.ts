/** What the engine process needs of something that computes: the addon (./native/backend.ts), ONNX Runtime (./onnx/backend.ts). */
import type { ModelDescription } from '../architecture/description';
import type { GradientRequest, Gradients } from '../../native/binding';
import type {
  DepthSlice,
  EngineKind,
  EngineOptions,
  EvidenceSlice,
  LoadedModel,
  Slice,
  SliceRequest,
} from './requests';

export interface Backend {
  readonly kind: EngineKind;
  /** Rejects with an error whose code is an EngineErrorShape code. */
  load(description: ModelDescription, options: EngineOptions, signal: AbortSignal): Promise<BackendModel>;
}

export interface ForwardRequest {
  /** (B, C, H, W), already preprocessed. */
  input: Float32Array;
  batch: number;
  /** Keep what slices of these kinds need. */
  attention: boolean;
  tokens: boolean;
  /** 0-based patch indices, without prefix. */
  maskedPatches?: Uint32Array;
  /** Aborting rejects the pass with ERR_CANCELLED. */
  signal: AbortSignal;
}

export interface BackendModel {
  readonly loaded: Omit<LoadedModel, 'modelId' | 'loadMs'>;
  /** (C, H, W) of one image. */
  readonly inputShape: [channels: number, height: number, width: number];
  /** Passes of one model may be asked for at the same time; they run one after another. */
  forward(request: ForwardRequest): Promise<BackendRun>;
  /** A weight by canonical name, as float32. */
  tensor(name: string): Slice | Promise<Slice>;
  close(): void;
}

/** Kinds of slices the session answers itself. */
export type BackendSlice = Exclude<SliceRequest, { kind: 'logits' | 'input' | 'tensor' } | EvidenceSlice | DepthSlice>;

export interface BackendRun {
  readonly batch: number;
  /** (B, classes), or (B, D) features when the model has no classifier. */
  readonly logits: Float32Array;
  /** (B, D): what the head reads (native/binding.d.ts, Run.features); null where the engine cannot tell. */
  readonly features: Float32Array | null;
  /** How much memory it holds until released. */
  readonly bytes: number;
  slice(image: number, what: BackendSlice): Promise<Slice>;
  /** null where the model cannot be looked into so far (LoadedModel.explains). */
  readonly inside: Inside | null;
  /** The first step of the computation that holds NaN or infinity; null when there is none, or none can be looked at. */
  firstNonFiniteStep(image: number): Promise<string | null>;
  release(): void;
}

/** What explanations are computed from. Aborting rejects with ERR_CANCELLED. */
export interface Inside {
  /** By one backward pass. */
  gradients(request: Omit<GradientRequest, 'cancel'>, signal: AbortSignal): Promise<Gradients>;
  /** Lengths of what each token brings to a query in one layer (Kobayashi et al. 2020): (N). */
  valueAttention(image: number, layer: number, query: number): Promise<Float32Array>;
  /** Outputs (variants, output length) of one image with patches hidden: 1 in masks (variants, patches). */
  maskedOutputs(image: number, masks: Uint8Array, variants: number, signal: AbortSignal): Promise<Float32Array>;
}
