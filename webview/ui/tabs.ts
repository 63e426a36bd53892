/** The views, as a tab list with one stop for the Tab key. */
import * as l10n from '@vscode/l10n';
import type { View } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { attribute, h, rove } from './dom';

const views: readonly { view: View; label: string; narrow?: string }[] = [
  { view: 'attention', label: l10n.t('Attention') },
  {
    view: 'overview',
    label: l10n.t('Layers and heads'),
    narrow: l10n.t({ message: 'Heads', comment: ['Layers and heads, where there is no room for more'] }),
  },
  { view: 'patches', label: l10n.t('Patches') },
  { view: 'walkthrough', label: l10n.t('Walk-through') },
];

export class Tabs implements Component {
  private readonly tabs: HTMLElement[];
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.tabs = views.map(({ view, label, narrow }) =>
      h(
        'button',
        {
          class: 'tab',
          type: 'button',
          role: 'tab',
          id: `tab-${view}`,
          'aria-controls': 'view',
          'aria-label': label,
          'data-testid': `tab-${view}`,
          onclick: () => app.setView({ view }),
        },
        h('span', { class: narrow && 'tab-wide' }, label),
        narrow !== undefined && h('span', { class: 'tab-narrow' }, narrow),
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
