/** Methods that read what a pass leaves behind: attention maps and tokens. */
import * as l10n from '@vscode/l10n';
import type { ViewState } from '../../../extension/protocol/panel';
import { headName, headOfName } from '../../ui/names';
import type { MethodPage } from './page';

/** The rows of all heads as one: `rows` (heads, ...) */
const fused = (head: ViewState['head'], rows: string): string =>
  typeof head === 'number'
    ? `${rows}[HEAD]`
    : { mean: `${rows}.mean(0)`, max: `${rows}.amax(0)`, min: `${rows}.amin(0)` }[head];

export const maps = {
  attention: {
    label: l10n.t('Attention of one layer'),
    caption: (token, { layer, head }, heads) =>
      l10n.t('Attention from {0}, layer {1}, {2}', token, layer + 1, headOfName(head, heads)),
    what: l10n.t('How much of each token enters the chosen token in one layer.'),
    formula: 'A[h, q, j]',
    source: 'Vaswani et al. 2017, eq. 1',
    limits: l10n.t(
      'It is the same whatever class is asked for, and says nothing about what is carried: much attention to a token of little content changes little.',
    ),
    python: ({ head }) => ({
      overTokens: true,
      lines: [
        '_, maps = run(x)',
        'rows = maps[LAYER][0, :, QUERY]  # (heads, tokens)',
        `values = ${fused(head, 'rows')}`,
      ],
    }),
  },
  rollout: {
    label: l10n.t('Rollout through the layers'),
    caption: (token, { layer, head }) =>
      l10n.t('Attention rollout from {0}, layers 1–{1}, {2}', token, layer + 1, headName(head)),
    what: l10n.t('Attention multiplied through the layers, half of each token staying where it is.'),
    formula: 'Π (A + I) / 2',
    source: 'Abnar & Zuidema 2020, eq. 1',
    limits: l10n.t('Values and neural nets are left out, and it is the same whatever class is asked for.'),
    python: ({ head }) => ({
      overTokens: true,
      lines: [
        '_, maps = run(x)',
        'identity = torch.eye(maps[0].shape[-1])',
        'rollout = identity',
        'for layer_map in maps[: LAYER + 1]:',
        `    step = ${fused(typeof head === 'number' ? 'mean' : head, 'layer_map[0]')} + identity`,
        '    rollout = step / step.sum(-1, keepdim=True) @ rollout',
        'values = rollout[QUERY]',
      ],
    }),
  },
  'value-attention': {
    label: l10n.t('Attention times values'),
    caption: (token, { layer }) => l10n.t('Attention times values, to {0}, layer {1}', token, layer + 1),
    what: l10n.t('How long the vector is that each token really adds to the chosen one in one layer.'),
    formula: '‖Σ_h A[h, q, j] v_h[j] W_h‖',
    source: 'Kobayashi et al. 2020, section 3',
    limits: l10n.t(
      'It is one layer, the same whatever class is asked for, and a long vector may point where no class looks.',
    ),
    python: () => null,
  },
  similarity: {
    label: l10n.t('Similarity of tokens'),
    caption: (token, { layer }) => l10n.t('Cosine of {0} to every token after block {1}', token, layer + 1),
    what: l10n.t('How alike the tokens are to the chosen one after a block: the cosine of the angle between them.'),
    formula: 't_q · t_j / (‖t_q‖ ‖t_j‖)',
    source: 'Raghu et al. 2021, section 5',
    limits: l10n.t('It says what the model holds to be alike, not what it looks at or why it chooses a class.'),
    python: () => null,
  },
} satisfies Record<string, MethodPage>;
