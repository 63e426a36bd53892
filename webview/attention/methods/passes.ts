/** Methods of further passes with patches hidden. */
import * as l10n from '@vscode/l10n';
import { ofClass, y, type MethodPage } from './page';

export const passes = {
  'leave-one-out': {
    ...ofClass(l10n.t('Leave one patch out'), (what) => l10n.t('Leave one patch out, for {0}', what)),
    what: l10n.t('How far the class falls when one patch is hidden. Every patch is a pass of its own.'),
    formula: 'y − y without patch i',
    source: 'Zeiler & Fergus 2014, section 4.2; Li et al. 2016',
    limits: l10n.t('What two patches both show is missed: when one is hidden, the other still says it.'),
    python: () => ({
      overTokens: false,
      uses: 'embedding',
      lines: [
        'def score(hidden):',
        '    HIDDEN[:] = hidden',
        '    logits, _ = run(x)',
        `    ${y}`,
        '    return y',
        '',
        '',
        'always = list(HIDDEN)',
        'with torch.no_grad():',
        '    whole = score(always)',
        '    values = torch.stack([whole - score(always + [patch]) for patch in range(GRID[0] * GRID[1])])',
      ],
    }),
  },
  'token-sampling': {
    ...ofClass(l10n.t('Random patches left out'), (what) => l10n.t('Random patches left out, for {0}', what)),
    what: l10n.t(
      'The mean of the class over passes that show a patch, less the mean over those that hide it; each pass hides about half of the patches at random.',
    ),
    formula: 'mean y | i shown − mean y | i hidden',
    source: 'Petsiuk et al. 2018, eq. 6; Englebert et al. 2023',
    limits: l10n.t('It is an estimate that gets better with passes only slowly, of a model that sees half a picture.'),
    python: () => null,
  },
} satisfies Record<string, MethodPage>;
