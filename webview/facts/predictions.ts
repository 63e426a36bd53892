/** The classes the model finds most probable, as bars. */
import * as l10n from '@vscode/l10n';
import type { Prediction, RunSummary } from '../../extension/engine/requests';
import { takes } from '../../extension/engine/methods';
import type { App, Component } from '../app/app';
import { attribute, h, icon } from '../ui/dom';
import { milliseconds, percent, signedPercent, signedValue, value } from '../ui/format';
import { className } from '../ui/names';
import { changeOf } from '../app/hiddenPatches';
import { section } from '../ui/section';
import { say } from '../app/words';
import { chooseAgainst, chooseClass } from '../evidence/chooseClass';

export class Predictions implements Component {
  private readonly body = h('div', { class: 'predictions' });
  readonly element = section(l10n.t('Predictions'), 'predictions', true, this.body);
  private shown: RunSummary | 'soon' | 'nothing' | undefined;

  constructor(private readonly app: App) {}

  update(): void {
    const { run, failure } = this.app.state;
    const shown = run ?? (failure ? 'nothing' : 'soon');
    if (shown !== this.shown) {
      this.shown = shown;
      this.body.replaceChildren(...(run ? this.rows(run) : failure ? [] : this.placeholders()));
    }
    this.mark();
  }

  private placeholders(): HTMLElement[] {
    return [0.9, 0.5, 0.35].map(() => h('div', { class: 'prediction placeholder', 'aria-hidden': 'true' }));
  }

  private get explains(): boolean {
    return this.app.state.model?.loaded.explains === true;
  }

  private titleOf({ index, probability, logit }: Prediction): string {
    const numbers =
      probability === null
        ? l10n.t('Class {0} · logit {1}', index, value(logit))
        : l10n.t('Class {0} · logit {1} · probability {2}', index, value(logit), value(probability));
    return this.explains ? l10n.t('{0}. Click to see what speaks for it.', numbers) : numbers;
  }

  /** The chosen class, and the one it is set against. */
  private mark(): void {
    const { view, run } = this.app.state;
    const active = takes(view.method, 'class') && view.view === 'attention';
    const chosen = view.class ?? run?.predictions[0]?.index ?? null;
    for (const [selector, index] of [
      ['.prediction', active ? chosen : null],
      ['.prediction-against', active ? view.against : null],
    ] as const)
      this.body.querySelectorAll<HTMLElement>(`.prediction-row > ${selector}`).forEach((row) => {
        attribute(row, 'aria-pressed', String(index !== null && row.dataset.index === String(index)));
      });
  }

  /** Numbers of weights that were never trained say so themselves. */
  private seeded(): HTMLElement[] {
    const finding = this.app.state.model?.findings.find(({ code }) => code === 'seeded-weights');
    return finding ? [h('p', { class: 'note info', 'data-testid': 'seeded' }, icon('info', 'info'), say(finding))] : [];
  }

  private change({ probability }: Prediction, change: number): HTMLElement {
    const [text, title] =
      probability === null
        ? [signedValue(change), l10n.t('Change by hiding patches')]
        : [signedPercent(change), l10n.t('Change by hiding patches, in percentage points')];
    return h('span', { class: 'prediction-change', 'data-testid': 'change', title }, text);
  }

  private rows(run: RunSummary): HTMLElement[] {
    const { hidden, before } = this.app.state;
    const { decode_ms, preprocess_ms, forward_ms } = run.timings;
    const timings = h(
      'p',
      {
        class: 'timings',
        'data-testid': 'timings',
        title: l10n.t('Time to read the picture, to resize and normalise it, and for the forward pass'),
      },
      l10n.t(
        'Read {0} · preprocess {1} · model {2}',
        milliseconds(decode_ms),
        milliseconds(preprocess_ms),
        milliseconds(forward_ms),
      ),
    );
    if (run.predictions.length === 0) {
      return [
        h('p', { class: 'note' }, l10n.t('This model has no classifier: it gives features, not classes.')),
        timings,
      ];
    }
    const [only, second] = run.predictions;
    if (run.scores === 'value' && only && !second) {
      // a regression: a number, and no share of anything
      const change = hidden.length > 0 ? changeOf(only, before) : null;
      return [
        ...this.seeded(),
        h(
          'p',
          { class: 'regression', 'data-testid': 'regression' },
          value(only.logit),
          change !== null && this.change(only, change),
        ),
        timings,
      ];
    }
    const list = h('ol', { class: 'prediction-list' });
    for (const prediction of run.predictions) {
      const bar = h('div', { class: 'prediction-bar', 'aria-hidden': 'true' });
      const change = hidden.length > 0 ? changeOf(prediction, before) : null;
      const { probability, logit, index } = prediction;
      const shown = probability === null ? value(logit) : percent(probability);
      const name = className(this.app.state.model?.labels ?? null, index);
      bar.style.setProperty('--share', `${(probability ?? 0) * 100}%`);
      list.append(
        h(
          'li',
          { class: 'prediction-row' },
          h(
            'button',
            {
              class: 'prediction',
              type: 'button',
              'data-testid': 'prediction',
              'data-index': index,
              'data-probability': probability ?? '',
              title: this.titleOf(prediction),
              disabled: !this.explains,
              onclick: () => this.app.setView(chooseClass(this.app.state.view, index)),
            },
            bar,
            h('span', { class: 'prediction-label' }, name),
            change !== null && this.change(prediction, change),
            h('span', { class: 'prediction-share' }, shown),
          ),
          this.explains &&
            h(
              'button',
              {
                class: 'prediction-against',
                type: 'button',
                'data-testid': 'against',
                'data-index': index,
                'aria-label': l10n.t('Evidence against {0}', name),
                title: l10n.t('What speaks for the chosen class and against {0}', name),
                onclick: () => this.app.setView(chooseAgainst(this.app.state, index)),
              },
              icon('arrow-swap'),
            ),
        ),
      );
    }
    return [
      ...this.seeded(),
      ...(run.unfamiliar
        ? [
            h(
              'p',
              {
                class: 'note warning',
                'data-testid': 'unfamiliar',
                title: l10n.t('Energy (logsumexp of the logits): {0}', value(run.energy)),
              },
              icon('warning'),
              l10n.t('Unlike the pictures this model was trained on. Read these classes with care.'),
            ),
          ]
        : []),
      list,
      timings,
    ];
  }
}
