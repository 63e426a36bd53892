/** A comparison in numbers: the classes that either side finds most probable, side by side. */
import * as l10n from '@vscode/l10n';
import { scoresOf } from '../../extension/architecture/scores';
import type { Prediction } from '../../extension/engine/requests';
import type { App, Component } from '../app/app';
import type { AppState } from '../app/state';
import { checkbox } from '../ui/controls';
import { h } from '../ui/dom';
import { percent, signedPercent, signedValue, value } from '../ui/format';
import { className } from '../ui/names';
import { section } from '../ui/section';
import { endsApart, sideNames } from './names';
import { otherState, sameClass } from './sameView';

interface Row {
  name: string;
  /** Null: it has no such class, or nothing is known yet. */
  scores: readonly [number | null, number | null];
}

export class Probabilities implements Component {
  private readonly scale = checkbox(
    l10n.t('One color scale'),
    { 'data-testid': 'compare-scale', title: l10n.t('The same colors mean the same on both sides') },
    (shared) => this.app.setDisplay({ compareScale: shared ? 'shared' : 'own' }),
  );
  private readonly difference = checkbox(
    l10n.t('Difference'),
    {
      'data-testid': 'compare-difference',
      title: l10n.t('A map of the first less the second, where both have as many patches'),
    },
    (difference) => this.app.setDisplay({ difference }),
  );
  private readonly choices = h('div', { class: 'checks' }, this.scale.element, this.difference.element);
  private readonly table = h('table', { class: 'compare-table', 'data-testid': 'compare-table' });
  readonly element = section(l10n.t('Comparison'), 'comparison', true, this.choices, this.table);
  private drawn = '';

  constructor(
    private readonly app: App,
    private readonly beside: App,
  ) {}

  update(): void {
    const { state } = this.app;
    const { display, view } = state;
    this.element.hidden = state.other === null;
    if (!state.other) return;
    this.scale.set(display.compareScale === 'shared');
    this.difference.set(display.difference);
    this.choices.hidden = view.view !== 'attention';
    const rows = this.rows(state, otherState(state)!);
    const names = sideNames(this.app);
    const drawn = JSON.stringify([rows, names]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.table.hidden = rows.length === 0;
    const isValue = state.run?.scores === 'value';
    const [shown, change] = isValue ? [value, signedValue] : [percent, signedPercent];
    const short = endsApart(names);
    const alone = (text: string) => [text, text] as const;
    const heads = [alone(l10n.t('Class')), ...names.map((name, i) => [name, short[i]!] as const), alone('±')];
    const cell = (score: number | null) => h('td', {}, score === null ? '–' : shown(score));
    this.table.replaceChildren(
      h('thead', {}, h('tr', {}, ...heads.map(([title, text]) => h('th', { scope: 'col', title }, text)))),
      h(
        'tbody',
        {},
        ...rows.map(({ name, scores: [one, two] }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row', title: name }, name),
            cell(one),
            cell(two),
            h('td', {}, one === null || two === null ? '–' : change(one - two)),
          ),
        ),
      ),
    );
  }

  /** Classes by name: of the first side in its order, then those that only the second one lists. */
  private rows(first: AppState, second: AppState): Row[] {
    const [one, two] = [first.model, second.model];
    if (!one || !two || !first.run || !second.run) return [];
    const scores = [this.scores(this.app, first), this.scores(this.beside, second)] as const;
    const listed = (predictions: readonly Prediction[]) => predictions.map(({ index }) => index);
    const rows = listed(first.run.predictions).map((index) => [index, sameClass(one, two, index)] as const);
    const rest = listed(second.run.predictions).map((index) => [sameClass(two, one, index), index] as const);
    const known = new Set(rows.map(([, index]) => index));
    return [...rows, ...rest.filter(([, index]) => !known.has(index))].map(([a, b]) => ({
      name: a !== null ? className(one.labels, a) : className(two.labels, b!),
      scores: [scoreOf(scores[0], a), scoreOf(scores[1], b)],
    }));
  }

  private scores({ slices }: App, { run }: AppState): ArrayLike<number> | null {
    const peek = slices.peek({ kind: 'logits' });
    return peek.status === 'ready' && run?.scores ? scoresOf(peek.slice.values, run.scores) : null;
  }
}

const scoreOf = (scores: ArrayLike<number> | null, index: number | null): number | null =>
  index === null ? null : (scores?.[index] ?? null);
