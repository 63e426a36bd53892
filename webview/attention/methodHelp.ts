/** What each method computes, who published it, and what it does not tell. docs/evidence.md says the same at length. */
import * as l10n from '@vscode/l10n';
import type { MethodId } from '../../extension/engine/methods';

export interface MethodHelp {
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
};
