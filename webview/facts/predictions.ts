/** The classes the model finds most probable, as bars. */
import type { RunSummary } from '../../extension/engine/requests';
import type { App, Component } from '../app/app';
import { h, icon } from '../ui/dom';
import { milliseconds, percent, signedPercent, value } from '../ui/format';
import { changeOf } from '../patches/hiddenPatches';
import { section } from '../ui/section';

export class Predictions implements Component {
  private readonly body = h('div', { class: 'predictions' });
  readonly element = section('Predictions', 'predictions', true, this.body);
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

  private rows(run: RunSummary): HTMLElement[] {
    const { hidden, before } = this.app.state;
    const { decode_ms, preprocess_ms, forward_ms } = run.timings;
    const timings = h(
      'p',
      {
        class: 'timings',
        'data-testid': 'timings',
        title: 'Time to read the picture, to resize and normalise it, and for the forward pass',
      },
      `Read ${milliseconds(decode_ms)} · preprocess ${milliseconds(preprocess_ms)} · model ${milliseconds(forward_ms)}`,
    );
    if (run.predictions.length === 0) {
      return [h('p', { class: 'note' }, 'This model has no classifier: it gives features, not classes.'), timings];
    }
    const [only, second] = run.predictions;
    if (run.scores === 'value' && only && !second) {
      // a regression: a number, and no share of anything
      return [h('p', { class: 'regression', 'data-testid': 'regression' }, value(only.logit)), timings];
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
            title: `Class ${index} · logit ${value(logit)}${probability === null ? '' : ` · probability ${value(probability)}`}`,
          },
          bar,
          h('span', { class: 'prediction-label' }, prediction.label),
          change !== null &&
            h('span', { class: 'prediction-change', title: 'Change by hiding patches' }, signedPercent(change)),
          h('span', { class: 'prediction-share' }, shown),
        ),
      );
    }
    return [
      ...(run.unfamiliar
        ? [
            h(
              'p',
              {
                class: 'note warning',
                'data-testid': 'unfamiliar',
                title: `Energy (logsumexp of the logits): ${value(run.energy)}`,
              },
              icon('warning'),
              'Unlike the pictures this model was trained on. Read these classes with care.',
            ),
          ]
        : []),
      list,
      timings,
    ];
  }
}
