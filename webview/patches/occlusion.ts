/** The controls for hiding patches from the model. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { button, checkbox } from '../ui/controls';
import { h, setText } from '../ui/dom';

/** Tells the host which patches to hide; it runs the model again. */
export function sendHidden({ host, state }: App): void {
  host.send({ type: 'mask', patches: Uint32Array.from(state.hidden) });
}

export class Occlusion implements Component {
  private readonly brush;
  private readonly note = h('span', { class: 'caption', 'data-testid': 'hidden-patches', role: 'status' });
  private readonly all: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.brush = checkbox(
      l10n.t('Hide patches'),
      {
        'data-testid': 'brush',
        title: l10n.t(
          'Click or drag over the picture to hide patches from the model: they reach it as zeros, and it runs again',
        ),
      },
      (brush) => app.set({ brush }),
    );
    this.all = button(
      'secondary',
      {
        'data-testid': 'show-all',
        onclick: () => {
          app.set({ hidden: [] });
          sendHidden(app);
        },
      },
      l10n.t('Show all'),
    );
    this.element = h('div', { class: 'occlusion' }, this.brush.element, this.note, this.all);
  }

  update(): void {
    const { brush, hidden } = this.app.state;
    this.brush.set(brush);
    setText(this.note, hidden.length === 0 ? '' : l10n.t('{0} hidden', hidden.length));
    this.all.hidden = hidden.length === 0;
  }
}
