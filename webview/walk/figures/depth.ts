/** The prediction read after every block, and the prediction itself. */
import * as l10n from '@vscode/l10n';
import { h } from '../../ui/dom';
import { percent, value } from '../../ui/format';
import { className } from '../../ui/names';
import { Placeholder, type PageFigure } from './figure';
import { best } from '../../../extension/architecture/scores';
import type { Walk } from '../walk';

interface Row {
  name: string;
  label: string;
  share: number;
  text: string;
  title: string;
}

function bars(rows: readonly Row[], chosen: number, choose?: (row: number) => void): HTMLElement {
  return h(
    'ol',
    { class: 'prediction-list depth-list' },
    ...rows.map(({ name, label, share, text, title }, i) => {
      const bar = h('div', { class: 'prediction-bar', 'aria-hidden': 'true' });
      bar.style.setProperty('--share', `${Math.max(0, Math.min(1, share)) * 100}%`);
      const inside = [
        bar,
        h('span', { class: 'depth-name' }, name),
        h('span', { class: 'prediction-label' }, label),
        h('span', { class: 'prediction-share' }, text),
      ];
      return choose
        ? h(
            'li',
            {},
            h(
              'button',
              { type: 'button', class: `prediction${i === chosen ? ' chosen' : ''}`, title, onclick: () => choose(i) },
              ...inside,
            ),
          )
        : h('li', { class: 'prediction', title }, ...inside);
    }),
  );
}

export class DepthFigure implements PageFigure {
  private readonly note = new Placeholder();
  private readonly body = h('div', {});
  readonly element = h('div', { class: 'figures' }, this.note.element, this.body);
  private drawn = '';

  constructor(private readonly walk: Walk) {}

  update(): void {
    const { app } = this.walk;
    const { model, run, view } = app.state;
    const scores = run!.scores ?? 'value';
    const peek = app.slices.peek({ kind: 'prediction-by-depth' });
    this.note.show(peek.status === 'failed' ? peek.message : null);
    const drawn = `${run!.runId}/${view.layer}/${peek.status}`;
    if (peek.status !== 'ready' || drawn === this.drawn) return;
    this.drawn = drawn;
    const [depth, classes] = peek.slice.shape.slice(-2) as [number, number];
    const rows = Array.from({ length: depth }, (_, layer): Row => {
      const logits = peek.slice.values.subarray(layer * classes, (layer + 1) * classes);
      const name = l10n.t('Block {0}', layer + 1);
      const { index, score } = best(logits, scores);
      if (scores === 'value' && classes === 1) return { name, label: '', share: 0, text: value(score), title: name };
      const label = className(model!.labels, index);
      return {
        name,
        label,
        share: scores === 'value' ? 0 : score,
        text: scores === 'value' ? value(score) : percent(score),
        title: l10n.t('{0}: {1}, logit {2}', name, label, value(logits[index]!)),
      };
    });
    this.body.replaceChildren(bars(rows, view.layer, (layer) => app.setView({ layer })));
  }
}

export class PredictionFigure implements PageFigure {
  readonly element = h('div', { class: 'figures' });

  constructor(private readonly walk: Walk) {}

  update(): void {
    const { model, run } = this.walk.app.state;
    const { predictions, scores } = run!;
    if (scores === 'value' && predictions.length === 1 && predictions[0]) {
      this.element.replaceChildren(h('p', { class: 'regression' }, value(predictions[0].logit)));
      return;
    }
    const rows = predictions.map(({ probability, logit, index }, i): Row => ({
      name: String(i + 1),
      label: className(model!.labels, index),
      share: probability ?? 0,
      text: probability === null ? value(logit) : percent(probability),
      title: l10n.t('Class {0}, logit {1}', index, value(logit)),
    }));
    this.element.replaceChildren(
      rows.length > 0
        ? bars(rows, -1)
        : h('p', { class: 'note' }, l10n.t('This model has no classifier: its features are the result.')),
    );
  }
}
