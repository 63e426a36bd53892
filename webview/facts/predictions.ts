/** The classes the model finds most probable, as bars. */
import * as l10n from '@vscode/l10n';
import type { Prediction, RunSummary } from '../../extension/engine/requests';
import type { App, Component } from '../app/app';
import { h, icon } from '../ui/dom';
import { milliseconds, percent, signedPercent, signedValue, value } from '../ui/format';
import { className } from '../ui/names';
import { changeOf } from '../patches/hiddenPatches';
import { section } from '../ui/section';
import { say } from '../app/words';

export class Predictions implements Component {
  private readonly body = h('div', { class: 'predictions' });
  readonly element = section(l10n.t('Predictions'), 'predictions', true, this.body);
  private shown: RunSummary | 'soon' | 'nothing' | undefined;

  constructor(private readonly app: App) {}

  update(): void {
    const { run, failure } = this.app.state;
    const shown = run ?? (failure ? 'nothing' : 'soon');
    if (shown === this.shown) return;
    this.shown = shown;
    this.body.replaceChildren(...(run ? this.rows(run) : failure ? [] : this.placeholders()));
  }

  private placeholders(): HTMLElement[] {
    return [0.9, 0.5, 0.35].map(() => h('div', { class: 'prediction placeholder', 'aria-hidden': 'true' }));
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
      bar.style.setProperty('--share', `${(probability ?? 0) * 100}%`);
      list.append(
        h(
          'li',
          {
            class: 'prediction',
            'data-testid': 'prediction',
            'data-index': index,
            'data-probability': probability ?? '',
            title:
              probability === null
                ? l10n.t('Class {0} · logit {1}', index, value(logit))
                : l10n.t('Class {0} · logit {1} · probability {2}', index, value(logit), value(probability)),
          },
          bar,
          h('span', { class: 'prediction-label' }, className(this.app.state.model?.labels ?? null, prediction.index)),
          change !== null && this.change(prediction, change),
          h('span', { class: 'prediction-share' }, shown),
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
