/**
 * The ways a run becomes a map over the patches, one row each. The slices of the protocol and their checks, the panel's
 * dropdown, caption, export and colour scale all read this table.
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
}

interface Method {
  /** The kind of slice that answers it. */
  slice: string;
  /** What it is computed from: kept attention maps, a backward pass, or further forward passes. */
  needs: 'maps' | 'gradient' | 'passes';
  /** Values lie on both sides of zero: the colour scale does too. */
  signed: boolean;
  /** A map for each head, (h, N), of which the view shows one or fuses all; otherwise one, (N). */
  perHead: boolean;
  params: readonly (keyof MethodParameters)[];
}

export const methods = {
  attention: {
    slice: 'attention-rows',
    needs: 'maps',
    signed: false,
    perHead: true,
    params: ['layer', 'query'],
  },
  rollout: {
    slice: 'rollout',
    needs: 'maps',
    signed: false,
    perHead: false,
    params: ['query', 'from', 'to', 'fusion', 'discardRatio'],
  },
} as const satisfies Record<string, Method>;

export type MethodId = keyof typeof methods;

export const methodIds = Object.keys(methods) as MethodId[];

/** Slice requests of the methods: { kind, ...params }. */
export type MethodSlice = {
  [Id in MethodId]: { kind: (typeof methods)[Id]['slice'] } & Pick<
    MethodParameters,
    (typeof methods)[Id]['params'][number]
  >;
}[MethodId];

/** What to ask for to show a method. */
export function methodSlice(id: MethodId, values: MethodParameters): MethodSlice {
  const { slice, params } = methods[id];
  return { kind: slice, ...Object.fromEntries(params.map((name) => [name, values[name]])) } as MethodSlice;
}
