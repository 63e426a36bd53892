/** A matrix drawn on the picture that it is about, and how it is read: which tokens are before the patches, which row. */
import * as l10n from '@vscode/l10n';
import { defaultColorMap, defaultOpacity, signedColorMap } from '../../extension/drawing/colorMap';
import { domainOf, symmetric, type Domain } from '../../extension/drawing/colorScale';
import type { ArrayView, Reading } from '../../extension/files/arrayView';
import type { ArrayPicture } from '../../extension/protocol/array';
import { Bar } from '../attention/colorBar';
import { fieldOf, pixels } from '../drawing/fieldCanvas';
import { gridLayout, middleOf, wholeOf } from '../drawing/gridLayout';
import { patchValues, prefixCounts, readingsOf, tokensOf } from '../drawing/patchValues';
import { button, checkbox, dropdown, slider } from '../ui/controls';
import { h, setText } from '../ui/dom';
import { value } from '../ui/format';
import { numberedToken, patchName } from '../ui/names';
import { section } from '../ui/section';
import { PatchGrid } from '../walk/patchGrid';

/** What somebody chose; null: nobody did. */
export interface Choices {
  reading: Reading | null;
  prefixes: number | null;
  query: number | null;
  /** The values lie over all of the picture, not over the largest part of their own form in its middle. */
  whole: boolean;
  smooth: boolean;
  /** Percent. */
  opacity: number;
}

export const firstChoices: Choices = {
  reading: null,
  prefixes: null,
  query: null,
  whole: false,
  smooth: true,
  opacity: 100 * defaultOpacity,
};

export class OnPicture {
  private readonly grid = new PatchGrid();
  private readonly bar = new Bar();
  private readonly readout = h('output', { class: 'readout-value', 'data-testid': 'patch-readout' });
  private readonly prefix = h('span', { class: 'caption', 'data-testid': 'prefix-values' });
  /** On the stage. */
  readonly element = h(
    'figure',
    { class: 'matrix', 'data-testid': 'on-picture', hidden: true },
    this.grid.element,
    h('div', { class: 'matrix-foot' }, h('div', { class: 'readout' }, this.readout, this.prefix), this.bar.element),
  );
  private readonly name = h('span', { class: 'array-picture', 'data-testid': 'picture-name' });
  private readonly choose: HTMLElement;
  private readonly forget: HTMLElement;
  private readonly reading = dropdown({ 'aria-label': l10n.t('Read as'), 'data-testid': 'reading' }, (reading) =>
    this.set({ reading: reading as Reading, prefixes: null, query: null }),
  );
  private readonly prefixes = dropdown(
    { 'aria-label': l10n.t('Tokens before the patches'), 'data-testid': 'prefixes' },
    (count) => this.set({ prefixes: Number(count), query: null }),
  );
  private readonly query = slider(l10n.t('Query'), { 'data-testid': 'query', step: 1 }, (query) =>
    this.set({ query: query - 1 }),
  );
  private readonly opacity = slider(l10n.t('Opacity'), { 'data-testid': 'opacity' }, (opacity) =>
    this.set({ opacity }),
  );
  private readonly smooth = checkbox(l10n.t('Smooth'), { 'data-testid': 'smooth' }, (smooth) => this.set({ smooth }));
  private readonly whole = checkbox(
    l10n.t('Over the whole picture'),
    {
      'data-testid': 'whole-picture',
      title: l10n.t('Else over the largest part of it that has the form of the values, in its middle: a centre crop'),
    },
    (whole) => this.set({ whole }),
  );
  private readonly field = (name: string, control: HTMLElement) =>
    h('div', { class: 'field' }, h('span', { class: 'field-name' }, name), control);
  private readonly prefixField = this.field(l10n.t('Prefix'), this.prefixes.element);
  private readonly controls = h(
    'div',
    { class: 'stack' },
    this.field(l10n.t('Read as'), this.reading.element),
    this.prefixField,
    this.query.element,
    this.opacity.element,
    h('div', { class: 'checks' }, this.smooth.element, this.whole.element),
  );
  /** In the side bar. */
  readonly side: HTMLElement;
  private array: ArrayView | null = null;
  private picture: (ArrayPicture & { bitmap: ImageBitmap }) | null = null;
  private newest: ArrayPicture | null = null;
  /** What the host knows of it. */
  private known: Reading | null = null;

  constructor(
    private choices: Choices,
    private readonly to: { choose: () => void; forget: () => void; changed: (choices: Choices) => void },
  ) {
    this.choose = button('secondary', { 'data-testid': 'choose-picture', onclick: to.choose }, '');
    this.forget = button(
      'secondary',
      { 'data-testid': 'forget-picture', onclick: to.forget },
      l10n.t('Without a Picture'),
    );
    this.side = section(
      l10n.t('On a picture'),
      'on-picture',
      true,
      h(
        'div',
        { class: 'stack' },
        this.name,
        h('div', { class: 'array-picture-buttons' }, this.choose, this.forget),
        this.controls,
      ),
    );
    this.update();
  }

  /** @param said why there is none; empty: nobody has chosen one */
  async showPicture(picture: ArrayPicture | null, said: string): Promise<void> {
    this.newest = picture;
    let bitmap: ImageBitmap | null = null;
    let fault = said;
    if (picture) {
      try {
        bitmap = await createImageBitmap(new Blob([new Uint8Array(picture.bytes)], { type: picture.mime }));
      } catch {
        fault = l10n.t('{0} cannot be drawn: its preview is not readable.', picture.name);
      }
    }
    if (this.newest !== picture) return bitmap?.close();
    this.picture?.bitmap.close();
    this.picture = picture && bitmap && { ...picture, bitmap };
    setText(
      this.name,
      fault !== ''
        ? fault
        : (this.picture?.name ?? l10n.t('Values of patches or tokens can be seen on the picture they are of.')),
    );
    this.update();
  }

  showArray(array: ArrayView): void {
    if (this.array && this.array.shape.join() !== array.shape.join())
      this.set({ reading: null, prefixes: null, query: null });
    this.array = array;
    this.update();
  }

  /** What its matrices are, unless somebody chose otherwise. */
  readAs(reading: Reading | null): void {
    this.known = reading;
    this.update();
  }

  update(): void {
    const { array, picture, choices } = this;
    const readings = array && picture ? readingsOf(array, picture.width / picture.height) : [];
    const reading = readings.find((each) => each === (choices.reading ?? this.known)) ?? readings[0];
    setText(this.choose, picture ? l10n.t('Another Picture…') : l10n.t('Draw on a Picture…'));
    this.forget.hidden = picture === null;
    this.controls.hidden = this.element.hidden = reading === undefined;
    if (!array || !picture || reading === undefined) return;
    const counts = prefixCounts(tokensOf(reading, array));
    const prefixes = counts.find((count) => count === choices.prefixes) ?? counts[0] ?? 0;
    // what a class token attends to is what people look for; without one: a patch in the middle
    const tokens = tokensOf(reading, array);
    const middle = Math.floor((tokens + Math.sqrt(tokens)) / 2);
    const query = Math.min(tokens - 1, choices.query ?? (prefixes > 0 ? 0 : middle));
    this.steer(readings, reading, counts, prefixes, query, tokens);
    this.draw(array, picture, reading, prefixes, query);
  }

  private steer(
    readings: readonly Reading[],
    reading: Reading,
    counts: readonly number[],
    prefixes: number,
    query: number,
    tokens: number,
  ): void {
    const { choices } = this;
    const names: Record<Reading, string> = {
      grid: l10n.t('Grid over the picture'),
      attention: l10n.t('Attention of a token'),
      lengths: l10n.t('Lengths of tokens'),
      values: l10n.t('One value a token'),
    };
    this.reading.set(
      readings.map((each) => ({ value: each, label: names[each] })),
      reading,
    );
    this.prefixes.set(
      counts.map((count) => ({ value: String(count), label: tokensText(count) })),
      String(prefixes),
    );
    this.prefixField.hidden = reading === 'grid';
    this.query.element.hidden = reading !== 'attention';
    this.query.set({ min: 1, max: Math.max(1, tokens), value: query + 1 }, tokenName(query, prefixes).name);
    this.opacity.set({ min: 0, max: 100, value: choices.opacity }, `${choices.opacity} %`);
    this.smooth.set(choices.smooth);
    this.whole.set(choices.whole);
  }

  private draw(
    array: ArrayView,
    picture: ArrayPicture & { bitmap: ImageBitmap },
    reading: Reading,
    prefixes: number,
    query: number,
  ): void {
    const { choices } = this;
    const { field, prefix } = patchValues(array, reading, prefixes, query);
    const range = domainOf([field.values]);
    const signed = range[0] < 0;
    const domain: Domain = signed ? symmetric(range) : range;
    const colorMap = signed ? signedColorMap : defaultColorMap;
    const region = choices.whole ? wholeOf(picture) : middleOf(picture, field.columns / field.rows);
    const layout = gridLayout(field, region);
    const drawn = fieldOf(layout, Float32Array.from(field.values), choices.smooth);
    this.grid.show({
      source: picture.bitmap,
      picture: { width: picture.width, height: picture.height, region },
      layout,
      chosen: reading === 'attention' && query >= prefixes ? query - prefixes : null,
      overlay: {
        source: pixels(drawn, domain, colorMap, signed ? 'middle' : 'low'),
        opacity: choices.opacity / 100,
        smooth: choices.smooth,
      },
      choose: (patch) => reading === 'attention' && this.set({ query: patch + prefixes }),
      point: (patch) => {
        const at = patch === null ? null : field.values[patch]!;
        setText(this.readout, at === null ? '' : l10n.t('{0}: {1}', patchName(patch!).name, value(at)));
        this.bar.point(at, domain);
      },
    });
    this.bar.show(domain, colorMap);
    const before = [...prefix].map((at, token) => l10n.t('{0}: {1}', numberedToken(token).inside, value(at)));
    setText(this.prefix, before.length === 0 ? '' : l10n.t('Before the patches: {0}', before.join(', ')));
  }

  private set(changes: Partial<Choices>): void {
    this.choices = { ...this.choices, ...changes };
    this.to.changed(this.choices);
    this.update();
  }
}

const tokenName = (token: number, prefixes: number) =>
  token < prefixes ? numberedToken(token) : patchName(token - prefixes);

const tokensText = (count: number) =>
  count === 0 ? l10n.t('none') : count === 1 ? l10n.t('1 token') : l10n.t('{0} tokens', count);
