/**
 * The ways a run becomes a map over the patches, one row each. The slices of the protocol and their checks, the panel's
 * dropdown, caption, export and colour scale, and the command line all read this table. What each computes, where it was
 * published and what it does not tell: docs/evidence.md, and for the panel webview/attention/methods/.
 */
import type { HeadFusion } from '../../native/binding';

/** What a method may be asked with. */
export interface MethodParameters {
  layer: number;
  /** Token the map is of, 0.. with prefix tokens first. */
  query: number;
  /** Layers from..to, inclusive. */
  from: number;
  to: number;
  fusion: HeadFusion;
  /** Share of the smallest entries of the fused map put to zero. */
  discardRatio: number;
  /** The class whose logit y is explained; null: the picture's most probable one. */
  class: number | null;
  /** y is the difference of that logit and this class's; null: the class alone. */
  against: number | null;
  /** Places between the zero picture and the picture where the gradient is taken. */
  steps: number;
  /** Passes with randomly hidden patches; even. */
  samples: number;
  /** Of random numbers. */
  seed: number;
}

/** What is used where nobody says. */
export const methodDefaults = {
  discardRatio: 0,
  class: null,
  against: null,
  steps: 32,
  samples: 512,
  seed: 0,
} as const satisfies Partial<MethodParameters>;

/** The least and the most of those that are counts. */
export const methodBounds = {
  steps: [1, 4096],
  samples: [2, 2 ** 16],
} as const satisfies Partial<Record<keyof MethodParameters, readonly [least: number, most: number]>>;

interface Method {
  /** The kind of slice that answers it. */
  slice: string;
  /** What it is computed from: kept attention maps, kept tokens, the weights and tokens inside a block, a backward pass, or further forward passes. */
  needs: 'maps' | 'tokens' | 'values' | 'gradient' | 'passes';
  /** tokens: prefix tokens first, N values; patches: those alone. */
  over: 'tokens' | 'patches';
  /** Values lie on both sides of zero: the colour scale does too. */
  signed: boolean;
  /** A map for each head, (h, N), of which the view shows one or fuses all; otherwise one, (N). */
  perHead: boolean;
  params: readonly (keyof MethodParameters)[];
  /** It says what is like what, and nothing of a class or of where the model looks: not ranked, and no part of `--method all`. */
  describes?: true;
}

const ofClass = ['class', 'against'] as const;

export const methods = {
  attention: {
    slice: 'attention-rows',
    needs: 'maps',
    over: 'tokens',
    signed: false,
    perHead: true,
    params: ['layer', 'query'],
  },
  rollout: {
    slice: 'rollout',
    needs: 'maps',
    over: 'tokens',
    signed: false,
    perHead: false,
    params: ['query', 'from', 'to', 'fusion', 'discardRatio'],
  },
  'value-attention': {
    slice: 'value-attention',
    needs: 'values',
    over: 'tokens',
    signed: false,
    perHead: false,
    params: ['layer', 'query'],
  },
  relevance: {
    slice: 'relevance',
    needs: 'gradient',
    over: 'tokens',
    signed: false,
    perHead: false,
    params: ofClass,
  },
  'grad-cam': {
    slice: 'grad-cam',
    needs: 'gradient',
    over: 'patches',
    signed: false,
    perHead: false,
    params: ofClass,
  },
  'input-gradient': {
    slice: 'input-gradient',
    needs: 'gradient',
    over: 'patches',
    signed: true,
    perHead: false,
    params: ofClass,
  },
  'integrated-gradients': {
    slice: 'integrated-gradients',
    needs: 'gradient',
    over: 'patches',
    signed: true,
    perHead: false,
    params: [...ofClass, 'steps'],
  },
  'leave-one-out': {
    slice: 'leave-one-out',
    needs: 'passes',
    over: 'patches',
    signed: true,
    perHead: false,
    params: ofClass,
  },
  'token-sampling': {
    slice: 'token-sampling',
    needs: 'passes',
    over: 'patches',
    signed: true,
    perHead: false,
    params: [...ofClass, 'samples', 'seed'],
  },
  similarity: {
    slice: 'token-cosines',
    needs: 'tokens',
    over: 'tokens',
    signed: true,
    perHead: false,
    params: ['layer', 'query'],
    describes: true,
  },
} as const satisfies Record<string, Method>;

export type MethodId = keyof typeof methods;

export const methodIds = Object.keys(methods) as MethodId[];

/** Those that say what speaks for a class, or where the model looks. */
export const explainingIds = methodIds.filter((id) => !('describes' in methods[id]));

/** Slice requests of the methods: { kind, ...params }. */
export type MethodSlice = {
  [Id in MethodId]: { kind: (typeof methods)[Id]['slice'] } & Pick<
    MethodParameters,
    (typeof methods)[Id]['params'][number]
  >;
}[MethodId];

/** Methods that need more than kept maps and tokens. */
type EvidenceId = { [Id in MethodId]: (typeof methods)[Id]['needs'] extends 'maps' | 'tokens' ? never : Id }[MethodId];
export type EvidenceKind = (typeof methods)[EvidenceId]['slice'];

/** Whether a kind of slice is that of a method which needs more than kept maps and tokens. */
export const needsMoreThanMaps = (kind: string): kind is EvidenceKind =>
  Object.values(methods).some(({ slice, needs }) => slice === kind && needs !== 'maps' && needs !== 'tokens');

/** What to ask for to show a method. */
export function methodSlice(id: MethodId, values: MethodParameters): MethodSlice {
  const { slice, params } = methods[id];
  return { kind: slice, ...Object.fromEntries(params.map((name) => [name, values[name]])) } as MethodSlice;
}

/** Whether a method has a parameter. */
export const takes = (id: MethodId, parameter: keyof MethodParameters): boolean =>
  (methods[id].params as readonly string[]).includes(parameter);
