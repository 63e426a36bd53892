/** Which token's attention is shown: a prefix token, or a patch by number. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { attribute, h, rove, setText } from './dom';
import { queryLabel } from './names';

export class QueryPicker implements Component {
  private readonly group = h('div', { class: 'chips', role: 'radiogroup', 'aria-label': l10n.t('Query token') });
  private readonly number = h('input', {
    type: 'number',
    class: 'patch-number',
    min: 1,
    step: 1,
    'aria-label': l10n.t('Patch number'),
    'data-testid': 'patch-number',
  });
  private readonly patch = h('label', { class: 'chip patch-chip' }, h('span', {}, l10n.t('Patch')), this.number);
  readonly element = h(
    'div',
    { class: 'field stacked' },
    h('span', { class: 'field-name' }, l10n.t('Query')),
    h('div', { class: 'chips' }, this.group, this.patch),
  );
  private names = '';

  constructor(private readonly app: App) {
    rove(
      this.group,
      () => [...this.group.children] as HTMLElement[],
      () => 1,
      true,
    );
    this.number.addEventListener('change', () => {
      const { model } = this.app.state;
      const patch = this.number.valueAsNumber;
      if (!model || !Number.isInteger(patch)) return this.update();
      const { numPrefix, numTokens } = model.loaded;
      this.app.setView({ query: numPrefix + Math.min(numTokens - numPrefix, Math.max(1, patch)) - 1 });
    });
  }

  update(): void {
    const { model, view } = this.app.state;
    const names = model?.loaded.prefixNames ?? [];
    if (names.join() !== this.names) {
      this.names = names.join();
      this.group.replaceChildren(...names.map((name, token) => this.chip(name, token)));
    }
    const prefixes = model?.loaded.numPrefix ?? 0;
    [...this.group.children].forEach((chip, token) => {
      attribute(chip, 'aria-checked', view.query === token ? 'true' : 'false');
      (chip as HTMLElement).tabIndex = view.query === token || (token === 0 && view.query >= prefixes) ? 0 : -1;
    });
    const patch = view.query >= prefixes && model ? view.query - prefixes + 1 : null;
    this.patch.classList.toggle('chosen', patch !== null);
    this.number.disabled = !model;
    this.number.max = String(model ? model.loaded.numTokens - prefixes : 1);
    this.number.placeholder = l10n.t('none');
    if (document.activeElement !== this.number || patch !== null)
      this.number.value = patch === null ? '' : String(patch);
  }

  private chip(name: string, token: number): HTMLElement {
    const label = queryLabel(name);
    const chip = h('button', {
      class: 'chip',
      role: 'radio',
      type: 'button',
      'data-testid': `query-${token}`,
      title:
        name === 'class'
          ? l10n.t("The class token (the articles' prediction token): what the classifier reads")
          : label,
      onclick: () => this.app.setView({ query: token }),
    });
    setText(chip, label);
    return chip;
  }
}
