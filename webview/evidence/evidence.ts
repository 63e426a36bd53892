/** Why this class: what is explained, what the method computes, and how faithful its map is on this picture. */
import * as l10n from '@vscode/l10n';
import { explainingIds, methods, takes, type MethodId } from '../../extension/engine/methods';
import type { ViewState } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import { mapOf, scaleOf, sliceOf, whyNot } from '../app/attention';
import type { AppState } from '../app/state';
import { methodPages } from '../attention/methods';

import { button } from '../ui/controls';
import { h, setText } from '../ui/dom';
import { value } from '../ui/format';
import { className } from '../ui/names';
import { section } from '../ui/section';
import { CurveChart } from './curves';
import { Trials, type Trial } from './trials';

export class Evidence implements Component {
  private readonly trials: Trials;
  private readonly target = h('p', { class: 'evidence-target', 'data-testid': 'evidence-target' });
  private readonly what = h('p', { class: 'caption' });
  private readonly about = h('div', { class: 'stack' });
  private readonly working = h('p', { class: 'caption', role: 'status', 'data-testid': 'evidence-progress' });
  private readonly check: HTMLElement;
  private readonly rank: HTMLElement;
  private readonly stop: HTMLElement;
  private readonly chart = new CurveChart();
  private readonly areas = h('p', { class: 'caption', 'data-testid': 'areas' });
  private readonly table = h('table', { class: 'ranking', 'data-testid': 'ranking', hidden: true });
  readonly element: HTMLElement;
  private ranking = false;
  private drawn = '';

  constructor(private readonly app: App) {
    this.trials = new Trials(app);
    this.check = button(
      'secondary',
      {
        'data-testid': 'check-map',
        title: l10n.t(
          'Hides the patches of this map one after the other, hottest first, and shows them again: if the map is right, the class falls early and rises early',
        ),
        onclick: () => void this.measure(this.app.state.view),
      },
      l10n.t('Test this map'),
    );
    this.rank = button(
      'secondary',
      { 'data-testid': 'rank-methods', onclick: () => void this.rankAll() },
      l10n.t('Rank all methods'),
    );
    this.stop = button('secondary', { 'data-testid': 'stop-trial', onclick: () => this.giveUp() }, l10n.t('Stop'));
    this.element = section(
      l10n.t('Evidence'),
      'evidence',
      true,
      h(
        'div',
        { class: 'stack' },
        this.target,
        this.what,
        h('details', { class: 'method-about' }, h('summary', {}, l10n.t('About this method')), this.about),
        h('div', { class: 'evidence-buttons' }, this.check, this.rank, this.stop),
        this.working,
        this.chart.element,
        this.areas,
        this.table,
      ),
    );
  }

  update(): void {
    const { state } = this.app;
    const { model, run, view } = state;
    this.trials.forRun(run?.runId ?? null);
    const shown = model !== null && run !== null && run.predictions.length > 0 && model.loaded.explains === true;
    this.element.hidden = !shown || view.view !== 'attention';
    if (!shown || this.element.hidden) return;
    setText(this.target, targetText(state));
    this.showHelp(view.method);
    const trial = this.trials.get(keyOf(view));
    const { isRunning } = this.trials;
    this.stop.hidden = !isRunning && !this.ranking;
    this.check.hidden = this.rank.hidden = !this.stop.hidden;
    setText(this.working, this.workingText(trial));
    this.working.hidden = this.working.textContent === '';
    this.showCurves(trial);
    this.showRanking();
  }

  private workingText(trial: Trial | undefined): string {
    if (trial?.status === 'failed') return trial.message;
    if (trial?.status === 'running') {
      const { done, total } = trial.progress ?? { done: 0, total: 0 };
      return total > 0 ? l10n.t('{0} of {1} passes', done, total) : l10n.t('Running the model…');
    }
    const peek = this.app.slices.peek(sliceOf(this.app.state.view));
    return peek.status === 'pending' && peek.progress
      ? l10n.t('{0} of {1} passes', peek.progress.done, peek.progress.total)
      : '';
  }

  private showHelp(method: MethodId): void {
    const { what, formula, source, limits } = methodPages[method];
    setText(this.what, what);
    if (this.about.dataset.method === method) return;
    this.about.dataset.method = method;
    this.about.replaceChildren(
      h('code', { class: 'formula' }, formula),
      h('cite', { class: 'caption', lang: 'en' }, source),
      h('p', { class: 'caption' }, limits),
    );
  }

  private showCurves(trial: Trial | undefined): void {
    const curves =
      trial?.status === 'done'
        ? {
            deletion: trial.result.deletion.curve,
            insertion: trial.result.insertion.curve,
            random: trial.result.random ? [trial.result.random.curve] : [],
          }
        : trial?.status === 'running'
          ? trial.progress
          : null;
    this.chart.element.hidden = !curves;
    this.areas.hidden = trial?.status !== 'done';
    if (!curves) return;
    const { model, run } = this.app.state;
    const [rows, columns] = model!.loaded.grid;
    this.chart.show({ ...curves, count: rows * columns, values: run!.scores === 'value' });
    if (trial?.status !== 'done') return;
    const { deletion, insertion, random } = trial.result;
    setText(
      this.areas,
      random
        ? l10n.t(
            'Area when hidden {0} (at random {1}), when shown {2}',
            value(deletion.auc),
            value(random.auc),
            value(insertion.auc),
          )
        : l10n.t('Area when hidden {0}, when shown {1}', value(deletion.auc), value(insertion.auc)),
    );
  }

  private showRanking(): void {
    const { view } = this.app.state;
    const keys = explainingIds.map((method) => keyOf({ ...view, method }));
    const ranked = this.trials.ranked(keys);
    this.table.hidden = ranked.length < 2;
    const drawn = JSON.stringify([ranked.map(({ method, result }) => [method, result.deletion.auc]), view.method]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const cell = (text: string) => h('td', {}, text);
    this.table.replaceChildren(
      h('caption', { class: 'caption' }, l10n.t('Most faithful first')),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, l10n.t('Method')),
          h('th', { scope: 'col', title: l10n.t('Area under the curve; less is better') }, l10n.t('Hidden ↓')),
          h('th', { scope: 'col', title: l10n.t('Area under the curve; more is better') }, l10n.t('Shown ↑')),
        ),
      ),
      h(
        'tbody',
        {},
        ...ranked.map(({ method, result }) =>
          h(
            'tr',
            { class: method === view.method ? 'chosen' : '' },
            h(
              'th',
              { scope: 'row' },
              h(
                'button',
                { type: 'button', class: 'link', 'data-testid': 'ranked', onclick: () => this.app.setView({ method }) },
                methodPages[method].label,
              ),
            ),
            cell(result.deletion.auc.toFixed(3)),
            cell(result.insertion.auc.toFixed(3)),
          ),
        ),
      ),
    );
  }

  private giveUp(): void {
    this.ranking = false;
    this.trials.cancel();
    this.app.refresh();
  }

  /** Tests every method that this model can give, the ones that are known already left out. */
  private async rankAll(): Promise<void> {
    const { model, run, view } = this.app.state;
    if (!model || !run) return;
    this.ranking = true;
    for (const method of explainingIds) {
      if (!this.stillRanking(run.runId)) break;
      const of = { ...view, method };
      if (whyNot(method, model) === null && this.trials.get(keyOf(of))?.status !== 'done') await this.measure(of);
    }
    this.ranking = false;
    this.app.refresh();
  }

  private stillRanking(runId: number): boolean {
    return this.ranking && this.app.state.run?.runId === runId;
  }

  private async measure(view: ViewState): Promise<void> {
    const { model, display } = this.app.state;
    const { ranking } = this;
    const slice = await this.app.slices.wait(sliceOf(view));
    // the reason for no map is where the map would be
    if (!model || !slice || this.ranking !== ranking) return this.app.refresh();
    const { heat } = mapOf(slice, view, model, scaleOf(view, display));
    await this.trials.run(keyOf(view), view.method, view.class, heat.patches);
  }
}

/** What a trial depends on. */
const keyOf = (view: ViewState): string =>
  JSON.stringify([sliceOf(view), view.class, methods[view.method].perHead ? view.head : null]);

/** 'For cat', 'For cat against dog'; methods that know no class say so. */
function targetText({ model, run, view }: AppState): string {
  const name = (index: number) => className(model!.labels, index);
  const chosen = view.class ?? run!.predictions[0]!.index;
  if (!takes(view.method, 'class'))
    return l10n.t('The same for every class. Choose a class above to see what speaks for it.');
  if (view.against !== null) return l10n.t('What speaks for {0} and against {1}', name(chosen), name(view.against));
  return view.class === null
    ? l10n.t('What speaks for {0}, the most probable class', name(chosen))
    : l10n.t('What speaks for {0}', name(chosen));
}
