/** The embeddings on a plane: a point a picture, coloured by its class; a lasso chooses. */
import * as l10n from '@vscode/l10n';
import { everything } from '../../extension/results/query';
import type { ResultsMap } from '../../extension/results/requests';
import { sayError } from '../app/words';
import { button } from '../ui/controls';
import { attribute, h, setText } from '../ui/dom';
import { section } from '../ui/section';
import { theme } from '../drawing/theme';
import type { Part, ResultsApp } from './app';
import { fitCanvas } from './canvas';
import { pictures } from './rowWords';

type Method = 'pca' | 'umap';
type Point = readonly [x: number, y: number];

interface DrawnPoints {
  of: ResultsMap;
  width: number;
  height: number;
  points: HTMLCanvasElement;
  /** (rows, 2), in pixels of the page. */
  places: Float32Array;
  radius: number;
}

const MARGIN = 8;

/** Classes whose colours are named. */
const MOST_NAMED = 12;

export class EmbeddingMap implements Part {
  private readonly canvas = h('canvas', { class: 'map', width: 340, height: 300, role: 'img', 'data-testid': 'map' });
  private readonly note = h('p', { class: 'note', role: 'status', 'data-testid': 'map-note' });
  private readonly legend = h('ul', { class: 'map-classes', 'data-testid': 'map-classes' });
  private readonly methods: { method: Method; element: HTMLElement }[];
  readonly element: HTMLElement;
  private map: ResultsMap | null = null;
  private method: Method | null = null;
  private stop: AbortController | null = null;
  private lasso: Point[] = [];
  private drawn: DrawnPoints | null = null;

  constructor(private readonly app: ResultsApp) {
    const names: Record<Method, string> = { pca: l10n.t('Principal components'), umap: 'UMAP' };
    this.methods = (['pca', 'umap'] as const).map((method) => ({
      method,
      element: button(
        'secondary',
        { 'data-testid': `map-${method}`, onclick: () => void this.work(method) },
        names[method],
      ),
    }));
    this.element = section(
      l10n.t('Map'),
      'map',
      false,
      h('div', { class: 'chips' }, ...this.methods.map(({ element }) => element)),
      this.canvas,
      this.legend,
      this.note,
    );
    this.canvas.hidden = true;
    this.canvas.addEventListener('pointerdown', (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.lasso = [[event.offsetX, event.offsetY]];
    });
    this.canvas.addEventListener('pointermove', (event) => {
      if (this.lasso.length === 0) return;
      this.lasso.push([event.offsetX, event.offsetY]);
      this.draw();
    });
    this.canvas.addEventListener('pointerup', () => this.chosen());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  update(): void {
    this.element.hidden = this.app.state.results?.hasEmbeddings !== true;
    for (const { method, element } of this.methods) attribute(element, 'aria-pressed', String(method === this.method));
    this.draw();
  }

  private async work(method: Method): Promise<void> {
    this.stop?.abort();
    const stop = (this.stop = new AbortController());
    this.method = method;
    this.app.refresh();
    setText(this.note, l10n.t('Working it out…'));
    attribute(this.canvas, 'data-points', null);
    try {
      const map = await this.app.host.request(
        'map',
        { method },
        {
          signal: stop.signal,
          onProgress: (done) => setText(this.note, l10n.t('Working it out… {0} %', Math.round(100 * done))),
        },
      );
      if (stop.signal.aborted) return;
      this.map = map;
      const { total, rows } = map;
      setText(
        this.note,
        total > rows.length
          ? l10n.t('{0} of {1}, evenly taken. Draw around points to see their pictures.', rows.length, total)
          : l10n.t('Colors are predictions. Draw around points to see their pictures.'),
      );
      this.canvas.hidden = false;
      attribute(this.canvas, 'aria-label', l10n.t('Map of {0}', pictures(rows.length)));
      attribute(this.canvas, 'data-points', rows.length);
      this.legend.replaceChildren(...this.classes(map.classes));
      this.draw();
    } catch (error) {
      if (!stop.signal.aborted) setText(this.note, sayError(error));
    }
  }

  /** Which colours are which classes: those with most points. */
  private classes(of: Int32Array): HTMLElement[] {
    const counts = new Map<number, number>();
    for (const index of of) if (index >= 0) counts.set(index, (counts.get(index) ?? 0) + 1);
    const most = [...counts].sort(([a, n], [b, m]) => m - n || a - b).slice(0, MOST_NAMED);
    return most.map(([index]) => {
      const dot = h('span', { class: 'map-dot' });
      dot.style.setProperty('--class', classColor(index));
      return h('li', { class: 'map-class' }, dot, this.app.state.results!.classes[index] ?? '');
    });
  }

  private places(width: number, height: number): Float32Array {
    const { points } = this.map!;
    let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < points.length; i += 2) {
      left = Math.min(left, points[i]!);
      right = Math.max(right, points[i]!);
      top = Math.min(top, points[i + 1]!);
      bottom = Math.max(bottom, points[i + 1]!);
    }
    const scale = Math.min((width - 2 * MARGIN) / (right - left || 1), (height - 2 * MARGIN) / (bottom - top || 1));
    const [x, y] = [width / 2 - ((left + right) / 2) * scale, height / 2 - ((top + bottom) / 2) * scale];
    return Float32Array.from(points, (value, i) => value * scale + (i % 2 === 0 ? x : y));
  }

  private draw(): void {
    if (!this.map || this.canvas.hidden) return;
    const { pen, width, height } = fitCanvas(this.canvas);
    const { points, places, radius } = this.drawnPoints(width, height);
    pen.clearRect(0, 0, width, height);
    pen.drawImage(points, 0, 0, width, height);
    const chosen = this.app.state.chosen?.row;
    const marked = chosen === undefined ? -1 : this.map.rows.indexOf(chosen);
    const { foreground, focus } = theme();
    if (marked >= 0) {
      pen.strokeStyle = foreground;
      pen.lineWidth = 2;
      pen.beginPath();
      pen.arc(places[2 * marked]!, places[2 * marked + 1]!, radius + 3, 0, 2 * Math.PI);
      pen.stroke();
    }
    if (this.lasso.length < 2) return;
    pen.strokeStyle = focus;
    pen.lineWidth = 1.5;
    pen.beginPath();
    this.lasso.forEach(([x, y]) => pen.lineTo(x, y));
    pen.closePath();
    pen.stroke();
  }

  /** The points of the map, drawn once for a size: there may be a hundred thousand. */
  private drawnPoints(width: number, height: number): DrawnPoints {
    const { rows, classes } = this.map!;
    const drawn = this.drawn;
    if (drawn?.of === this.map && drawn.width === width && drawn.height === height) return drawn;
    const places = this.places(width, height);
    const points = h('canvas', { width: this.canvas.width, height: this.canvas.height });
    const pen = points.getContext('2d')!;
    pen.scale(points.width / width, points.height / height);
    const radius = rows.length > 5000 ? 1.2 : rows.length > 1000 ? 1.8 : 2.8;
    for (let i = 0; i < rows.length; i++) {
      const [x, y] = [places[2 * i]!, places[2 * i + 1]!];
      pen.fillStyle = classColor(classes[i]!);
      if (rows.length > 5000) pen.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
      else {
        pen.beginPath();
        pen.arc(x, y, radius, 0, 2 * Math.PI);
        pen.fill();
      }
    }
    this.drawn = { of: this.map!, width, height, points, places, radius };
    return this.drawn;
  }

  /** What the lasso holds; of a click the nearest point. */
  private chosen(): void {
    const lasso = this.lasso;
    this.lasso = [];
    if (!this.map || lasso.length === 0) return;
    const { places } = this.drawnPoints(this.canvas.clientWidth, this.canvas.clientHeight);
    const { rows } = this.map;
    const found =
      lasso.length < 4
        ? nearestTo(lasso[0]!, places, rows)
        : rows.filter((_, i) => isInside(places[2 * i]!, places[2 * i + 1]!, lasso));
    this.draw();
    if (found.length > 0) {
      this.app.ask({ ...everything, rows: found }, l10n.t('On the map: {0}', pictures(found.length)));
    }
  }
}

/** Colours that differ most for numbers that follow each other: around the circle by the golden angle. */
const classColor = (index: number): string => (index < 0 ? '#888888' : `hsl(${(index * 137.508) % 360}deg 62% 55%)`);

function nearestTo([x, y]: Point, places: Float32Array, rows: Uint32Array): Uint32Array {
  let [best, distance] = [-1, 12];
  for (let i = 0; i < rows.length; i++) {
    const far = Math.hypot(places[2 * i]! - x, places[2 * i + 1]! - y);
    if (far < distance) [best, distance] = [i, far];
  }
  return best < 0 ? new Uint32Array(0) : Uint32Array.of(rows[best]!);
}

/** Whether a point is in a polygon: a ray from it crosses its sides an odd number of times. */
export function isInside(x: number, y: number, polygon: readonly Point[]): boolean {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[ax, ay], [bx, by]] = [polygon[i]!, polygon[j]!];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}
