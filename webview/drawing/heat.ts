/** Attention rows to one map over the patches: which head or fusion, which scale, how much of the mass. */
import { fuseHeads } from '../../extension/engine/headFusion';
import type { ViewState } from '../../extension/protocol/panel';
import { domainOf, symmetric, type Domain } from '../../extension/drawing/colorScale';

export type Head = ViewState['head'];

/** How the colour scale is chosen; kept beside ViewState because it concerns the webview alone. */
export interface ScaleChoice {
  /** shared: one range for all heads of the layer; own: each map its own. */
  scale: 'shared' | 'own';
  excludeOutliers: boolean;
  /** Patches that have no part in it. */
  without?: readonly number[];
  /** Values lie on both sides of zero: the range is the same on either. */
  signed: boolean;
}

/** Share of the values at each end that "exclude outliers" leaves out of the scale (captum's outlier_perc). */
const outlierShare = 0.02;

export interface Heat {
  /** One value a patch, row by row. */
  patches: Float32Array;
  /** One value a prefix token. */
  prefix: Float32Array;
  domain: Domain;
}

/** One row (N) of the head asked for, or of all heads fused elementwise. */
export function fuse(rows: readonly Float32Array[], head: Head): Float32Array {
  return typeof head === 'number'
    ? (rows[Math.min(head, rows.length - 1)] ?? new Float32Array())
    : fuseHeads(rows, head);
}

/**
 * The map of one head or fusion. The scale looks at patches only: what a query gives to the class token would often
 * flatten everything else.
 */
export function heatOf(rows: readonly Float32Array[], head: Head, prefixes: number, choice: ScaleChoice): Heat {
  const row = fuse(rows, head);
  const patches = row.subarray(prefixes);
  const all = choice.scale === 'shared' ? rows.map((each) => each.subarray(prefixes)) : [patches];
  const domain = domainOfMaps(
    all.map((map) => ({ map, without: choice.without ?? [] })),
    choice,
  );
  return { patches, prefix: row.subarray(0, prefixes), domain };
}

/** The range of several maps over the patches, each without those that have no part in it. */
export function domainOfMaps(
  maps: readonly { map: Float32Array; without: readonly number[] }[],
  { excludeOutliers, signed }: Pick<ScaleChoice, 'excludeOutliers' | 'signed'>,
): Domain {
  const compared = maps.map(({ map, without }) =>
    without.length === 0 ? map : map.filter((_, patch) => !without.includes(patch)),
  );
  const domain = domainOf(compared, excludeOutliers ? outlierShare : 0);
  return signed ? symmetric(domain) : domain;
}

/**
 * The fewest patches that together hold `share` of the map's sum (DINO's --threshold), of its absolute values where
 * signs differ; others become NaN. share >= 1 keeps all.
 */
export function keepMass(patches: Float32Array, share: number): Float32Array {
  if (share >= 1) return patches;
  const sizes = patches.map(Math.abs);
  const order = Array.from(patches.keys()).sort((a, b) => sizes[b]! - sizes[a]!);
  let total = 0;
  for (const size of sizes) total += size;
  const kept = new Float32Array(patches.length).fill(NaN);
  let mass = 0;
  for (const index of order) {
    if (mass >= share * total) break;
    kept[index] = patches[index]!;
    mass += sizes[index]!;
  }
  return kept;
}
