/** Which rows are shown: words, kinds, classes, ranges, and a few questions people ask most. */
import * as l10n from '@vscode/l10n';
import {
  everything,
  ROW_KINDS,
  SORT_KEYS,
  type RowKind,
  type RowQuery,
  type SortKey,
} from '../../extension/results/query';
import { TAGS } from '../../extension/results/format';
import { button, dropdown } from '../ui/controls';
import { attribute, h, icon, setText } from '../ui/dom';
import type { Part, ResultsApp } from './app';
import { pictures, tagName } from './rowWords';

function kindName(kind: RowKind): string {
  switch (kind) {
    case 'all':
      return l10n.t('All pictures');
    case 'right':
      return l10n.t('Right');
    case 'wrong':
      return l10n.t('Wrong');
    case 'unfamiliar':
      return l10n.t('Unlike the training data');
    case 'failed':
      return l10n.t('Failed');
    case 'tagged':
      return l10n.t('Tagged');
  }
}

function sortName(sort: SortKey): string {
  switch (sort) {
    case 'added':
      return l10n.t('As they came');
    case 'name':
      return l10n.t('Picture');
    case 'label':
      return l10n.t('Label');
    case 'class':
      return l10n.t('Prediction');
    case 'confidence':
      return l10n.t('Confidence');
    case 'margin':
      return l10n.t('Margin');
    case 'energy':
      return l10n.t('Energy');
  }
}

interface Question {
  id: string;
  name: string;
  title: string;
  query: Partial<RowQuery>;
}

/** After the last key, in milliseconds. */
const PAUSE = 150;

export class Filters implements Part {
  private readonly text: HTMLInputElement;
  private readonly count = h('span', { class: 'rows-count', 'data-testid': 'count', role: 'status' });
  private readonly kind;
  private readonly class;
  private readonly label;
  private readonly sort;
  private readonly tag;
  private readonly direction: HTMLElement;
  private readonly layouts: HTMLElement[];
  private readonly questions: { question: Question; element: HTMLElement }[];
  private readonly chosenBy: HTMLElement;
  private readonly ranges: { key: 'confidence' | 'margin'; inputs: HTMLInputElement[]; element: HTMLElement }[];
  readonly element: HTMLElement;

  constructor(private readonly app: ResultsApp) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    this.text = h('input', {
      type: 'search',
      class: 'search',
      placeholder: l10n.t('Search in names'),
      'aria-label': l10n.t('Search in names'),
      'data-testid': 'search',
      oninput: () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.filter({ text: this.text.value }), PAUSE);
      },
    });
    this.kind = dropdown({ 'aria-label': l10n.t('Kind'), 'data-testid': 'kind' }, (kind) =>
      this.filter({ kind: kind as RowKind }),
    );
    this.class = dropdown({ 'aria-label': l10n.t('Prediction'), 'data-testid': 'class' }, (value) =>
      this.filter({ class: value === 'any' ? null : Number(value) }),
    );
    this.label = dropdown({ 'aria-label': l10n.t('Label'), 'data-testid': 'label' }, (value) =>
      this.filter({ label: value === '' || value === 'any' ? null : value.slice(1) }),
    );
    this.tag = dropdown({ 'aria-label': l10n.t('Tag'), 'data-testid': 'tag' }, (value) =>
      this.filter({ tag: TAGS.find((tag) => tag === value) ?? null }),
    );
    this.sort = dropdown({ 'aria-label': l10n.t('Order'), 'data-testid': 'order' }, (sort) =>
      this.filter({ sort: sort as SortKey }),
    );
    this.direction = button(
      'icon',
      { 'data-testid': 'direction', onclick: () => this.filter({ descending: !app.state.query.descending }) },
      icon('arrow-up'),
    );
    this.layouts = (['table', 'grid'] as const).map((layout) => {
      const name = layout === 'table' ? l10n.t('Table') : l10n.t('Thumbnails');
      const glyph = layout === 'table' ? 'list-flat' : 'table';
      return button(
        'icon',
        { title: name, 'aria-label': name, 'data-testid': layout, onclick: () => app.set({ layout }) },
        icon(glyph),
      );
    });
    this.ranges = (['confidence', 'margin'] as const).map((key) => this.range(key));
    this.questions = questions().map((question) => ({
      question,
      element: h(
        'button',
        {
          class: 'chip',
          type: 'button',
          title: question.title,
          'data-testid': question.id,
          onclick: () => app.ask({ ...everything, ...(this.isAsked(question) ? {} : question.query) }, null),
        },
        question.name,
      ),
    }));
    this.chosenBy = h('button', {
      class: 'chip chosen',
      type: 'button',
      'data-testid': 'chosen-by',
      title: l10n.t('Show all pictures again'),
      onclick: () => app.ask(everything, null),
    });
    this.element = h(
      'div',
      { class: 'filters', role: 'search' },
      h(
        'div',
        { class: 'filter-line' },
        this.text,
        ...[this.kind, this.class, this.label, this.tag].map(({ element }) => element),
        ...this.ranges.map(({ element }) => element),
      ),
      h(
        'div',
        { class: 'filter-line' },
        ...this.questions.map(({ element }) => element),
        this.chosenBy,
        h(
          'span',
          { class: 'order' },
          this.count,
          h('span', { class: 'field-name order-name' }, l10n.t('Order')),
          this.sort.element,
          this.direction,
          ...this.layouts,
        ),
      ),
    );
  }

  /** Keeps what was chosen by a cell or a lasso. */
  private filter(change: Partial<RowQuery>): void {
    this.app.ask(change, this.app.state.chosenBy);
  }

  private range(key: 'confidence' | 'margin') {
    const name = key === 'confidence' ? l10n.t('Confidence') : l10n.t('Margin');
    const read = () => {
      const [from, to] = inputs.map(({ value }) => (value === '' ? null : Number(value) / 100));
      this.filter({ [key]: from === null && to === null ? null : [from ?? -1e9, to ?? 1e9] });
    };
    const inputs = [l10n.t('{0} from, in percent', name), l10n.t('{0} to, in percent', name)].map((label, i) =>
      h('input', {
        ...{ type: 'number', class: 'count-number', min: 0, max: 100, 'aria-label': label },
        ...{ 'data-testid': `${key}-${i === 0 ? 'from' : 'to'}`, placeholder: i === 0 ? '0' : '100', onchange: read },
      }),
    );
    const element = h(
      'span',
      { class: 'range' },
      h('span', { class: 'range-name' }, `${name} %`),
      inputs[0],
      '–',
      inputs[1],
    );
    return { key, inputs, element };
  }

  private isAsked({ query }: Question): boolean {
    const wanted: RowQuery = { ...everything, ...query };
    return (Object.keys(wanted) as (keyof RowQuery)[]).every((key) => wanted[key] === this.app.state.query[key]);
  }

  update(): void {
    const { query, results, labels, state, chosenBy, layout } = this.app.state;
    if (document.activeElement !== this.text && this.text.value !== query.text) this.text.value = query.text;
    const kinds = ROW_KINDS.filter((kind) => (kind !== 'right' && kind !== 'wrong') || (labels?.labelled ?? 0) > 0);
    this.kind.set(
      kinds.map((kind) => ({ value: kind, label: kindName(kind) })),
      query.kind,
    );
    const any = (label: string) => [{ value: 'any', label }];
    const classes = (results?.classes ?? []).map((label, i) => ({ value: String(i), label })).slice(0, 2000);
    this.class.set([...any(l10n.t('Any prediction')), ...classes], query.class === null ? 'any' : String(query.class));
    const names = (labels?.names ?? []).slice(0, 2000);
    this.label.element.hidden = names.length === 0;
    this.label.set(
      [...any(l10n.t('Any label')), ...names.map((name) => ({ value: `=${name}`, label: name }))],
      query.label === null ? 'any' : `=${query.label}`,
    );
    this.tag.element.hidden = (state?.tagged ?? 0) === 0 && query.tag === null;
    this.tag.set(
      [...any(l10n.t('Any tag')), ...TAGS.map((tag) => ({ value: tag, label: tagName(tag) }))],
      query.tag ?? 'any',
    );
    this.sort.set(
      SORT_KEYS.map((sort) => ({ value: sort, label: sortName(sort) })),
      query.sort,
    );
    const down = query.descending ? l10n.t('Descending') : l10n.t('Ascending');
    attribute(this.direction, 'title', down);
    attribute(this.direction, 'aria-label', down);
    this.direction.firstElementChild!.className = `codicon codicon-arrow-${query.descending ? 'down' : 'up'}`;
    this.layouts.forEach((element, i) =>
      attribute(element, 'aria-pressed', String((i === 0) === (layout === 'table'))),
    );
    for (const { key, inputs, element } of this.ranges) {
      element.hidden = results?.scores === 'value' || results?.scores === null;
      if (query[key] === null && !inputs.includes(document.activeElement as HTMLInputElement))
        for (const input of inputs) input.value = '';
    }
    for (const { question, element } of this.questions) {
      element.hidden = question.query.kind === 'wrong' && (labels?.classOf.every((index) => index < 0) ?? true);
      attribute(element, 'aria-checked', null);
      const asked = this.isAsked(question);
      element.classList.toggle('chosen', asked);
      attribute(element, 'aria-pressed', String(asked));
    }
    this.chosenBy.hidden = chosenBy === null;
    if (chosenBy !== null) this.chosenBy.replaceChildren(chosenBy, icon('close'));
    const total = this.app.windows.total;
    const all = state?.rows ?? 0;
    const text =
      total === null
        ? ''
        : total === all
          ? pictures(all)
          : l10n.t('{0} shown of {1}', total.toLocaleString(), pictures(all));
    setText(this.count, text);
  }
}

const questions = (): Question[] => [
  {
    id: 'most-confident-wrong',
    name: l10n.t('Most confident wrong'),
    title: l10n.t('What the model says with most confidence against the label: wrong labels are often among them'),
    query: { kind: 'wrong', sort: 'confidence', descending: true },
  },
  {
    id: 'least-certain',
    name: l10n.t('Least certain'),
    title: l10n.t('Where the best class is hardly above the next one'),
    query: { sort: 'margin', descending: false },
  },
  {
    id: 'unlike',
    name: l10n.t('Unlike the training data'),
    title: l10n.t('Pictures whose energy is below what the model is used to'),
    query: { kind: 'unfamiliar', sort: 'energy', descending: false },
  },
];
