/** What is shown, and the value under the pointer, in one line each. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { methods } from '../../extension/engine/methods';
import { whyNot } from '../app/attention';
import { h, setText } from '../ui/dom';
import { percent, value } from '../ui/format';
import { tokenName } from '../ui/names';
import { methodPages } from './methods';
import type { AppState } from '../app/state';

export class Readout implements Component {
  private readonly caption = h('span', { class: 'caption', 'data-testid': 'caption' });
  private readonly line = h('span', { class: 'readout-value', 'data-testid': 'readout', 'aria-live': 'polite' });
  readonly element = h('div', { class: 'readout' }, this.caption, this.line);

  constructor(private readonly app: App) {}

  update(): void {
    setText(this.caption, captionOf(this.app.state));
    setText(this.line, this.valueLine());
  }

  /** The token under the pointer; else the query itself. */
  private valueLine(): string {
    const { state } = this.app;
    const { model, run, view } = state;
    if (!model || !run) return '';
    const token = state.hover ?? view.query;
    const parts = [tokenName(model, token).name];
    const { numPrefix, grid } = model.loaded;
    if (token >= numPrefix) {
      const patch = token - numPrefix;
      parts.push(l10n.t('row {0}, column {1}', Math.floor(patch / grid[1]) + 1, (patch % grid[1]) + 1));
    }
    const shown = this.app.attention.shown(state);
    if (view.view === 'attention' && shown.status === 'ready') {
      const { prefix, patches } = shown.heat;
      const x = token < numPrefix ? prefix[token] : patches[token - numPrefix];
      const share = methods[view.method].needs === 'maps';
      if (x !== undefined) parts.push(share ? l10n.t('attention {0} ({1})', value(x), percent(x)) : value(x));
    }
    return parts.join(' · ');
  }
}

/** What the map shows, also printed under saved figures. */
export function captionOf(state: AppState): string {
  const { model, run, view } = state;
  if (!model || !run) return '';
  const [rows, columns] = model.loaded.grid;
  if (view.view !== 'attention' && view.view !== 'overview')
    return l10n.t('{0} patches, {1} down and {2} across', rows * columns, rows, columns);
  if (whyNot(view.method, model) !== null) return '';
  const token = tokenName(model, view.query).inside;
  if (view.view === 'overview')
    return l10n.t('{0}: every layer and head, query: {1}', methodPages[view.method].label, token);
  return methodPages[view.method].caption(token, view, model.loaded.heads, model.labels);
}
