/** The views, as a tab list with one stop for the Tab key. */
import * as l10n from '@vscode/l10n';
import type { View } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { attribute, h, rove } from './dom';

const views: readonly { view: View; label: string }[] = [
  { view: 'attention', label: l10n.t('Attention') },
  { view: 'overview', label: l10n.t('Layers and heads') },
  { view: 'patches', label: l10n.t('Patches') },
  { view: 'walkthrough', label: l10n.t('Walk-through') },
];

export class Tabs implements Component {
  private readonly tabs: HTMLElement[];
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.tabs = views.map(({ view, label }) =>
      h(
        'button',
        {
          class: 'tab',
          type: 'button',
          role: 'tab',
          id: `tab-${view}`,
          'aria-controls': 'view',
          'data-testid': `tab-${view}`,
          onclick: () => app.setView({ view }),
        },
        label,
      ),
    );
    this.element = h('div', { class: 'tabs', role: 'tablist', 'aria-label': l10n.t('Views') }, ...this.tabs);
    rove(
      this.element,
      () => this.tabs,
      () => 0,
      true,
    );
  }

  update(): void {
    this.tabs.forEach((tab, i) => {
      const chosen = views[i]!.view === this.app.state.view.view;
      attribute(tab, 'aria-selected', chosen ? 'true' : 'false');
      tab.tabIndex = chosen ? 0 : -1;
    });
  }
}
