/** What a checkpoint family is to this program: two tables and their defaults. The families are in ../families. */
import type { Preprocessing } from '../../image/preprocessing';
import type { Architecture, Finding } from '../../architecture/description';
import type { StoredTensor } from '../files/safetensors';
import type { Sentence } from '../../errors/sentence';
import type { Fields } from './fields';

/** Names as in the file, less a wrapper's prefix ("module.", "vit."). */
export type Tensors = ReadonlyMap<string, StoredTensor>;

/**
 * A key of the file. `{i}` and `{p}` stand for the numbers in the canonical name, `*` for weight or bias.
 * `thirds` takes rows begin/3 to end/3 of a fused Q, K, V. `zeros` stands for as many zeros as the tensor of that key has
 * values (a K without bias beside Q and V with one). `axes` transposes: the canonical tensor is numpy.transpose(stored, axes),
 * the axes of a file's flat tensor being taken apart first (SigLIP 2's patches as rows, CLIP's `x @ proj`).
 * `rows` takes rows from...to of the tensor seen as a matrix whose columns are its last axis; `i` is the number in the name.
 */
export type KeyPart =
  | string
  | { key: string; thirds: [begin: number, end: number] }
  | { zeros: string; thirds?: [begin: number, end: number] }
  | { key: string; axes: number[] }
  | { key: string; rows: (tensors: Tensors, i: number) => [from: number, to: number]; i?: number };

/** Parts follow each other along axis 0. */
export type KeyRule = KeyPart[];

/** Canonical name pattern -> alternatives, the first one whose keys exist is taken. Unlisted names are the file's own. */
export type KeyTable = Record<string, KeyRule[]>;

export interface FamilyInput {
  /** config.json, or the fields that stand in for it. Empty when there is none. */
  config: Fields;
  /** preprocessor_config.json, or null. */
  processor: Fields | null;
  /** null: no weight file (a seed config). */
  tensors: Tensors | null;
  findings: Finding[];
}

export interface Family {
  /** As in ModelDescription.family. */
  name: string;
  /** For people: "timm VisionTransformer". */
  title: Sentence;
  /** Config says it is ours. */
  claims(config: Fields): boolean;
  /** A tensor whose presence says it is ours; used when the config does not speak, and to find a wrapper's prefix. */
  anchor: string;
  /** Says so where families share an anchor and no config decides: a tensor that must be there too, or a rule over all. */
  requires?: RegExp | ((tensors: Tensors) => boolean);
  /** Without weights its tensors are drawn from the config's seed. */
  seeded?: true;
  architecture(input: FamilyInput): Architecture;
  preprocessing(input: FamilyInput, architecture: Architecture): Preprocessing;
  keys: KeyTable;
  /** A name of another release of the same code, as this table writes it. */
  rename?: (name: string) => string;
  /** Its patch projection is a linear layer over (channels, rows, columns), which is a convolution flattened. */
  flatPatches?: boolean;
  /** Its classifier is one linear layer over the pooled features: one of another name beside the body is taken for it. */
  anyHead?: true;
  /** Tensors that have no part in this forward pass (poolers, text towers, mask tokens). */
  ignored: RegExp[];
  /** Names that are its own even where another model's could be meant: one that has no place is refused, not passed over. */
  own?: RegExp;
  noWeightDecay?: string[];
}
