/** Slices that look through the depth of a model: made here of a run's tokens and maps, so that neither crosses a process whole. */
import { cancelled, EngineError } from '../../errors/engineError';
import { sentence } from '../../errors/sentence';
import type { BackendRun } from '../backend';
import type { DepthSlice, LoadedModel, Slice, SliceProgress, SliceRequest } from '../requests';
import { joined } from '../headFusion';
import { attentionDistances, attentionEntropies } from './heads';
import { cosines, principalScores, tokenNorms } from './tokens';

const depthKinds: Record<DepthSlice['kind'], true> = {
  'token-norms': true,
  'token-cosines': true,
  'token-components': true,
  'head-statistics': true,
};

export const isDepth = (what: SliceRequest): what is DepthSlice => Object.hasOwn(depthKinds, what.kind);

type Model = Pick<LoadedModel, 'layers' | 'heads' | 'numTokens' | 'numPrefix' | 'grid'>;

/** Rejects with what `run` refuses, ERR_ARGUMENT, or between two layers with ERR_CANCELLED. */
export async function depthSlice(
  run: BackendRun,
  image: number,
  { layers, heads, numTokens, numPrefix, grid }: Model,
  what: DepthSlice,
  { signal, report }: { signal: AbortSignal; report: (progress: SliceProgress) => void },
): Promise<Slice> {
  const tokensAt = async (layer: number) => (await run.slice(image, { kind: 'tokens', layer })).values;
  const each = async <T>(count: number, of: (layer: number) => Promise<T>): Promise<T[]> => {
    const all: T[] = [];
    for (let layer = 0; layer < count; layer++) {
      if (signal.aborted) throw cancelled();
      all.push(await of(layer));
      report({ done: layer + 1, total: count });
    }
    return all;
  };
  switch (what.kind) {
    case 'token-norms': {
      const rows = await each(layers + 1, async (layer) => tokenNorms(await tokensAt(layer), numTokens));
      return { shape: [layers + 1, numTokens], values: joined(rows) };
    }
    case 'token-cosines': {
      const { layer, query } = what;
      if (query >= numTokens)
        throw new EngineError('ERR_ARGUMENT', sentence('There is no token {0} among {1}.', query, numTokens));
      return { shape: [numTokens], values: cosines(await tokensAt(layer + 1), numTokens, query) };
    }
    case 'token-components': {
      const tokens = await tokensAt(what.layer + 1);
      const patches = tokens.subarray((tokens.length / numTokens) * numPrefix);
      return { shape: [numTokens - numPrefix, 3], values: principalScores(patches, numTokens - numPrefix) };
    }
    case 'head-statistics': {
      const layout = { heads, tokens: numTokens, prefixes: numPrefix, columns: grid[1] };
      const rows = await each(layers, async (layer) => {
        const { values } = await run.slice(image, { kind: 'attention', layer });
        return [attentionDistances(values, layout), attentionEntropies(values, layout)] as const;
      });
      const values = joined([...rows.map(([distance]) => distance), ...rows.map(([, entropy]) => entropy)]);
      return { shape: [2, layers, heads], values };
    }
  }
}
