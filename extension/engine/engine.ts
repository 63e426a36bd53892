/**
 * What a forked engine process can be asked, as plain types: the client (./client.ts) and the process (./process.ts) share them.
 * One vocabulary for the extension, the CLI and the tests. No vscode, no native code here.
 */
import type { ErrorCode, HeadFusion, PartRequest, Step } from '../../native/binding';
import type { Geometry } from '../image/preprocessing';
import type { ModelDescription } from '../models/description';
import type { Verification } from './verify';

export type { HeadFusion, Step } from '../../native/binding';

export type EngineKind = 'native' | 'onnx';

export interface EngineOptions {
  engine: EngineKind;
  /** 0: as many as the machine has cores, at most 8. */
  threads: number;
  gemm: 'packed' | 'blas' | 'naive';
  precision: 'fp32' | 'stored' | 'int8';
}

/** A picture by path, or by its bytes (virtual workspaces have no path). `name` is what messages call it. */
export type ImageSource = ({ path: string } | { name: string; bytes: Uint8Array }) & {
  /** false: make none (OpenedImage.preview is then empty), for those who only want numbers. */
  preview?: boolean;
};

export interface OpenedImage {
  imageId: number;
  name: string;
  /** jpeg, png, webp, gif, bmp, tiff, avif, svg, npy */
  format: string;
  /** Oriented size in pixels. */
  width: number;
  height: number;
  /** Colour space and orientation as found, for the details view: 'srgb', 'cmyk', 'b-w', ... */
  space: string;
  orientation: number;
  bytes: number;
  /** For display: the oriented picture as PNG, JPEG or WebP, at most 2048 pixels on its longer side. */
  preview: { mime: string; bytes: Uint8Array; width: number; height: number };
  decodeMs: number;
}

export interface LoadedModel {
  modelId: number;
  engine: EngineKind;
  numTokens: number;
  numPrefix: number;
  /** 'class', 'distillation', 'register 1', ...: one for each prefix token. */
  prefixNames: string[];
  grid: [rows: number, columns: number];
  layers: number;
  heads: number;
  /** Token transformers before the backbone (T2T): tokens' grid and heads of each. */
  stages: { grid: [rows: number, columns: number]; heads: number }[];
  parameters: number;
  steps: Step[];
  memory: { weights: number; mapped: number; scratch: number };
  /** False when this model can give no maps (an ONNX file without attention). The reason is a sentence. */
  attention: true | string;
  loadMs: number;
}

export interface Prediction {
  index: number;
  label: string;
  probability: number;
  logit: number;
}

export interface RunRequest {
  modelId: number;
  imageId: number;
  topK: number;
  attention: boolean;
  tokens: boolean;
  /** 0-based patch indices hidden from the model (brush-to-occlude). */
  maskedPatches?: Uint32Array;
}

export interface RunSummary {
  runId: number;
  /** Best first. Empty when the model has no classifier. */
  predictions: Prediction[];
  /** logsumexp of the logits, and whether it lies under the model's threshold. */
  energy: number;
  unfamiliar: boolean;
  geometry: Geometry;
  timings: { decode_ms: number; preprocess_ms: number; forward_ms: number };
}

/** A run on a tensor that is already preprocessed (CLI `forward`). */
export interface TensorRunRequest {
  modelId: number;
  /** (B, C, H, W) */
  values: Float32Array;
  shape: number[];
  attention: boolean;
  tokens: boolean;
}

/** Slices of a run. What comes back is always { shape, values }. */
export type SliceRequest =
  | { kind: 'logits' }
  /** (h, N): row `query` of every head. */
  | { kind: 'attention-rows'; layer: number; query: number }
  /** (h, N, N) */
  | { kind: 'attention'; layer: number }
  /** (h, Ns, ...) row of a token transformer's attention. */
  | { kind: 'stage-attention-rows'; stage: number; query: number }
  /** (N) */
  | { kind: 'rollout'; query: number; from: number; to: number; fusion: HeadFusion; discardRatio: number }
  /** (N, D) */
  | { kind: 'tokens'; layer: number }
  /** (depth, classes) */
  | { kind: 'prediction-by-depth' }
  /** Any step of the walk-through by name; shape as in LoadedModel.steps. */
  | { kind: 'step'; name: string }
  /** A weight tensor by canonical name. */
  | { kind: 'tensor'; name: string }
  /** The model's input as it saw it: (C, H, W), normalised. */
  | { kind: 'input' };

export interface Slice {
  shape: number[];
  values: Float32Array;
}

/** Requests by name, with what they take and give. The wire adds an id and an error shape (./messages.ts). */
export interface EngineRequests {
  info: { take: null; give: { pid: number; blas: string; features: string[]; kernels: string; cores: number } };
  'open-image': { take: ImageSource; give: OpenedImage };
  'close-image': { take: { imageId: number }; give: null };
  'load-model': { take: { description: ModelDescription; options: EngineOptions }; give: LoadedModel };
  'close-model': { take: { modelId: number }; give: null };
  run: { take: RunRequest; give: RunSummary };
  'run-tensor': { take: TensorRunRequest; give: { runId: number; batch: number; forward_ms: number } };
  preprocess: {
    take: { imageId: number; description: ModelDescription };
    give: Slice & { geometry: Geometry; preprocess_ms: number };
  };
  slice: { take: { runId: number; image?: number; what: SliceRequest }; give: Slice };
  'close-run': { take: { runId: number }; give: null };
  /** A module of the articles on a tensor: every step, its result last under the name "output". */
  'run-part': { take: PartRequest; give: (Slice & { name: string })[] };
  /** The same weights and picture through both engines. */
  verify: { take: { description: ModelDescription; options: EngineOptions; imageId: number }; give: Verification };
  /** Writes the model as ONNX, whole or not at all. */
  'export-onnx': {
    take: { description: ModelDescription; file: string; attention: boolean; tokens: boolean };
    give: { bytes: number };
  };
}

export type EngineRequestName = keyof EngineRequests;

/** An error a person can read, from the engine process or about it. */
export interface EngineErrorShape {
  /** ErrorCode of the addon, or one of ours. */
  code:
    | ErrorCode
    | 'ERR_IMAGE'
    | 'ERR_MODEL'
    /** An image, model or run this process no longer keeps (closed, or dropped for newer ones, or of an earlier process): open it again. */
    | 'ERR_GONE'
    | 'ERR_ENGINE_DIED'
    | 'ERR_ENGINE_START'
    | 'ERR_UNSUPPORTED'
    | 'ERR_INTERNAL';
  /** One sentence naming the file and the reason. */
  message: string;
}
