/**
 * What a forked engine process can be asked, as plain types: the client (./client.ts) and the process (./process/main.ts) share them.
 * One vocabulary for the extension, the CLI and the tests. No vscode, no native code here.
 */
import type { ArrayView } from '../files/arrayView';
import type { Sentence } from '../errors/sentence';
import type { PartRequest, Step } from '../../native/binding';
import type { ImageSource, OpenedImage } from '../image/opened';
import type { Geometry } from '../image/preprocessing';
import type { ModelDescription, PartDescription } from '../architecture/description';
import type { EvidenceKind, MethodParameters, MethodSlice } from './methods';
import type { EngineErrorShape } from '../errors/errorShape';
import type { Scores } from '../architecture/scores';
import type { ModelQuery, RegistryEntry } from '../models/modelId';
import type { Problem } from '../models/problem';
import type { FileTensors } from '../models/fileTensor';
import type { Report } from '../models/report';
import type { ResultsRequests } from '../results/requests';

export type { HeadFusion, Step } from '../../native/binding';
export type { ImageSource, OpenedImage } from '../image/opened';
export type { EngineErrorShape } from '../errors/errorShape';
export type { ModelQuery } from '../models/modelId';

export type EngineKind = 'native' | 'onnx';

export interface EngineOptions {
  engine: EngineKind;
  /** Of one forward pass; 0: one for each physical core, at most 8. */
  threads: number;
  gemm: 'packed' | 'blas' | 'naive';
  precision: 'fp32' | 'stored' | 'bf16' | 'int8';
  /** Bytes a model and its runs may use; 0 or left out: half of what the machine, or the container, has. */
  memoryLimit?: number;
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
  memory: { weights: number; scratch: number };
  /** What its last numbers mean; null: they are features. */
  scores: Scores | null;
  /** False when this model can give no maps (an ONNX file without attention). The reason is a sentence. */
  attention: true | Sentence;
  /** Likewise for the tokens between its blocks. */
  tokens: true | string;
  /** Likewise for gradients, and passes with hidden patches: every method that needs more than kept maps. */
  explains: true | Sentence;
  loadMs: number;
}

export interface Prediction {
  index: number;
  /** null where the model names none (architecture/className.ts). */
  label: string | null;
  /** null when the model gives values (see LoadedModel.scores). */
  probability: number | null;
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
  scores: Scores | null;
  /** logsumexp of the logits, and whether it lies under the model's threshold. */
  energy: number;
  unfamiliar: boolean;
  geometry: Geometry;
  timings: { decode_ms: number; preprocess_ms: number; forward_ms: number };
}

/** Of a job: nothing of it is kept, and it works in the pauses of every other request. */
interface PicturesRequest {
  modelId: number;
  /** A few: jobs/job.ts says how many. */
  pictures: ImageSource[];
  topK: number;
  /** Also the logits of every class, or what the head reads (native/binding.d.ts, Run.features). */
  logits: boolean;
  features: boolean;
  memoryLimit?: number;
}

/** What came of a picture of a job. */
export type PictureOutcome =
  | {
      /** Upright, pixels. */
      width: number;
      height: number;
      /** Of the file, and when that was last changed (milliseconds since 1970; null where it is not known). */
      bytes: number;
      modified: number | null;
      /** Best first. Empty when the model has no classifier. */
      predictions: Prediction[];
      scores: Scores | null;
      /** null without a classifier. */
      energy: number | null;
      unfamiliar: boolean;
      logits: Float32Array | null;
      features: Float32Array | null;
      /** `forward_ms`: its share of the time of its batch. */
      timings: { decode_ms: number; preprocess_ms: number; forward_ms: number };
    }
  | { error: EngineErrorShape };

/** A run on a tensor that is already preprocessed (CLI `forward`). */
interface TensorRunRequest {
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
  /** attention-rows (h, N): row `query` of every head; rollout (N). */
  | MethodSlice
  /** (h, N, N) */
  | { kind: 'attention'; layer: number }
  /** (h, N, N): the gradient of what `class` and `against` say (./methods.ts) by each attention weight. */
  | ({ kind: 'attention-gradient'; layer: number } & Pick<MethodParameters, 'class' | 'against'>)
  /** (h, Ns, ...) row of a token transformer's attention. */
  | { kind: 'stage-attention-rows'; stage: number; query: number }
  /** (N, D) */
  | { kind: 'tokens'; layer: number }
  /** (depth, classes) */
  | { kind: 'prediction-by-depth' }
  /** (depth + 1, N): lengths of the tokens before the first block and after each. */
  | { kind: 'token-norms' }
  /** (patches, 3): scores of the patches' tokens after a block on their first three principal components. */
  | { kind: 'token-components'; layer: number }
  /** (2, layers, h): mean attention distance in patches, then entropy in bits (./depth/heads.ts). */
  | { kind: 'head-statistics' }
  /** Any step of the walk-through by name; shape as in LoadedModel.steps. */
  | { kind: 'step'; name: string }
  /** A weight tensor by canonical name. */
  | { kind: 'tensor'; name: string }
  /** The model's input as it saw it: (C, H, W), normalised. */
  | { kind: 'input' };

/** Slices of methods that need more than kept maps, and what they are made of (./explain/explainer.ts). */
export type EvidenceSlice = Extract<SliceRequest, { kind: EvidenceKind | 'attention-gradient' }>;

/** Slices made of a run's tokens and maps (./depth/depth.ts). */
export type DepthSlice = Extract<
  SliceRequest,
  { kind: 'token-norms' | 'token-cosines' | 'token-components' | 'head-statistics' }
>;

export interface Slice {
  shape: number[];
  values: Float32Array;
  /** Of a method that explains a class. */
  evidence?: Evidence;
}

/** What was explained. */
export interface Evidence {
  /** The class asked for, or the picture's most probable one. */
  class: number;
  against: number | null;
  /** The class's logit, less that of `against`. */
  y: number;
  /** Of integrated gradients: the map's sum less the difference of y between the picture and the zero picture. */
  completeness?: number;
}

/** How far a slice that takes many passes has come, in passes. */
export interface SliceProgress {
  done: number;
  total: number;
}

/** How a class's score falls and rises with the patches of a map, largest values first. */
export interface FaithfulnessRequest {
  runId: number;
  image?: number;
  class: MethodParameters['class'];
  /** One value a patch. */
  map: Float32Array;
  /** Also of five random orders, drawn from `seed`; they are the same for every map, and kept. */
  random: boolean;
  seed: number;
}

export interface Curve {
  /** The class's score with the first k patches of an order hidden, or only them shown, k = 0..N. */
  curve: number[];
  /** Area under it over k / N, by trapezoids. */
  auc: number;
}

export interface Faithfulness {
  class: number;
  /** The first k patches hidden, k = 0..N. */
  deletion: Curve;
  /** Only the first k patches shown, k = 0..N. */
  insertion: Curve;
  /** Deletion in random orders: their mean, and the area of each. (Insertion in an order is deletion in the reverse one.) */
  random: (Curve & { aucs: number[] }) | null;
}

/** Points known so far, from k = 0 on. */
export interface FaithfulnessProgress extends SliceProgress {
  deletion: number[];
  insertion: number[];
  random: number[][];
}

export interface WeightFile {
  /** Without its folder. */
  name: string;
  bytes: number;
  /** Of the whole file, hexadecimal. */
  sha256: string;
}

/** Where a model's weights are from: files, or numbers drawn from a seed. */
export interface WeightFiles {
  files: WeightFile[];
  seed: number | null;
}

/** Largest absolute difference, and the largest absolute value it stands beside. */
export interface Difference {
  max: number;
  scale: number;
}

export interface Verification {
  logits: Difference;
  /** By layer: the maps of all heads, and the tokens leaving the block. */
  layers: { layer: number; attention: Difference; tokens: Difference }[];
  agree: boolean;
  /** Milliseconds of each engine's pass, maps kept. */
  forward_ms: { native: number; onnx: number };
}

/** A model to find and read, or one that is described already. */
export type ModelReference = { model: ModelQuery } | { description: ModelDescription };

/** The model that a picture is opened for: with its number, or while it is loading. */
export type InputOf = { modelId: number } | ModelReference;

/** What clients show of a model: where the bytes of its tensors lie stays in the engine process. */
export type DescribedModel = Omit<ModelDescription, 'weights'>;

export interface ModelFileCheck {
  problems: Problem[];
  /** What the model is, in a line; null while there are problems, or when the file is no config of the articles' models. */
  summary: Sentence | null;
  /** The picture it names, as written. */
  picture: string | null;
}

/** Requests by name, with what they take and give, and what some report while they run. The wire adds an id and an error shape (./wire.ts). */
export interface EngineRequests extends ResultsRequests {
  info: { take: null; give: { pid: number; blas: string; features: string[]; kernels: string; cores: number } };
  /**
   * `memoryLimit` as in EngineOptions; what decodes the picture may use half of it. `inputOf`: only that model's input is made and kept,
   * where the picture is decoded, and no other model can run on it; its pixels never come to the engine process.
   */
  'open-image': { take: ImageSource & { memoryLimit?: number; inputOf?: InputOf }; give: OpenedImage };
  'close-image': { take: { imageId: number }; give: null };
  /**
   * What a model is, runnable or not, and LoadedModel.steps of its architecture. `values`: its weights are read, too, and those that
   * are not numbers are found.
   */
  'describe-model': { take: { model: ModelQuery; values: boolean }; give: { report: Report; steps: Step[] } };
  /** What a weight file holds, also where it is no model's: a .safetensors or an .onnx. `values`: with their statistics. */
  'file-tensors': {
    take: { file: string; values: boolean; confinedTo?: string[] };
    give: FileTensors;
    progress: { done: number; total: number };
  };
  /** A matrix of a .npy file, and what all of its values are like. */
  array: { take: { file: string; index: number; confinedTo?: string[] }; give: ArrayView };
  /** The text of a .vit.json as it is being written. */
  'check-model-file': { take: { text: string; file: string }; give: ModelFileCheck };
  /** The embedded model, those in the hub's cache, and which of these files and directories are models. */
  'list-models': { take: { workspace: string[] }; give: RegistryEntry[] };
  /** The module of the articles that a file describes; null when it describes a whole model. */
  'describe-part': { take: { file: string; confinedTo?: string[] }; give: PartDescription | null };
  /** Finds, reads, checks and loads a model. */
  'open-model': {
    take: { model: ModelQuery; options: EngineOptions };
    give: { loaded: LoadedModel; description: DescribedModel };
  };
  'load-model': { take: { description: ModelDescription; options: EngineOptions }; give: LoadedModel };
  'close-model': { take: { modelId: number }; give: null };
  run: { take: RunRequest; give: RunSummary };
  /** One outcome for each picture, in their order. */
  'classify-pictures': { take: PicturesRequest; give: PictureOutcome[] };
  'run-tensor': { take: TensorRunRequest; give: { runId: number; batch: number; forward_ms: number } };
  preprocess: {
    take: { imageId: number } & ModelReference;
    give: Slice & { geometry: Geometry; preprocess_ms: number };
  };
  slice: { take: { runId: number; image?: number; what: SliceRequest }; give: Slice; progress: SliceProgress };
  faithfulness: { take: FaithfulnessRequest; give: Faithfulness; progress: FaithfulnessProgress };
  /** What the model of a run, or a model, was read from. */
  'weight-files': { take: { runId: number } | { modelId: number }; give: WeightFiles };
  'close-run': { take: { runId: number }; give: null };
  /** A module of the articles on a tensor: every step, its result last under the name "output". */
  'run-part': { take: PartRequest; give: (Slice & { name: string })[] };
  /** The same weights and picture through both engines. */
  verify: { take: { options: EngineOptions; imageId: number } & ModelReference; give: Verification };
  /** Writes the model as ONNX, whole or not at all. */
  'export-onnx': {
    take: { file: string; attention: boolean; tokens: boolean; memoryLimit?: number } & ModelReference;
    give: { bytes: number };
  };
}

export type EngineRequestName = keyof EngineRequests;

/** What a request reports while it runs; never: nothing. */
export type Progress<K extends EngineRequestName> = EngineRequests[K] extends { progress: infer P } ? P : never;
