/** The same pictures under another model. */
import * as l10n from '@vscode/l10n';
import { everything } from '../../extension/results/query';
import { sayError } from '../app/words';
import { button } from '../ui/controls';
import { h } from '../ui/dom';
import { facts, section } from '../ui/section';
import type { Comparison } from '../../extension/results/requests';
import type { Part, ResultsApp } from './app';
import { pictures } from './rowWords';

export class ComparisonPart implements Part {
  private readonly body = h('div', { 'data-testid': 'comparison' });
  readonly element: HTMLElement;
  private shown: Comparison | null = null;

  constructor(private readonly app: ResultsApp) {
    this.element = section(
      l10n.t('Compare'),
      'compare',
      false,
      button(
        'secondary',
        { 'data-testid': 'compare', onclick: () => void this.compare() },
        l10n.t('Compare with another file…'),
      ),
      this.body,
    );
  }

  update(): void {
    const { comparison } = this.app.state;
    if (comparison === this.shown) return;
    this.shown = comparison;
    if (comparison) this.body.replaceChildren(...this.parts(comparison));
  }

  private parts({ model, common, changed, agreement, p }: Comparison): HTMLElement[] {
    const ours = this.app.state.results!.model;
    const rows = facts([
      [l10n.t('With'), model],
      [l10n.t('In both'), pictures(common)],
      [l10n.t('Other class'), pictures(changed.length)],
      [l10n.t('Only {0} is right', ours), agreement && pictures(agreement.onlyFirst)],
      [l10n.t('Only {0} is right', model), agreement && pictures(agreement.onlySecond)],
    ]);
    const show = button(
      'secondary',
      {
        'data-testid': 'show-changed',
        onclick: () =>
          this.app.ask({ ...everything, rows: changed }, l10n.t('Other class: {0}', pictures(changed.length))),
      },
      l10n.t('Show those of another class'),
    );
    return [
      rows,
      ...(changed.length > 0 ? [show] : []),
      ...(p === null ? [] : [h('p', { class: 'note', 'data-p': p }, verdict(p))]),
    ];
  }

  private async compare(): Promise<void> {
    try {
      const comparison = await this.app.host.request('compare', null);
      if (!comparison) return;
      this.app.set({ comparison });
      this.app.windows.changed();
    } catch (error) {
      this.app.announce(sayError(error), 'error');
    }
  }
}

function verdict(p: number): string {
  const shown = p < 1e-4 ? p.toExponential(1) : p.toPrecision(2);
  return p < 0.05
    ? l10n.t("McNemar's test: p = {0}. So large a difference is unlikely between equally good models.", shown)
    : l10n.t("McNemar's test: p = {0}. The difference may well be chance.", shown);
}
