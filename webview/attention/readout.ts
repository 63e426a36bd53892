/** What is shown, and the value under the pointer, in one line each. */
import type { App, Component } from '../app/app';
import { whyNot } from '../app/attention';
import { h, setText } from '../ui/dom';
import { percent, value } from '../ui/format';
import { methodWords } from './methodWords';
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
    const parts = [tokenName(state, token)];
    const { numPrefix, grid } = model.loaded;
    if (token >= numPrefix) {
      const patch = token - numPrefix;
      parts.push(`row ${Math.floor(patch / grid[1]) + 1}, column ${(patch % grid[1]) + 1}`);
    }
    const shown = this.app.attention.shown(state);
    if (view.view === 'attention' && shown.status === 'ready') {
      const { prefix, patches } = shown.heat;
      const x = token < numPrefix ? prefix[token] : patches[token - numPrefix];
      if (x !== undefined) parts.push(`attention ${value(x)} (${percent(x)})`);
    }
    return parts.join(' · ');
  }
}

/** 'patch 12' with the articles' numbering, or 'class token'. */
export function tokenName({ model }: AppState, token: number): string {
  const prefixes = model?.loaded.numPrefix ?? 0;
  if (token >= prefixes) return `Patch ${token - prefixes + 1}`;
  const name = model!.loaded.prefixNames[token] ?? 'token';
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}${name.startsWith('register') ? '' : ' token'}`;
}

/** What the map shows, also printed under saved figures. */
export function captionOf(state: AppState): string {
  const { model, run, view } = state;
  if (!model || !run) return '';
  const [rows, columns] = model.loaded.grid;
  if (view.view !== 'attention') return `${rows * columns} patches, ${rows} down and ${columns} across`;
  if (whyNot(view.method, model) !== null) return '';
  const from = `from ${tokenName(state, view.query).toLowerCase()}`;
  return methodWords[view.method].caption(from, view, model.loaded.heads);
}
