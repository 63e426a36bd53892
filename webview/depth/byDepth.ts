/** What changes from block to block: the prediction, the tokens' lengths, how far heads look; asked for only while unfolded. */
import * as l10n from '@vscode/l10n';
import { scoresOf } from '../../extension/architecture/scores';
import { quantile } from '../../extension/drawing/colorScale';
import type { Slice, SliceRequest } from '../../extension/engine/requests';
import type { App, Component } from '../app/app';
import { sinksOf } from '../app/sinks';
import { theme } from '../drawing/theme';
import { button } from '../ui/controls';
import { h, setText } from '../ui/dom';
import { percent, value } from '../ui/format';
import { className, patchName } from '../ui/names';
import { section } from '../ui/section';
import { Components } from './components';
import { LayerChart } from './layerChart';

/** Classes whose scores are drawn, the first ones of the prediction. */
const CLASSES = 3;
const lineColors = ['--vscode-charts-blue', '--orange', '--vscode-charts-green'] as const;

const part = (title: string, ...children: HTMLElement[]) =>
  h('div', { class: 'depth-part' }, h('h2', { class: 'depth-title' }, title), ...children);
const line = (testId: string) => h('p', { class: 'caption', 'data-testid': testId });

export class ByDepth implements Component {
  private readonly predictions = this.chart('depth-predictions');
  private readonly norms = new LayerChart('depth-norms', (place) =>
    this.app.setView({ layer: Math.max(0, place - 1) }),
  );
  private readonly distances = this.chart('depth-distances');
  private readonly entropies = this.chart('depth-entropies');
  private readonly components = new Components();
  private readonly texts = {
    predictions: line('depth-prediction'),
    norms: line('depth-norm'),
    distances: line('depth-distance'),
    entropies: line('depth-entropy'),
  };
  private readonly workedOut = new WeakMap<Slice, unknown>();
  private readonly parts: Record<'predictions' | 'norms' | 'heads' | 'components', HTMLElement>;
  private readonly note = h('p', { class: 'note', role: 'status', hidden: true });
  private readonly details: HTMLDetailsElement;
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    const { texts } = this;
    this.parts = {
      predictions: part(l10n.t('Prediction after each block'), this.predictions.canvas, texts.predictions),
      norms: part(l10n.t('Length of the tokens'), this.norms.canvas, texts.norms),
      heads: h(
        'div',
        { class: 'stack' },
        part(l10n.t('Mean distance of attention, by head'), this.distances.canvas, texts.distances),
        part(l10n.t('Entropy of attention, by head'), this.entropies.canvas, texts.entropies),
      ),
      components: part(
        l10n.t('Tokens after the block, as colors'),
        this.components.canvas,
        h('p', { class: 'caption' }, l10n.t('Three principal components as red, green and blue')),
      ),
    };
    this.details = section(
      l10n.t('By depth'),
      'depth',
      false,
      h(
        'div',
        { class: 'stack' },
        this.note,
        ...Object.values(this.parts),
        button(
          'secondary',
          {
            'data-testid': 'show-similarity',
            title: l10n.t('Cosine of the query to every other token after the block'),
            onclick: () => app.setView({ method: 'similarity' }),
          },
          l10n.t('Show what is like the query'),
        ),
      ),
    );
    this.element = this.details;
    this.details.addEventListener('toggle', () => app.refresh());
  }

  update(): void {
    const { model, run, view } = this.app.state;
    const has = model !== null && model.loaded.tokens === true;
    this.details.hidden = view.view !== 'attention' || !has;
    if (!model || !run || !has || !this.details.open) return;
    this.note.hidden = true;
    this.showPredictions();
    this.showNorms();
    this.showHeads();
    this.showComponents();
  }

  private chart(testId: string): LayerChart {
    return new LayerChart(testId, (layer) => this.app.setView({ layer }));
  }

  /** The slice once it is here; what cannot be had is said once. */
  private peek(what: SliceRequest): Slice | null {
    const peek = this.app.slices.peek(what);
    if (peek.status === 'failed') {
      this.note.hidden = false;
      setText(this.note, peek.message);
    }
    return peek.status === 'ready' ? peek.slice : null;
  }

  /** What is worked out of a slice, once: the panel is redrawn with every move of the pointer. */
  private once<T>(slice: Slice, work: (slice: Slice) => T): T {
    if (!this.workedOut.has(slice)) this.workedOut.set(slice, work(slice));
    return this.workedOut.get(slice) as T;
  }

  private showPredictions(): void {
    const { model, run, view } = this.app.state;
    const { predictions } = run!;
    this.parts.predictions.hidden = predictions.length === 0;
    const slice = predictions.length > 0 ? this.peek({ kind: 'prediction-by-depth' }) : null;
    if (!slice) return;
    const scores = run!.scores ?? 'value';
    const [depth, classes] = slice.shape.slice(-2) as [number, number];
    const rows = this.once(slice, ({ values }) =>
      Array.from({ length: depth }, (_, layer) =>
        scoresOf(values.subarray(layer * classes, (layer + 1) * classes), scores),
      ),
    );
    const chosen = shownClasses(view.class, view.against, predictions);
    const style = getComputedStyle(document.body);
    const color = (i: number) => style.getPropertyValue(lineColors[i % lineColors.length]!) || '#3794ff';
    this.predictions.show({
      ...{ first: 1, count: depth, dots: [], chosen: view.layer },
      lines: chosen.map((index, i) => ({ values: rows.map((row) => row[index]!), color: color(i) })),
      domain: scores === 'value' ? null : [0, 1],
      description: l10n.t('Scores of {0} classes after each of {1} blocks', chosen.length, depth),
    });
    const show = (x: number) => (scores === 'value' ? value(x) : percent(x));
    const said = chosen.map((index, i) => {
      const text = `${className(model!.labels, index)} ${show(rows[view.layer]![index]!)}`;
      return h('span', { class: `depth-class line-${i}` }, text);
    });
    this.texts.predictions.replaceChildren(l10n.t('After block {0}:', view.layer + 1), ...said);
  }

  private showNorms(): void {
    const { model, view } = this.app.state;
    const { numPrefix, numTokens, layers } = model!.loaded;
    const slice = this.peek({ kind: 'token-norms' });
    if (!slice) return;
    const { rows, sinks, lines, medians } = this.once(slice, ({ values }) => {
      const rows = Array.from({ length: layers + 1 }, (_, depth) =>
        values.subarray(depth * numTokens + numPrefix, (depth + 1) * numTokens),
      );
      const sorted = rows.map((row) => row.slice().sort());
      const lines = [0.5, 0.05, 0.95].map((share) => sorted.map((row) => quantile(row, share)));
      return { rows, sinks: rows.map(sinksOf), lines, medians: lines[0]! };
    });
    const { muted } = theme();
    const warning = getComputedStyle(document.body).getPropertyValue('--vscode-charts-red') || '#f14c4c';
    this.norms.show({
      ...{ first: 0, count: layers + 1, domain: null, chosen: view.layer + 1 },
      lines: lines.map((values) => ({ values, color: muted })),
      dots: [{ values: rows.map((row, depth) => sinks[depth]!.map((patch) => row[patch]!)), color: warning }],
      description: l10n.t(
        'Lengths of the patches’ tokens before the first block and after each: median, 5 % and 95 %, and sinks',
      ),
    });
    const here = sinks[view.layer + 1]!;
    const median = value(medians[view.layer + 1]!);
    const names = here.slice(0, 12).map((patch) => patchName(patch).short);
    setText(
      this.texts.norms,
      here.length === 0
        ? l10n.t('After block {0}: median {1}, no sinks', view.layer + 1, median)
        : l10n.t('After block {0}: median {1}, sinks: {2}', view.layer + 1, median, names.join(', ')),
    );
  }

  private showHeads(): void {
    const { model, view } = this.app.state;
    this.parts.heads.hidden = model!.loaded.attention !== true;
    const slice = this.parts.heads.hidden ? null : this.peek({ kind: 'head-statistics' });
    if (!slice) return;
    const [, layers, heads] = slice.shape as [number, number, number];
    const style = getComputedStyle(document.body);
    const color = style.getPropertyValue('--vscode-charts-blue') || '#3794ff';
    const [distances, entropies] = [0, 1].map((which) =>
      Array.from({ length: layers }, (_, layer) => {
        const from = (which * layers + layer) * heads;
        return slice.values.subarray(from, from + heads);
      }),
    ) as [Float32Array[], Float32Array[]];
    const plot = { first: 1, count: layers, domain: null, chosen: view.layer, lines: [] };
    this.distances.show({
      ...plot,
      dots: [{ values: distances, color }],
      description: l10n.t('Mean distance of attention in patches, of every head in {0} layers', layers),
    });
    this.entropies.show({
      ...plot,
      dots: [{ values: entropies, color }],
      description: l10n.t('Entropy of attention in bits, of every head in {0} layers', layers),
    });
    const range = (row: Float32Array) => [value(Math.min(...row)), value(Math.max(...row))] as const;
    setText(
      this.texts.distances,
      l10n.t('Layer {0}: {1} to {2} patches', view.layer + 1, ...range(distances[view.layer]!)),
    );
    setText(
      this.texts.entropies,
      l10n.t('Layer {0}: {1} to {2} bits', view.layer + 1, ...range(entropies[view.layer]!)),
    );
  }

  private showComponents(): void {
    const { model, view } = this.app.state;
    const slice = this.peek({ kind: 'token-components', layer: view.layer });
    if (!slice) return;
    const description = l10n.t('Tokens after block {0} as colors: alike ones have like colors', view.layer + 1);
    this.components.show(slice.values, model!.loaded.grid, description);
  }
}

/** The chosen class, the one it is set against, and the most probable ones. */
function shownClasses(
  chosen: number | null,
  against: number | null,
  predictions: readonly { index: number }[],
): number[] {
  const all = [chosen, against, ...predictions.map(({ index }) => index)].filter((index) => index !== null);
  return [...new Set(all)].slice(0, CLASSES);
}
