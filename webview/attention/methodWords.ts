/** What the panel calls each method (extension/engine/methods.ts): in the dropdown, under the picture, and where it is explained. */
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
  similarity: {
    label: l10n.t('Similarity of tokens'),
    caption: (token, { layer }) => l10n.t('Cosine of {0} to every token after block {1}', token, layer + 1),
  },
};

function ofClass(label: string, caption: (what: string) => string): MethodWords {
  return { label, caption: (_token, view, _heads, labels) => caption(explained(view, labels)) };
}

/** 'cat', 'cat against dog', or 'the most probable class'. */
function explained({ class: index, against }: AppState['view'], labels: readonly string[] | null): string {
  const name = index === null ? l10n.t('the most probable class') : className(labels, index);
  return against === null ? name : l10n.t('{0} against {1}', name, className(labels, against));
}

/** What a method computes, who published it, and what it does not tell. docs/evidence.md says the same at length. */
interface MethodHelp {
  /** In a sentence or two. */
  what: string;
  /** A: attention after softmax, v: values, W: the projection after the heads, y: the class's logit, G = dy/dA, x: the input. */
  formula: string;
  /** Paper, and the equation where there is one. */
  source: string;
  limits: string;
}

export const methodHelp: Record<MethodId, MethodHelp> = {
  attention: {
    what: l10n.t('How much of each token enters the chosen token in one layer.'),
    formula: 'A[h, q, j]',
    source: 'Vaswani et al. 2017, eq. 1',
    limits: l10n.t(
      'It is the same whatever class is asked for, and says nothing about what is carried: much attention to a token of little content changes little.',
    ),
  },
  rollout: {
    what: l10n.t('Attention multiplied through the layers, half of each token staying where it is.'),
    formula: 'Π (A + I) / 2',
    source: 'Abnar & Zuidema 2020, eq. 1',
    limits: l10n.t('Values and neural nets are left out, and it is the same whatever class is asked for.'),
  },
  'value-attention': {
    what: l10n.t('How long the vector is that each token really adds to the chosen one in one layer.'),
    formula: '‖Σ_h A[h, q, j] v_h[j] W_h‖',
    source: 'Kobayashi et al. 2020, section 3',
    limits: l10n.t(
      'It is one layer, the same whatever class is asked for, and a long vector may point where no class looks.',
    ),
  },
  relevance: {
    what: l10n.t('Attention that raises the class, multiplied through the layers.'),
    formula: 'R ← R + mean_h(max(0, G ∘ A)) R',
    source: 'Chefer et al. 2021, eqs. 5 and 6',
    limits: l10n.t(
      'Only what speaks for the class is kept, so there is no evidence against it; neural nets are left out.',
    ),
  },
  'grad-cam': {
    what: l10n.t("The last block's tokens, weighted by how much the class depends on each of their features."),
    formula: 'max(0, Σ_d w_d a[t, d]),  w = mean_t dy/da[t]',
    source: 'Selvaraju et al. 2017, eqs. 1 and 2',
    limits: l10n.t(
      'In the last block a token no longer stands for the pixels under it alone, and one weight for all places suits convolutions better than tokens.',
    ),
  },
  'input-gradient': {
    what: l10n.t('To first order, how far the class would fall if a patch became the mean color.'),
    formula: 'Σ x · dy/dx',
    source: 'Shrikumar et al. 2016; Ancona et al. 2018',
    limits: l10n.t('Gradients of one picture are noisy, and small where the model is already sure.'),
  },
  'integrated-gradients': {
    what: l10n.t(
      'The change of the class from the zero picture to this one, shared out among the patches; the error says how far the shares are from the whole.',
    ),
    formula: 'Σ x · mean_k dy/dx at (k − ½) / m of the way',
    source: 'Sundararajan et al. 2017, eq. 3',
    limits: l10n.t(
      'It explains the difference from the zero picture, the mean color of the training pictures: another starting picture gives another map.',
    ),
  },
  'leave-one-out': {
    what: l10n.t('How far the class falls when one patch is hidden. Every patch is a pass of its own.'),
    formula: 'y − y without patch i',
    source: 'Zeiler & Fergus 2014, section 4.2; Li et al. 2016',
    limits: l10n.t('What two patches both show is missed: when one is hidden, the other still says it.'),
  },
  'token-sampling': {
    what: l10n.t(
      'The mean of the class over passes that show a patch, less the mean over those that hide it; each pass hides about half of the patches at random.',
    ),
    formula: 'mean y | i shown − mean y | i hidden',
    source: 'Petsiuk et al. 2018, eq. 6; Englebert et al. 2023',
    limits: l10n.t('It is an estimate that gets better with passes only slowly, of a model that sees half a picture.'),
  },
  similarity: {
    what: l10n.t('How alike the tokens are to the chosen one after a block: the cosine of the angle between them.'),
    formula: 't_q · t_j / (‖t_q‖ ‖t_j‖)',
    source: 'Raghu et al. 2021, section 5',
    limits: l10n.t('It says what the model holds to be alike, not what it looks at or why it chooses a class.'),
  },
};
