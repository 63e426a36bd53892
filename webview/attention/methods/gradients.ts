/** Methods of a backward pass. */
import * as l10n from '@vscode/l10n';
import type { Architecture } from '../../../extension/architecture/description';
import { ofClass, y, type MethodPage } from './page';

/** Relevance's first row: the tokens that the classifier reads. */
function start(pool: Architecture['pool']): string[] {
  const patches = 'start[PREFIX:] = 1 / (tokens - PREFIX)';
  switch (pool) {
    case 'token':
      return ['start[0] = 1'];
    case 'distilled':
      return ['start[:2] = 0.5'];
    case 'class-avg':
      return [patches.replace('1 /', '0.5 /'), 'start[0] += 0.5'];
    default:
      return [patches];
  }
}

/** Sums over the channels and pixels of each patch; pixels beyond the last whole patch are left out. */
const patchSums = [
  '',
  '',
  'def patch_sums(pixels):',
  '    (rows, columns), (height, width) = GRID, PATCH',
  '    whole = pixels[:, : rows * height, : columns * width]',
  '    return whole.reshape(-1, rows, height, columns, width).sum((0, 2, 4)).flatten()',
  '',
  '',
];

export const gradients = {
  relevance: {
    ...ofClass(l10n.t('Relevance'), (what) => l10n.t('Relevance for {0}', what)),
    what: l10n.t('Attention that raises the class, multiplied through the layers.'),
    formula: 'R ← R + mean_h(max(0, G ∘ A)) R',
    source: 'Chefer et al. 2021, eqs. 5 and 6',
    limits: l10n.t(
      'Only what speaks for the class is kept, so there is no evidence against it; neural nets are left out.',
    ),
    python: (_view, { pool }) => ({
      overTokens: true,
      lines: [
        'logits, maps = run(x.requires_grad_())',
        y,
        'gradients = torch.autograd.grad(y, maps)',
        'tokens = maps[0].shape[-1]',
        'start = torch.zeros(tokens)',
        ...start(pool),
        'values = start',
        'for layer_map, gradient in reversed(list(zip(maps, gradients))):',
        '    values = values + values @ (layer_map[0] * gradient[0]).clamp(min=0).mean(0)',
      ],
    }),
  },
  'grad-cam': {
    ...ofClass(l10n.t('Grad-CAM'), (what) => l10n.t('Grad-CAM for {0}', what)),
    what: l10n.t("The last block's tokens, weighted by how much the class depends on each of their features."),
    formula: 'max(0, Σ_d w_d a[t, d]),  w = mean_t dy/da[t]',
    source: 'Selvaraju et al. 2017, eqs. 1 and 2',
    limits: l10n.t(
      'In the last block a token no longer stands for the pixels under it alone, and one weight for all places suits convolutions better than tokens.',
    ),
    python: () => ({
      overTokens: false,
      uses: 'lastNorm',
      lines: [
        'kept = []',
        'last_norm.register_forward_hook(lambda module, inputs, output: kept.append(output))',
        'logits, _ = run(x.requires_grad_())',
        y,
        '(gradient,) = torch.autograd.grad(y, kept[-1])',
        'weights = gradient[0, PREFIX:].mean(0)',
        'values = (kept[-1][0, PREFIX:] @ weights).clamp(min=0)',
      ],
    }),
  },
  'input-gradient': {
    ...ofClass(l10n.t('Input times gradient'), (what) => l10n.t('Input times gradient for {0}', what)),
    what: l10n.t('To first order, how far the class would fall if a patch became the mean color.'),
    formula: 'Σ x · dy/dx',
    source: 'Shrikumar et al. 2016; Ancona et al. 2018',
    limits: l10n.t('Gradients of one picture are noisy, and small where the model is already sure.'),
    python: () => ({
      overTokens: false,
      lines: [
        ...patchSums,
        'logits, _ = run(x.requires_grad_())',
        y,
        '(gradient,) = torch.autograd.grad(y, x)',
        'values = patch_sums((x * gradient)[0])',
      ],
    }),
  },
  'integrated-gradients': {
    ...ofClass(l10n.t('Integrated gradients'), (what) => l10n.t('Integrated gradients for {0}', what)),
    what: l10n.t(
      'The change of the class from the zero picture to this one, shared out among the patches; the error says how far the shares are from the whole.',
    ),
    formula: 'Σ x · mean_k dy/dx at (k − ½) / m of the way',
    source: 'Sundararajan et al. 2017, eq. 3',
    limits: l10n.t(
      'It explains the difference from the zero picture, the mean color of the training pictures: another starting picture gives another map.',
    ),
    python: () => ({
      overTokens: false,
      lines: [
        ...patchSums,
        'total = torch.zeros_like(x)',
        'for k in range(STEPS):',
        '    point = (x * (k + 0.5) / STEPS).requires_grad_()',
        '    logits, _ = run(point)',
        `    ${y}`,
        '    total += torch.autograd.grad(y, point)[0]',
        'values = patch_sums((x * total / STEPS)[0])',
      ],
    }),
  },
} satisfies Record<string, MethodPage>;
