/** Deletion and insertion curves: the class's score (up) over the share of patches hidden or shown (across). */
import * as l10n from '@vscode/l10n';
import { h } from '../ui/dom';
import { theme } from '../drawing/theme';

export interface Curves {
  /** Patches. */
  count: number;
  /** Scores with the first k patches hidden, and with only them shown; as far as they are known. */
  deletion: readonly number[];
  insertion: readonly number[];
  /** Deletion in random orders. */
  random: readonly (readonly number[])[];
  /** Scores are not probabilities: the scale is that of the curves, not 0 to 1. */
  values: boolean;
}

const HEIGHT = 120;
const colors = { deletion: '--vscode-charts-red', insertion: '--vscode-charts-blue' } as const;

export class CurveChart {
  private readonly canvas = h('canvas', { class: 'curves', role: 'img', 'data-testid': 'curves' });
  readonly element = h(
    'figure',
    { class: 'curves-figure' },
    this.canvas,
    h(
      'figcaption',
      { class: 'curves-legend caption' },
      h('span', { class: 'curve-deletion' }, l10n.t('hidden, hottest first')),
      h('span', { class: 'curve-insertion' }, l10n.t('shown, hottest first')),
      h('span', { class: 'curve-random' }, l10n.t('hidden at random')),
    ),
  );

  show({ count, deletion, insertion, random, values }: Curves): void {
    const width = this.canvas.clientWidth;
    if (width === 0) return;
    this.canvas.width = Math.round(width * devicePixelRatio);
    this.canvas.height = Math.round(HEIGHT * devicePixelRatio);
    this.canvas.setAttribute(
      'aria-label',
      l10n.t(
        'Score of the class over the share of patches that are hidden, or shown: {0} of {1} known',
        deletion.length,
        count + 1,
      ),
    );
    const context = this.canvas.getContext('2d')!;
    context.scale(devicePixelRatio, devicePixelRatio);
    const all = [deletion, insertion, ...random].flat();
    const [low, high] = values && all.length > 0 ? [Math.min(...all), Math.max(...all)] : [0, 1];
    const x = (k: number) => 1 + (k / count) * (width - 2);
    const y = (score: number) => HEIGHT - 2 - ((score - low) / (high - low || 1)) * (HEIGHT - 4);
    const { muted } = theme();
    context.strokeStyle = muted;
    context.globalAlpha = 0.35;
    context.strokeRect(0.5, 0.5, width - 1, HEIGHT - 1);
    const line = (scores: readonly number[], color: string, alpha: number, thickness: number) => {
      context.strokeStyle = color;
      context.globalAlpha = alpha;
      context.lineWidth = thickness;
      context.beginPath();
      scores.forEach((score, k) => (k === 0 ? context.moveTo(x(k), y(score)) : context.lineTo(x(k), y(score))));
      context.stroke();
    };
    const style = getComputedStyle(document.body);
    for (const order of random) line(order, muted, 0.5, 1);
    line(deletion, style.getPropertyValue(colors.deletion) || '#f14c4c', 1, 2);
    line(insertion, style.getPropertyValue(colors.insertion) || '#3794ff', 1, 2);
  }
}
