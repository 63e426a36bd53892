/** What a row says, in words. */
import * as l10n from '@vscode/l10n';
import type { Scores } from '../../extension/architecture/scores';
import type { Tag } from '../../extension/results/format';
import { percent, value } from '../ui/format';

export function tagName(tag: Tag): string {
  switch (tag) {
    case 'wrong label':
      return l10n.t('Wrong label');
    case 'drop':
      return l10n.t('Drop');
    case 'look again':
      return l10n.t('Look again');
  }
}

/** A score as a percentage where it is a probability. */
export const scoreText = (score: number, scores: Scores | null): string =>
  scores === 'value' ? value(score) : percent(score);

/** Below each other: with as many decimals each, where it is no large number. */
export const energyText = (energy: number): string => (Math.abs(energy) < 100 ? energy.toFixed(2) : value(energy));

export const pictures = (n: number): string =>
  n === 1 ? l10n.t('1 picture') : l10n.t('{0} pictures', n.toLocaleString());
