/** The three views, as a tab list with one stop for the Tab key. */
import type { View } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { attribute, h, rove } from './dom';

const views: readonly { view: View; label: string }[] = [
  { view: 'attention', label: 'Attention' },
  { view: 'patches', label: 'Patches' },
  { view: 'walkthrough', label: 'Walk-through' },
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
    this.element = h('div', { class: 'tabs', role: 'tablist', 'aria-label': 'Views' }, ...this.tabs);
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
