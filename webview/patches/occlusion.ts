/** The controls for hiding patches from the model. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { button, checkbox } from '../ui/controls';
import { h, setText } from '../ui/dom';

const cannotHide = l10n.t(
  'Patches cannot be hidden from a model that ONNX Runtime runs: its graph takes whole pictures.',
);

/** Tells the host which patches to hide; it runs the model again. */
export function sendHidden({ host, state }: App): void {
  host.send({ type: 'mask', patches: Uint32Array.from(state.hidden) });
}

export class Occlusion implements Component {
  private readonly brush;
  /** Why patches cannot be hidden, where they cannot. */
  private readonly cannot = h('p', { class: 'note', 'data-testid': 'cannot-hide', hidden: true }, cannotHide);
  private readonly note = h('span', { class: 'caption', 'data-testid': 'hidden-patches', role: 'status' });
  private readonly all: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.brush = checkbox(
      l10n.t('Hide patches'),
      {
        'data-testid': 'brush',
        title: l10n.t(
          'Click or drag over the picture to hide patches from the model: their tokens become zeros before positions are added, and it runs again',
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
    this.element = h('div', { class: 'occlusion' }, this.brush.element, this.note, this.all, this.cannot);
  }

  update(): void {
    const { brush, hidden, model } = this.app.state;
    const can = model?.engine !== 'onnx';
    this.cannot.hidden = can;
    this.brush.element.hidden = !can;
    this.brush.set(brush && can);
    setText(this.note, hidden.length === 0 ? '' : l10n.t('{0} hidden', hidden.length));
    this.all.hidden = hidden.length === 0;
  }
}
