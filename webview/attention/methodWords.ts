/** What the panel calls each method (extension/engine/methods.ts): in the dropdown, and under the picture. */
import type { MethodId } from '../../extension/engine/methods';
import type { AppState } from '../app/state';

interface MethodWords {
  label: string;
  /** `from`: 'from class token'. */
  caption(from: string, view: AppState['view'], heads: number): string;
}

export const methodWords: Record<MethodId, MethodWords> = {
  attention: {
    label: 'Attention of one layer',
    caption: (from, { layer, head }, heads) => {
      const fused = `${head} of ${heads} ${heads === 1 ? 'head' : 'heads'}`;
      return `Attention ${from}, layer ${layer + 1}, ${typeof head === 'number' ? `head ${head + 1}` : fused}`;
    },
  },
  rollout: {
    label: 'Rollout through the layers',
    caption: (from, { layer, head }) => `Attention rollout ${from}, layers 1–${layer + 1}, ${head} of heads`,
  },
};
