/** Findings on a model, as items of a list. */
import * as l10n from '@vscode/l10n';
import type { Finding } from '../../extension/architecture/description';
import { say } from '../app/words';
import { h, icon } from '../ui/dom';

export const severityIcons = { error: 'error', warning: 'warning', info: 'info' } as const;

/** Before a finding, for whoever does not see its icon. */
const severityNames = { error: l10n.t('error: '), warning: l10n.t('warning: '), info: l10n.t('info: ') } as const;

export const findingItem = (finding: Pick<Finding, 'severity' | 'template' | 'args' | 'subject'>): HTMLElement =>
  h(
    'li',
    { 'data-testid': 'finding', title: finding.subject ?? '' },
    icon(severityIcons[finding.severity], finding.severity),
    h('span', {}, h('span', { class: 'visually-hidden' }, severityNames[finding.severity]), say(finding)),
  );
