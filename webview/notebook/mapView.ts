/** A cell's output: a map on its picture. A click on a patch makes it the query of attention. */
import * as l10n from '@vscode/l10n';
import { defaultColorMap, defaultOpacity, signedColorMap } from '../../extension/drawing/colorMap';
import { domainOf, symmetric, type Domain } from '../../extension/drawing/colorScale';
import { Bar } from '../attention/colorBar';
import { fieldOf, pixels } from '../drawing/fieldCanvas';
import { gridLayout, middleOf } from '../drawing/gridLayout';
import { patchValues, prefixCounts, readingsOf, tokensOf } from '../drawing/patchValues';
import { h, setText } from '../ui/dom';
import { value } from '../ui/format';
import { numberedToken, patchName } from '../ui/names';
import { PatchGrid } from '../walk/patchGrid';
import type { MapOutput } from './output';

export class MapView {
  private readonly grid = new PatchGrid();
  private readonly bar = new Bar();
  private readonly caption = h('span', { 'data-testid': 'caption' });
  private readonly readout = h('output', { 'data-testid': 'readout' });
  private readonly matrix: HTMLInputElement;
  private readonly place = h('output', {});
  readonly element: HTMLElement;
  private index = 0;
  private query: number | null = null;

  constructor(
    private readonly output: MapOutput,
    private readonly bitmap: ImageBitmap,
  ) {
    this.matrix = h('input', {
      ...{ type: 'range', min: 0, max: this.matrices - 1, value: 0, 'aria-label': l10n.t('Matrix') },
      'data-testid': 'matrix-number',
      oninput: () => {
        this.index = Number(this.matrix.value);
        this.update();
      },
    });
    this.element = h(
      'figure',
      { class: 'vit-map' },
      output.title === '' ? null : h('figcaption', {}, output.title),
      this.matrices < 2 ? null : h('label', { class: 'vit-map-row' }, l10n.t('Matrix'), this.matrix, this.place),
      this.grid.element,
      h('div', { class: 'vit-map-row' }, this.caption, this.readout),
      this.bar.element,
    );
    this.update();
  }

  private get matrices(): number {
    const { rows, columns, values } = this.output;
    return values.length / (rows * columns);
  }

  /** Also after the theme has changed. */
  update(): void {
    const { output, bitmap, index } = this;
    const { shape, rows, columns } = output;
    const size = rows * columns;
    const matrix = { shape, rows, columns, values: output.values.subarray(index * size, (index + 1) * size) };
    setText(this.place, `${index + 1} / ${this.matrices}`);
    const readings = readingsOf(matrix, bitmap.width / bitmap.height);
    const reading = readings.find((each) => each === output.reading) ?? readings[0];
    if (reading === undefined) return setText(this.caption, l10n.t('These values cannot be read as patches.'));
    const tokens = tokensOf(reading, matrix);
    const prefixes = prefixCounts(tokens)[0] ?? 0;
    const query = this.query ?? (prefixes > 0 ? 0 : Math.floor((tokens + Math.sqrt(tokens)) / 2));
    const { field } = patchValues(matrix, reading, prefixes, Math.min(query, Math.max(0, tokens - 1)));
    const range = domainOf([field.values]);
    const signed = range[0] < 0;
    const domain: Domain = signed ? symmetric(range) : range;
    const colorMap = signed ? signedColorMap : defaultColorMap;
    const region = middleOf(bitmap, field.columns / field.rows);
    const layout = gridLayout(field, region);
    const isAttention = reading === 'attention';
    const drawn = fieldOf(layout, Float32Array.from(field.values), true);
    this.grid.show({
      source: bitmap,
      picture: { width: bitmap.width, height: bitmap.height, region },
      layout,
      chosen: isAttention && query >= prefixes ? query - prefixes : null,
      overlay: {
        source: pixels(drawn, domain, colorMap, signed ? 'middle' : 'low'),
        opacity: defaultOpacity,
        smooth: true,
      },
      choose: (patch) => {
        if (!isAttention) return;
        this.query = patch + prefixes;
        this.update();
      },
      point: (patch) =>
        setText(
          this.readout,
          patch === null ? '' : l10n.t('{0}: {1}', patchName(patch).name, value(field.values[patch]!)),
        ),
    });
    this.bar.show(domain, colorMap);
    const token = query < prefixes ? numberedToken(query) : patchName(query - prefixes);
    setText(this.caption, isAttention ? l10n.t('Query: {0}', token.inside) : '');
  }
}
