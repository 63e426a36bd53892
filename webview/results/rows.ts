/** The pictures, as a table or as thumbnails. */
import * as l10n from '@vscode/l10n';
import type { PicturedRow } from '../../extension/protocol/results';
import type { SortKey } from '../../extension/results/query';
import { attribute, h, setText } from '../ui/dom';
import { say } from '../app/words';
import type { Part, ResultsApp } from './app';
import { energyText, scoreText, tagName } from './rowWords';
import { Scroller } from '../ui/scroller';
import { fillThumbnail, makeThumbnail } from './thumbnail';

const ROW_HEIGHT = 28;
const TILE = 132;
const TILE_HEIGHT = 156;

interface Heading {
  sort: SortKey;
  name: string;
  className: string;
}

export class Rows implements Part {
  private readonly head: HTMLElement;
  /** Of the model of the file it is compared with. */
  private readonly otherHeading = h('span', { class: 'heading-other cell-other' });
  private readonly headings: { heading: Heading; element: HTMLButtonElement }[];
  private readonly table: Scroller;
  private readonly grid: Scroller;
  private readonly empty = h('p', { class: 'note rows-empty', hidden: true });
  readonly element: HTMLElement;

  constructor(private readonly app: ResultsApp) {
    const headings: Heading[] = [
      { sort: 'name', name: l10n.t('Picture'), className: 'cell-name' },
      { sort: 'label', name: l10n.t('Label'), className: 'cell-label' },
      { sort: 'class', name: l10n.t('Prediction'), className: 'cell-class' },
      { sort: 'confidence', name: l10n.t('Confidence'), className: 'cell-number cell-confidence' },
      { sort: 'margin', name: l10n.t('Margin'), className: 'cell-number cell-margin' },
      { sort: 'energy', name: l10n.t('Energy'), className: 'cell-number cell-energy' },
    ];
    this.headings = headings.map((heading) => ({
      heading,
      element: h('button', {
        class: `heading ${heading.className}`,
        type: 'button',
        'data-testid': `sort-${heading.sort}`,
        onclick: () => this.sort(heading.sort),
      }),
    }));
    const elements = this.headings.map(({ element }) => element);
    this.head = h(
      'div',
      { class: 'row row-head' },
      h('span', { class: 'cell-thumb' }),
      ...elements.slice(0, 3),
      this.otherHeading,
      ...elements.slice(3),
      h('span', { class: 'cell-tag' }),
    );
    const label = l10n.t('Pictures');
    // the other layout has its items before it is asked for
    const rested = () => {
      const { clientWidth, clientHeight } = this.shown.element;
      const other = this.shown === this.table ? this.grid : this.table;
      other.prepare(clientWidth, clientHeight);
    };
    this.table = new Scroller({
      label,
      lineHeight: () => ROW_HEIGHT,
      columns: () => 1,
      make: () => this.listen(makeRow()),
      fill: (element, place, atRest) => this.fill(element, place, atRest),
      rested,
    });
    this.grid = new Scroller({
      label,
      lineHeight: () => TILE_HEIGHT,
      columns: (width) => Math.floor(width / TILE),
      make: () => this.listen(makeTile()),
      fill: (element, place, atRest) => this.fill(element, place, atRest),
      rested,
    });
    for (const { element } of [this.table, this.grid]) element.addEventListener('keydown', (event) => this.key(event));
    this.element = h(
      'div',
      { class: 'rows', 'data-testid': 'rows' },
      this.head,
      this.table.element,
      this.grid.element,
      this.empty,
    );
  }

  private get shown(): Scroller {
    return this.app.state.layout === 'table' ? this.table : this.grid;
  }

  /** Rows that are here now, in their places. */
  redraw(): void {
    this.shown.update(this.app.windows.total ?? 0);
  }

  update(): void {
    const { layout, query, state, results } = this.app.state;
    const { total } = this.app.windows;
    const isTable = layout === 'table';
    this.head.hidden = !isTable;
    this.table.element.hidden = !isTable;
    this.grid.element.hidden = isTable;
    for (const { heading, element } of this.headings) {
      const isSorted = heading.sort === query.sort;
      setText(element, isSorted ? `${heading.name} ${query.descending ? '↓' : '↑'}` : heading.name);
      attribute(element, 'aria-pressed', String(isSorted));
    }
    const { comparison } = this.app.state;
    this.element.classList.toggle('is-compared', comparison !== null);
    setText(this.otherHeading, comparison?.model ?? '');
    attribute(this.otherHeading, 'title', comparison?.model);
    this.element.classList.toggle('no-tags', (state?.tagged ?? 0) === 0);
    this.element.classList.toggle('no-labels', (this.app.state.labels?.labelled ?? 0) === 0);
    this.shown.update(total ?? 0);
    const { offsetWidth, clientWidth } = this.table.element;
    this.element.style.setProperty('--bar', `${offsetWidth - clientWidth}px`);
    this.empty.hidden = total !== 0 || results === null;
    if (total === 0) {
      const none = state?.rows === 0;
      setText(this.empty, none ? l10n.t('No pictures yet.') : l10n.t('No picture is like this.'));
    }
    attribute(this.element, 'data-total', total);
  }

  private sort(sort: SortKey): void {
    const { query } = this.app.state;
    // numbers are looked at from their largest
    const first = sort === 'confidence' || sort === 'margin' || sort === 'energy';
    this.app.ask({ sort, descending: query.sort === sort ? !query.descending : first }, this.app.state.chosenBy);
  }

  private listen(element: HTMLElement): HTMLElement {
    element.addEventListener('click', () => this.choose(Number(element.dataset.place)));
    element.addEventListener('dblclick', () => this.open());
    // not for every row that is scrolled past
    element.addEventListener('pointerover', ({ target }) => {
      const cell = titled(element).find((one) => one === target);
      if (cell) attribute(cell, 'title', cell.textContent === '' ? null : cell.textContent);
    });
    return element;
  }

  private choose(at: number): void {
    const row = this.app.windows.at(at);
    if (row) this.app.set({ chosen: { row: row.row, at } });
  }

  private open(): void {
    const { chosen, query } = this.app.state;
    if (chosen) this.app.host.send({ type: 'open-row', ...chosen, query });
  }

  private key(event: KeyboardEvent): void {
    const { windows, state } = this.app;
    const total = windows.total ?? 0;
    const { columns, page } = this.shown;
    const moves: Record<string, number> = {
      ArrowDown: columns,
      ArrowUp: -columns,
      ArrowRight: columns > 1 ? 1 : 0,
      ArrowLeft: columns > 1 ? -1 : 0,
      PageDown: page,
      PageUp: -page,
      Home: -total,
      End: total,
    };
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter') this.open();
    else if (moves[event.key]) {
      const from = state.chosen?.at ?? -1;
      const to = Math.min(total - 1, Math.max(0, from + moves[event.key]!));
      this.shown.reveal(to);
      this.choose(to);
    } else return;
    event.preventDefault();
  }

  private fill(element: HTMLElement, place: number, atRest: boolean): boolean {
    const row = this.app.windows.at(place);
    element.dataset.place = String(place);
    attribute(element, 'aria-selected', String(row !== null && row.row === this.app.state.chosen?.row));
    const parts = partsOf(element);
    const pictureChanged = fillThumbnail(parts.thumb, row, atRest);
    if (parts.shown === row && parts.comparison === this.app.state.comparison) return pictureChanged;
    parts.shown = row;
    parts.comparison = this.app.state.comparison;
    for (const cell of titled(element)) cell.removeAttribute('title');
    attribute(element, 'data-id', row?.id);
    element.classList.toggle('row-wrong', row?.right === false);
    element.classList.toggle('row-failed', row !== null && row.error !== null);
    setText(parts.name, row?.id ?? '…');
    setText(parts.label, row?.label ?? '');
    const said = row?.error ? say(row.error) : (row?.predictions[0]?.label ?? '');
    setText(parts.class, said);
    setText(parts.other, row?.other?.label ?? '');
    const other = row?.other?.label ?? '';
    parts.other.classList.toggle('differs', other !== '' && other !== said);
    const { scores } = this.app.state.results!;
    const [first, second] = row?.predictions ?? [];
    const [best, next] = [first, second].map(
      (prediction) => prediction && (prediction.probability ?? prediction.logit),
    );
    setText(parts.confidence, best === undefined ? '' : scoreText(best, scores));
    setText(parts.margin, best === undefined || next === undefined ? '' : scoreText(best - next, scores));
    setText(parts.energy, row === null || row.energy === null ? '' : energyText(row.energy));
    parts.energy.classList.toggle('unfamiliar', row?.unfamiliar === true);
    attribute(parts.energy, 'title', row?.unfamiliar === true ? l10n.t('Unlike the training data') : null);
    setText(parts.tag, row?.tag ? tagName(row.tag) : '');
    return true;
  }
}

interface RowParts {
  thumb: HTMLElement;
  name: HTMLElement;
  label: HTMLElement;
  class: HTMLElement;
  other: HTMLElement;
  confidence: HTMLElement;
  margin: HTMLElement;
  energy: HTMLElement;
  tag: HTMLElement;
  /** What is in them. */
  shown?: PicturedRow | null;
  comparison?: unknown;
}

const known = new WeakMap<HTMLElement, RowParts>();
const partsOf = (element: HTMLElement): RowParts => known.get(element)!;

/** The cells whose text can be longer than they are wide; the pointer shows all of it. */
function titled(element: HTMLElement): HTMLElement[] {
  const { name, class: prediction, other } = partsOf(element);
  return [name, prediction, other];
}

function cells(): RowParts {
  const cell = (name: string) => h('span', { class: name });
  return {
    thumb: makeThumbnail('cell-thumb'),
    name: cell('cell-name'),
    label: cell('cell-label'),
    class: cell('cell-class'),
    other: cell('cell-other'),
    confidence: cell('cell-number cell-confidence'),
    margin: cell('cell-number cell-margin'),
    energy: cell('cell-number cell-energy'),
    tag: cell('cell-tag'),
  };
}

function makeRow(): HTMLElement {
  const parts = cells();
  const { thumb, name, label, other, confidence, margin, energy, tag } = parts;
  const order = [thumb, name, label, parts.class, other, confidence, margin, energy, tag];
  const element = h('div', { class: 'row', role: 'option', 'data-testid': 'row' }, ...order);
  known.set(element, parts);
  return element;
}

function makeTile(): HTMLElement {
  const parts = cells();
  const { thumb, name, label, other, confidence, tag } = parts;
  const line = h('span', { class: 'tile-line' }, parts.class, other, confidence);
  const below = h('span', { class: 'tile-line' }, h('span', { class: 'tile-said' }, label, name), tag);
  const element = h('div', { class: 'tile', role: 'option', 'data-testid': 'row' }, thumb, line, below);
  known.set(element, parts);
  return element;
}
