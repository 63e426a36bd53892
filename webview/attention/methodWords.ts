/** What the panel calls each method (extension/engine/methods.ts): in the dropdown, and under the picture. */
import * as l10n from '@vscode/l10n';
import type { MethodId } from '../../extension/engine/methods';
import type { AppState } from '../app/state';
import { headName, headOfName } from '../ui/names';

interface MethodWords {
  label: string;
  /** @param token the query, as it is called inside a text */
  caption(token: string, view: AppState['view'], heads: number): string;
}

export const methodWords: Record<MethodId, MethodWords> = {
  attention: {
    label: l10n.t('Attention of one layer'),
    caption: (token, { layer, head }, heads) =>
      l10n.t('Attention from {0}, layer {1}, {2}', token, layer + 1, headOfName(head, heads)),
  },
  rollout: {
    label: l10n.t('Rollout through the layers'),
    caption: (token, { layer, head }) =>
      l10n.t('Attention rollout from {0}, layers 1–{1}, {2}', token, layer + 1, headName(head)),
  },
};
