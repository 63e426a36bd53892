/** What the picture can be compared with; the host asks which one, and opens it. */
import * as l10n from '@vscode/l10n';
import type { CompareWith } from '../../extension/protocol/panel';
import type { App } from '../app/app';
import type { MenuItem } from '../ui/menu';

export function compareItems(app: App): MenuItem[][] {
  const item = (what: CompareWith, label: string, icon: string, enabled: () => boolean): MenuItem => ({
    id: `compare-${what}`,
    label,
    icon,
    enabled,
    run: () => app.host.send({ type: 'compare', with: what }),
  });
  const possible = () => app.state.view.view !== 'walkthrough';
  return [
    [
      item('picture', l10n.t('With another picture…'), 'file-media', possible),
      item('model', l10n.t('With another model…'), 'circuit-board', possible),
      item('last-commit', l10n.t('With the last commit'), 'git-commit', possible),
    ],
    [item('nothing', l10n.t('End the comparison'), 'close', () => app.state.other !== null)],
  ];
}
