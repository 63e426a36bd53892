/** What is shown, and the value under the pointer, in one line each. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { methods } from '../../extension/engine/methods';
import { whyNot, type Shown } from '../app/attention';
import { h, icon, setText } from '../ui/dom';
import { percent, value } from '../ui/format';
import { prefixKinds, tokenName } from '../ui/names';
import { seenShare } from '../patches/scene';
import { methodPages } from './methods';
import type { AppState } from '../app/state';

/** A model that saw less of the picture than this: it is said. */
const LITTLE = 1 / 3;

export class Readout implements Component {
  private readonly caption = h('span', { class: 'caption', 'data-testid': 'caption' });
  private readonly line = h('span', { class: 'readout-value', 'data-testid': 'readout', 'aria-live': 'polite' });
  /** Of the query's attention, what goes to tokens that are no patch. */
  private readonly shares = h('span', { class: 'caption', 'data-testid': 'prefix-shares' });
  private readonly seen = h('span', { class: 'readout-seen', 'data-testid': 'saw-little', hidden: true });
  private readonly seenText = h('span', {});
  readonly element = h('div', { class: 'readout' }, this.caption, this.line, this.shares, this.seen);

  constructor(
    private readonly app: App,
    showSeen: () => void,
  ) {
    const fit = h('button', { class: 'link', type: 'button', 'data-testid': 'show-seen', onclick: showSeen });
    setText(fit, l10n.t('Show that part'));
    this.seen.append(icon('info', 'info'), this.seenText, fit);
  }

  update(): void {
    const { state } = this.app;
    setText(this.caption, captionOf(state));
    setText(this.line, this.valueLine());
    setText(this.shares, prefixShares(state, this.app.attention.shown(state)));
    const seen = seenShare(state);
    const { view } = state.view;
    this.seen.hidden = seen >= LITTLE || (view !== 'attention' && view !== 'patches');
    if (!this.seen.hidden) setText(this.seenText, l10n.t('The model saw {0} of the picture.', percent(seen)));
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

/** What tokens before the patches get, which is not on the picture: as shares where the map is of shares. */
export function prefixShares({ model, view }: AppState, shown: Shown): string {
  if (view.view !== 'attention' || shown.status !== 'ready' || !model) return '';
  const { prefix } = shown.heat;
  if (prefix.length === 0) return '';
  const write = methods[view.method].needs === 'maps' ? percent : value;
  const each = prefixKinds(model).map(
    ({ name, tokens }) => `${name} ${write(tokens.reduce((sum, token) => sum + prefix[token]!, 0))}`,
  );
  return l10n.t('Before the patches: {0}', each.join(', '));
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
