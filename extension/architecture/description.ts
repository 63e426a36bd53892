/**
 * What the rest of the program knows about a model, whatever family it came from.
 * Families (models/families/*) are tables that produce this; nothing below this file's users looks at a config again.
 */
import type { Architecture, Part, TensorSource } from '../../native/binding';
import type { Sentence } from '../errors/sentence';
import type { Preprocessing } from '../image/preprocessing';
import type { Scores } from './scores';

export type {
  Activation,
  Architecture,
  Block,
  DType,
  Norm,
  RelativeBias,
  Resample,
  Rotary,
  TensorPart,
  TensorSource,
  Tokenizer,
} from '../../native/binding';

/** Something a person should know about a model: what is assumed, odd, or wrong. An error means it cannot be run. */
export interface Finding extends Sentence {
  severity: 'info' | 'warning' | 'error';
  /** Stable, for tests and filters: 'missing-tensor', 'unexpected-tensor', 'shape', 'assumed-eps', ... */
  code: string;
  /** The tensor or config field it is about. */
  subject?: string;
}

export type WeightSource =
  | { kind: 'tensors'; tensors: Record<string, TensorSource> }
  | { kind: 'seed'; seed: number }
  /** input: the graph's that takes the picture; null when none does. */
  | { kind: 'onnx'; file: string; input: PictureInput | null };

/** The input of an ONNX graph that takes the picture. Sides that are symbolic in the file are null. */
export interface PictureInput {
  name: string;
  /** TensorProto.DataType; 0 where the file does not say. */
  elementType: number;
  channelsLast: boolean;
  channels: number | null;
  height: number | null;
  width: number | null;
  /** Images of one pass, where the file fixes them. */
  batch: number | null;
}

export interface ModelDescription {
  /** How the user named it: 'embedded', a registry id, or a path. */
  id: string;
  /** Short, for titles: the directory's or file's name, or the config's architecture. */
  name: string;
  /** Directory or file on disk, absolute. */
  path: string;
  /** 'timm', 'hf-vit', 'hf-deit', 'hf-dinov2', 'hf-clip', 'hf-siglip', 'torchvision', 't2t', 'seed-vit', 'seed-t2t', 'onnx', ... */
  family: string;
  /** null only for ONNX files whose architecture could not be read from a config beside them. */
  architecture: Architecture | null;
  weights: WeightSource;
  preprocessing: Preprocessing;
  /** Class names in index order, '' where one has none; null when unknown or when there is no classifier. */
  labels: string[] | null;
  /** What its last numbers mean; null: features. A foreign ONNX graph may know better (LoadedModel.scores). */
  scores: Scores | null;
  /** Weight file's dtypes, e.g. ['F16']. */
  dtypes: string[];
  /** Bytes of the weight files. */
  bytes: number;
  /** Tensor names the family trains without weight decay (articles' no_weight_decay), when the family says so. */
  noWeightDecay?: string[];
  /** logsumexp(logits) below this: unlike anything the model was trained on. */
  energyThreshold?: number;
  findings: Finding[];
}

/** A module of the articles on its own. */
export interface PartDescription {
  /** The class's name. */
  name: string;
  part: Part;
  weights: { seed: number } | { tensors: Record<string, TensorSource> };
}
