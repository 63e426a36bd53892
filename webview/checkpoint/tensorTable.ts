/** The tensors of the file, sorted and searched; only the rows in sight have elements. */
import * as l10n from '@vscode/l10n';
import type { FileTensor, FileTensors } from '../../extension/models/fileTensor';
import { attribute, h, setText } from '../ui/dom';
import { bytes, shape, value } from '../ui/format';
import { Scroller } from '../ui/scroller';

const ROW_HEIGHT = 26;

interface Column {
  id: string;
  title: string;
  classes: string;
  text: (tensor: FileTensor) => string;
  /** What it is sorted by; numbers from the largest on. */
  key: (tensor: FileTensor) => string | number;
}

const values = ({ shape: sides }: FileTensor): number => sides.reduce((product, side) => product * side, 1);

const statistic = (
  id: string,
  title: string,
  of: (statistics: NonNullable<FileTensor['statistics']>) => number,
  classes = '',
  text: (x: number) => string = value,
): Column => ({
  id,
  title,
  classes: `tensor-number ${classes}`,
  text: ({ statistics }) => (statistics ? text(of(statistics)) : ''),
  key: ({ statistics }) => (statistics && !Number.isNaN(of(statistics)) ? of(statistics) : -Infinity),
});

const columns: readonly Column[] = [
  { id: 'name', title: l10n.t('Tensor'), classes: 'tensor-name', text: ({ name }) => name, key: ({ name }) => name },
  { id: 'shape', title: l10n.t('Shape'), classes: 'tensor-shape', text: (tensor) => shape(tensor.shape), key: values },
  { id: 'type', title: l10n.t('Type'), classes: 'tensor-type', text: ({ dtype }) => dtype, key: ({ dtype }) => dtype },
  statistic('rms', l10n.t('RMS'), ({ rms }) => rms),
  statistic('least', l10n.t('Least'), ({ least }) => least, 'tensor-more'),
  statistic('most', l10n.t('Largest'), ({ most }) => most, 'tensor-more'),
  statistic(
    'zeros',
    l10n.t('Zeros'),
    ({ zeros }) => zeros,
    'tensor-more',
    (n) => n.toLocaleString(),
  ),
  statistic(
    'not-finite',
    l10n.t('Not finite'),
    ({ notFinite }) => notFinite,
    'tensor-not-finite',
    (n) => n.toLocaleString(),
  ),
];

export class TensorTable {
  private file: FileTensors | null = null;
  private shown: FileTensor[] = [];
  private sorted: { column: Column; descending: boolean } | null = null;
  private chosenName: string | null = null;
  private readonly inRow = new WeakMap<HTMLElement, FileTensor>();
  private readonly headings = columns.map((column) => ({
    column,
    element: h('button', {
      type: 'button',
      class: `heading ${column.classes}`,
      'data-testid': `sort-${column.id}`,
      onclick: () => this.sort(column),
    }),
  }));
  private readonly search = h('input', {
    class: 'search',
    type: 'search',
    'data-testid': 'search',
    'aria-label': l10n.t('Search tensors'),
    placeholder: l10n.t('Search tensors'),
    oninput: () => this.update(),
  });
  private readonly summary = h('span', { class: 'rows-count', role: 'status', 'data-testid': 'summary' });
  private readonly scroller = new Scroller({
    label: l10n.t('Tensors'),
    lineHeight: () => ROW_HEIGHT,
    columns: () => 1,
    make: () => this.makeRow(),
    fill: (element, place) => this.fill(element, place),
  });
  readonly element = h(
    'div',
    { class: 'tensors' },
    h('div', { class: 'tensors-bar' }, this.search, this.summary),
    h('div', { class: 'tensor tensor-head' }, ...this.headings.map(({ element }) => element)),
    this.scroller.element,
  );

  constructor(private readonly choose: (tensor: FileTensor) => void) {
    this.scroller.element.addEventListener('keydown', (event) => this.key(event));
  }

  show(file: FileTensors): void {
    this.file = file;
    this.update();
  }

  private update(): void {
    if (!this.file) return;
    const { tensors, total, bytes: size } = this.file;
    const wanted = this.search.value.trim().toLowerCase();
    this.shown = wanted === '' ? [...tensors] : tensors.filter(({ name }) => name.toLowerCase().includes(wanted));
    if (this.sorted) this.shown.sort(order(this.sorted.column, this.sorted.descending));
    const weights = tensors.reduce((sum, tensor) => sum + values(tensor), 0);
    setText(
      this.summary,
      total > tensors.length
        ? l10n.t(
            'the first {0} of {1} tensors, {2}',
            tensors.length.toLocaleString(),
            total.toLocaleString(),
            bytes(size),
          )
        : wanted !== ''
          ? l10n.t('{0} of {1} tensors', this.shown.length.toLocaleString(), total.toLocaleString())
          : l10n.t('{0} tensors, {1} values, {2}', total.toLocaleString(), weights.toLocaleString(), bytes(size)),
    );
    for (const { column, element } of this.headings) {
      const isSorted = this.sorted?.column === column;
      setText(element, isSorted ? `${column.title} ${this.sorted?.descending ? '↓' : '↑'}` : column.title);
      attribute(element, 'aria-pressed', String(isSorted));
    }
    this.element.classList.toggle(
      'some-sick',
      tensors.some(({ statistics }) => statistics && statistics.notFinite > 0),
    );
    this.scroller.update(this.shown.length);
    const { offsetWidth, clientWidth } = this.scroller.element;
    this.element.style.setProperty('--bar', `${offsetWidth - clientWidth}px`);
  }

  /** Up, down, and a third time as in the file. */
  private sort(column: Column): void {
    // numbers are looked at from their largest
    const first = column.id !== 'name' && column.id !== 'type';
    const { sorted } = this;
    if (sorted?.column !== column) this.sorted = { column, descending: first };
    else this.sorted = sorted.descending === first ? { column, descending: !first } : null;
    this.update();
  }

  private makeRow(): HTMLElement {
    const cells = columns.map(({ classes }) => h('span', { class: classes }));
    const row = h('div', { class: 'tensor', role: 'option', 'data-testid': 'tensor' }, ...cells);
    row.addEventListener('click', () => this.chooseAt(Number(row.dataset.place)));
    return row;
  }

  private fill(row: HTMLElement, place: number): boolean {
    const tensor = this.shown[place];
    if (!tensor) return false;
    row.dataset.place = String(place);
    attribute(row, 'aria-selected', String(tensor.name === this.chosenName));
    if (this.inRow.get(row) === tensor) return false;
    this.inRow.set(row, tensor);
    attribute(row, 'title', tensor.name);
    row.classList.toggle('tensor-sick', (tensor.statistics?.notFinite ?? 0) > 0);
    columns.forEach((column, i) => setText(row.children[i] as HTMLElement, column.text(tensor)));
    return true;
  }

  private chooseAt(place: number): void {
    const tensor = this.shown[place];
    if (!tensor) return;
    this.chosenName = tensor.name;
    this.scroller.update(this.shown.length);
    this.choose(tensor);
  }

  private key(event: KeyboardEvent): void {
    const all = this.shown.length;
    const here = this.shown.findIndex(({ name }) => name === this.chosenName);
    const { page } = this.scroller;
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -all,
      End: all,
    };
    const step = steps[event.key];
    if (step === undefined || all === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const place = Math.min(all - 1, Math.max(0, here + step));
    this.scroller.reveal(place);
    this.chooseAt(place);
  }
}

const order =
  ({ key }: Column, descending: boolean) =>
  (a: FileTensor, b: FileTensor): number => {
    const [x, y] = [key(a), key(b)];
    const way =
      typeof x === 'string'
        ? x.localeCompare(String(y), undefined, { numeric: true })
        : x < Number(y)
          ? -1
          : x > Number(y)
            ? 1
            : 0;
    return descending ? -way : way;
  };
