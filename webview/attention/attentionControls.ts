/** Layer, head and method of the attention shown. */
import * as l10n from '@vscode/l10n';
import { methodIds, methods } from '../../extension/engine/methods';
import type { ViewState } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { whyNot } from '../app/attention';
import { dropdown, slider, type Choice } from '../ui/controls';
import { h } from '../ui/dom';
import { QueryPicker } from '../ui/queryPicker';
import { section } from '../ui/section';
import { methodPages } from './methods';
import { Thumbnails } from './thumbnails';

const fusions: Choice[] = [
  { value: 'mean', label: l10n.t('Mean of all heads') },
  { value: 'max', label: l10n.t('Maximum of all heads') },
  { value: 'min', label: l10n.t('Minimum of all heads') },
];

export class AttentionControls implements Component {
  private readonly query: QueryPicker;
  private readonly thumbnails: Thumbnails;
  private readonly layer;
  private readonly head;
  private readonly method;
  private readonly unavailable = h('p', { class: 'note', hidden: true });
  private readonly controls: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.query = new QueryPicker(app);
    this.thumbnails = new Thumbnails(app);
    this.layer = slider(l10n.t('Layer'), { 'data-testid': 'layer', step: 1 }, (layer) =>
      app.setView({ layer: layer - 1 }),
    );
    this.head = dropdown({ 'data-testid': 'head', 'aria-label': l10n.t('Head') }, (value) =>
      app.setView({ head: /^\d+$/.test(value) ? Number(value) : (value as ViewState['head']) }),
    );
    this.method = dropdown({ 'data-testid': 'method', 'aria-label': l10n.t('Method') }, (value) =>
      app.setView({ method: value as ViewState['method'] }),
    );
    const field = (name: string, control: HTMLElement) =>
      h('div', { class: 'field' }, h('span', { class: 'field-name' }, name), control);
    this.controls = h(
      'div',
      { class: 'stack' },
      this.query.element,
      this.layer.element,
      field(l10n.t('Head'), this.head.element),
      this.thumbnails.element,
      field(l10n.t('Method'), this.method.element),
    );
    this.element = section(l10n.t('Attention'), 'attention', true, this.unavailable, this.controls);
  }

  update(): void {
    const { model, view } = this.app.state;
    const shown = this.app.attention.shown(this.app.state);
    this.unavailable.hidden = shown.status !== 'unavailable';
    this.unavailable.textContent = shown.status === 'unavailable' ? shown.reason : '';
    const possible = methodIds.filter((id) => !model || whyNot(id, model) === null);
    this.controls.hidden = possible.length === 0;
    this.query.update();
    const layers = model?.loaded.layers ?? 1;
    const layer = Math.min(view.layer + 1, layers);
    this.layer.set({ min: 1, max: layers, value: layer }, model ? `${layer} / ${layers}` : '');
    const heads = methods[view.method].perHead ? (model?.loaded.heads ?? 0) : 0;
    const single = Array.from({ length: heads }, (_, i) => ({ value: String(i), label: l10n.t('Head {0}', i + 1) }));
    this.head.set([...fusions, ...single], String(view.head));
    this.method.set(
      possible.map((id) => ({ value: id, label: methodPages[id].label })),
      view.method,
    );
    this.thumbnails.update();
    if (view.view === 'overview') this.thumbnails.element.hidden = true;
  }
}
