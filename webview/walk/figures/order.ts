/** Why there are positions: the same patches in another order, and attention that gives the same in whole numbers. */
import * as l10n from '@vscode/l10n';
import { randomNumbers, shuffled } from '../../../extension/system/random';
import { layoutOf } from '../../drawing/tokenLayout';
import { button } from '../../ui/controls';
import { h, icon } from '../../ui/dom';
import { inputPicture } from '../inputPicture';
import { attended, exampleOrder, examplePositions, exampleTokens, plus, reordered, type Rows } from '../order';
import type { Walk } from '../walk';
import type { PageFigure } from './figure';

const NAMES = ['a', 'b', 'c'];

export class OrderFigure implements PageFigure {
  private readonly canvas = h('canvas', {
    class: 'input-picture',
    role: 'img',
    'aria-label': l10n.t("The model's input with its patches in another order"),
    'data-testid': 'scrambled',
  });
  readonly element: HTMLElement;
  private seed = 1;
  private drawn = '';

  constructor(private readonly walk: Walk) {
    const again = button(
      'secondary',
      { 'data-testid': 'scramble', onclick: () => this.scramble() },
      icon('refresh', 'before-text'),
      l10n.t('Scramble again'),
    );
    this.element = h(
      'section',
      { class: 'figures order' },
      h('h3', {}, l10n.t('Why positions are needed')),
      h(
        'p',
        { class: 'walk-sentence' },
        l10n.t(
          'Without positions the model could not tell your picture from this one: the same patches in another order.',
        ),
      ),
      this.canvas,
      again,
      h(
        'p',
        { class: 'walk-sentence' },
        l10n.t(
          'In whole numbers: three tokens a, b and c are their own queries, keys and values, without the softmax. In another order the same rows come out, in that order.',
        ),
      ),
      example(exampleTokens, reordered(exampleTokens, exampleOrder)),
      h(
        'p',
        { class: 'walk-sentence' },
        l10n.t('With a position P added to the first, second and third row, other rows come out: now order counts.'),
      ),
      example(
        plus(exampleTokens, examplePositions),
        plus(reordered(exampleTokens, exampleOrder), examplePositions),
        'Y',
      ),
    );
  }

  update(): void {
    const { app } = this.walk;
    const { model, run } = app.state;
    const peek = app.slices.peek({ kind: 'input' });
    const layout = layoutOf(model!, run!.geometry);
    // windows that overlap cannot be laid out anew
    this.element.hidden = layout.splits !== null;
    const drawn = `${run!.runId}/${this.seed}`;
    if (this.element.hidden || peek.status !== 'ready' || drawn === this.drawn) return;
    this.drawn = drawn;
    const source = inputPicture(peek.slice, model!.preprocessing);
    const [width, height] = [layout.inputWidth / layout.columns, layout.inputHeight / layout.rows];
    this.canvas.width = layout.inputWidth;
    this.canvas.height = layout.inputHeight;
    const context = this.canvas.getContext('2d')!;
    const place = (patch: number) =>
      [(patch % layout.columns) * width, Math.floor(patch / layout.columns) * height] as const;
    shuffled(layout.rows * layout.columns, randomNumbers(this.seed)).forEach((from, to) =>
      context.drawImage(source, ...place(from), width, height, ...place(to), width, height),
    );
  }

  private scramble(): void {
    this.seed++;
    this.update();
  }
}

/** Both orders beside each other: tokens, scores, and what comes out. */
function example(tokens: Rows, others: Rows, name: 'X' | 'Y' = 'X'): HTMLElement {
  const sides = [
    { rows: tokens, names: NAMES },
    { rows: others, names: reordered(NAMES, exampleOrder) },
  ];
  return h(
    'div',
    { class: 'order-examples', 'data-testid': 'order-example' },
    ...sides.map(({ rows, names }) => {
      const { scores, out } = attended(rows);
      return h(
        'div',
        { class: 'order-example' },
        table(name === 'Y' ? 'Y = X + P' : name, rows, names),
        table(`S = ${name} ${name}ᵀ`, scores, names),
        table(`S ${name}`, out, names),
      );
    }),
  );
}

const table = (caption: string, rows: Rows, names: readonly string[]): HTMLElement =>
  h(
    'table',
    { class: 'integers' },
    h('caption', {}, caption),
    h(
      'tbody',
      {},
      ...rows.map((row, i) =>
        h('tr', {}, h('th', { scope: 'row' }, names[i]), ...row.map((value) => h('td', {}, String(value)))),
      ),
    ),
  );
