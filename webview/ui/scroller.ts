/** A long list of which only what is in sight has elements; they are used again for what comes next. */
import { h } from './dom';

/** Browsers draw no element much higher than this, in pixels; what is longer is scrolled in proportion. */
const MOST_HEIGHT = 8_000_000;

/** Pictures are loaded where scrolling rests this long, in milliseconds. */
const REST_MS = 80;

/** So many items are changed in one frame at least: laying one out and drawing it takes a slow processor 1 to 2 ms of its 16. */
const LEAST_CHANGES = 4;

/** More where a frame with them has taken less than this, in milliseconds. */
const FRAME_MS = 6;

/** An item is made only in idle time that is at least so long, in milliseconds. */
const IDLE_MS = 2;

/** The place of an item that was made and never filled. */
const UNFILLED = -1;

/** Lines that are ready above and below of what is in sight. */
const SPARE_LINES = 2;

interface Options {
  label: string;
  /** Of a line of items, in pixels. */
  lineHeight: () => number;
  /** Items in a line. */
  columns: (width: number) => number;
  make: () => HTMLElement;
  /** Shows the item at a place, and says whether anything changed; `atRest`: nothing is scrolled, and pictures may be loaded. */
  fill: (element: HTMLElement, place: number, atRest: boolean) => boolean;
  /** Scrolling has come to rest. */
  rested?: () => void;
}

interface Item {
  element: HTMLElement;
  /** What it was filled with. Where that is not what it should show, it waits beside the list until it is filled again. */
  place: number;
  drawing: number;
  atRest: boolean;
  /** Where it is, as written into its style. */
  x: number;
  y: number;
  width: number;
  height: number;
}

export class Scroller {
  private readonly spacer = h('div', { class: 'scroller-spacer' });
  readonly element: HTMLElement;
  /** The item of a place is at its remainder; made when it is first filled, or before. */
  private pool: (Item | undefined)[] = [];
  private total = 0;
  /** How often it was said that items may be others. */
  private drawing = 0;
  private asked = false;
  /** Changes in one frame. */
  private most = LEAST_CHANGES;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private atRest = false;

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
    this.drawing++;
    if (!this.atRest && this.rest === undefined) this.restSoon();
    this.draw();
  }

  /**
   * Makes the items that a list of that size needs, in pixels, while the browser has nothing else to do: for a list that is out
   * of sight and will be scrolled as soon as it is not.
   */
  prepare(width: number, height: number): void {
    const wanted = this.linesFor(height) * Math.max(1, this.options.columns(width));
    const make = (idle: IdleDeadline) => {
      for (let i = 0; i < wanted; i++) {
        if (this.pool[i]) continue;
        if (idle.timeRemaining() < IDLE_MS) return void requestIdleCallback(make);
        this.pool[i] = this.makeItem();
      }
    };
    requestIdleCallback(make);
  }

  /** Lines of items that are kept for so many pixels in sight. */
  private linesFor(height: number): number {
    return Math.ceil(height / this.options.lineHeight()) + 1 + 2 * SPARE_LINES;
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
    this.restSoon();
    this.drawSoon();
  }

  private restSoon(): void {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      this.atRest = true;
      this.draw();
      this.options.rested?.();
    }, REST_MS);
  }

  private drawSoon(): void {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => {
      this.asked = false;
      const begun = performance.now();
      const changes = this.draw();
      if (changes >= LEAST_CHANGES) afterFrame(() => this.pace((performance.now() - begun) / changes));
    });
  }

  /** Up by one a frame, so that one short frame among long ones does not let many in; down at once. @param each milliseconds of a frame for each change in it */
  private pace(each: number): void {
    this.most = Math.max(LEAST_CHANGES, Math.min(this.most + 1, Math.floor(FRAME_MS / each)));
  }

  /** Items in their places. Where many have to be filled (a jump, rows that arrive) they are filled over several frames. How many were. */
  private draw(): number {
    const { columns, total, element } = this;
    // all is measured before anything is moved: a browser lays the page out again for what is asked after that, for each item
    const { lineHeight, shown, view, top, scrollTop } = this.measures();
    const width = element.clientWidth / columns;
    this.spacer.style.height = `${shown}px`;
    const firstInSight = Math.floor(top / lineHeight);
    const first = Math.max(0, firstInSight - SPARE_LINES);
    const wanted = this.linesFor(view) * columns;
    if (this.pool.length < wanted) this.pool.length = wanted;
    const size = this.pool.length;
    const before = (firstInSight - first) * columns;
    let changes = 0;
    for (let i = 0; i < size; i++) {
      // what is in sight first, then the spare lines below it and above it
      const offset = (i + before) % size;
      const place = first * columns + offset;
      let item = this.pool[place % size];
      if (place >= total || offset >= wanted) {
        if (item) item.element.hidden = true;
        continue;
      }
      if ((item?.place ?? UNFILLED) === UNFILLED && changes === this.most) continue;
      item ??= this.pool[place % size] = this.makeItem();
      const line = Math.floor(place / columns);
      if (changes < this.most && this.fill(item, place)) changes++;
      // beside the list until it is filled: an element that is hidden would be laid out anew
      const x = item.place === place ? (place % columns) * width : -2 * width;
      move(item, x, line * lineHeight - top + scrollTop, width, lineHeight);
      item.element.hidden = false;
    }
    if (changes === this.most) this.drawSoon();
    return changes;
  }

  private makeItem(): Item {
    const element = this.options.make();
    element.classList.add('scroller-item');
    element.hidden = true;
    this.spacer.append(element);
    return { element, place: UNFILLED, drawing: -1, atRest: false, x: NaN, y: NaN, width: NaN, height: NaN };
  }

  /** Whether anything changed. */
  private fill(item: Item, place: number): boolean {
    const { drawing, atRest } = this;
    // what was filled at rest has its picture, and nothing to lose when scrolling begins
    if (item.place === place && item.drawing === drawing && (item.atRest || !atRest)) return false;
    Object.assign(item, { place, drawing, atRest });
    return this.options.fill(item.element, place, atRest);
  }
}

const { port1: frames, port2: next } = new MessageChannel();
const waiting: (() => void)[] = [];
frames.onmessage = () => waiting.splice(0).forEach((work) => work());

/** Called in a frame: does something once that is laid out and painted. */
function afterFrame(work: () => void): void {
  waiting.push(work);
  next.postMessage(null);
}

function move(item: Item, x: number, y: number, width: number, height: number): void {
  const { style } = item.element;
  if (item.x !== x || item.y !== y) style.transform = `translate(${x}px, ${y}px)`;
  if (item.width !== width) style.width = `${width}px`;
  if (item.height !== height) style.height = `${height}px`;
  Object.assign(item, { x, y, width, height });
}
