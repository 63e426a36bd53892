/** What the panel calls each method (extension/engine/methods.ts): in the dropdown, and under the picture. */
import * as l10n from '@vscode/l10n';
import type { MethodId } from '../../extension/engine/methods';
import type { AppState } from '../app/state';
import { className, headName, headOfName } from '../ui/names';

interface MethodWords {
  label: string;
  /** @param token the query, as it is called inside a text */
  caption(token: string, view: AppState['view'], heads: number, labels: readonly string[] | null): string;
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
  'value-attention': {
    label: l10n.t('Attention times values'),
    caption: (token, { layer }) => l10n.t('Attention times values, to {0}, layer {1}', token, layer + 1),
  },
  relevance: ofClass(l10n.t('Relevance'), (what) => l10n.t('Relevance for {0}', what)),
  'grad-cam': ofClass(l10n.t('Grad-CAM'), (what) => l10n.t('Grad-CAM for {0}', what)),
  'input-gradient': ofClass(l10n.t('Input times gradient'), (what) => l10n.t('Input times gradient for {0}', what)),
  'integrated-gradients': ofClass(l10n.t('Integrated gradients'), (what) =>
    l10n.t('Integrated gradients for {0}', what),
  ),
  'leave-one-out': ofClass(l10n.t('Leave one patch out'), (what) => l10n.t('Leave one patch out, for {0}', what)),
  'token-sampling': ofClass(l10n.t('Random patches left out'), (what) =>
    l10n.t('Random patches left out, for {0}', what),
  ),
};

function ofClass(label: string, caption: (what: string) => string): MethodWords {
  return { label, caption: (_token, view, _heads, labels) => caption(explained(view, labels)) };
}

/** 'cat', 'cat against dog', or 'the most probable class'. */
function explained({ class: index, against }: AppState['view'], labels: readonly string[] | null): string {
  const name = index === null ? l10n.t('the most probable class') : className(labels, index);
  return against === null ? name : l10n.t('{0} against {1}', name, className(labels, against));
}
