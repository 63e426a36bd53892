/** A long list of which only what is in sight has elements; they are used again for what comes next. */
import { h } from './dom';

/** Browsers draw no element much higher than this, in pixels; what is longer is scrolled in proportion. */
const MOST_HEIGHT = 8_000_000;

/** Pictures are loaded where scrolling rests this long, in milliseconds. */
const REST_MS = 80;

interface Options {
  label: string;
  /** Of a line of items, in pixels. */
  lineHeight: () => number;
  /** Items in a line. */
  columns: (width: number) => number;
  make: () => HTMLElement;
  /** Shows the item at a place; `atRest`: nothing is scrolled, and pictures may be loaded. */
  fill: (element: HTMLElement, place: number, atRest: boolean) => void;
}

export class Scroller {
  private readonly spacer = h('div', { class: 'scroller-spacer' });
  readonly element: HTMLElement;
  private pool: HTMLElement[] = [];
  private total = 0;
  private asked = false;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private atRest = true;

  constructor(private readonly options: Options) {
    this.element = h(
      'div',
      { class: 'scroller', tabindex: 0, role: 'listbox', 'aria-label': options.label },
      this.spacer,
    );
    this.element.addEventListener('scroll', () => this.scrolled(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Draws again, with so many items. */
  update(total: number): void {
    this.total = total;
    this.draw();
  }

  get columns(): number {
    return Math.max(1, this.options.columns(this.element.clientWidth));
  }

  /** Items in a page of what is in sight. */
  get page(): number {
    return Math.max(1, Math.floor(this.element.clientHeight / this.options.lineHeight())) * this.columns;
  }

  /** Scrolls as little as brings that place into sight. */
  reveal(place: number): void {
    const { lineHeight, top } = this.measures();
    const line = Math.floor(place / this.columns) * lineHeight;
    const view = this.element.clientHeight;
    if (line < top) this.scrollTo(line);
    else if (line + lineHeight > top + view) this.scrollTo(line + lineHeight - view);
  }

  private scrollTo(top: number): void {
    const { whole, shown, view } = this.measures();
    this.element.scrollTop = whole > shown ? (top / (whole - view)) * (shown - view) : top;
    this.draw();
  }

  /** `whole` pixels of items are `shown` as so many, of which `view` are in sight, from `top` (of the whole) on. */
  private measures() {
    const lineHeight = this.options.lineHeight();
    const whole = Math.ceil(this.total / this.columns) * lineHeight;
    const shown = Math.min(whole, MOST_HEIGHT);
    const view = this.element.clientHeight;
    const { scrollTop } = this.element;
    const top = whole > shown ? (scrollTop / Math.max(1, shown - view)) * (whole - view) : scrollTop;
    return { lineHeight, whole, shown, view, top, scrollTop };
  }

  private scrolled(): void {
    this.atRest = false;
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      this.atRest = true;
      this.draw();
    }, REST_MS);
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      this.draw();
    });
  }

  private draw(): void {
    const { columns, total, element } = this;
    // all is measured before anything is moved: a browser lays the page out again for what is asked after that, for each item
    const { lineHeight, shown, view, top, scrollTop } = this.measures();
    const width = element.clientWidth / columns;
    this.spacer.style.height = `${shown}px`;
    const first = Math.max(0, Math.floor(top / lineHeight) - 1);
    const lines = Math.ceil(view / lineHeight) + 3;
    const wanted = lines * columns;
    while (this.pool.length < wanted) {
      const made = this.options.make();
      made.classList.add('scroller-item');
      this.pool.push(made);
      this.spacer.append(made);
    }
    const size = this.pool.length;
    for (let i = 0; i < size; i++) {
      const place = first * columns + i;
      const item = this.pool[place % size]!;
      item.hidden = place >= total || i >= wanted;
      if (item.hidden) continue;
      const line = Math.floor(place / columns);
      const y = line * lineHeight - top + scrollTop;
      item.style.transform = `translate(${(place % columns) * width}px, ${y}px)`;
      item.style.width = `${width}px`;
      item.style.height = `${lineHeight}px`;
      this.options.fill(item, place, this.atRest);
    }
  }
}
