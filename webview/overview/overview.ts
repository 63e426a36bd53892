/** All layers (down) and heads (across) for the chosen query, each a small map; a click shows it on the picture. */
import * as l10n from '@vscode/l10n';
import { methodIds, type MethodId } from '../../extension/engine/methods';
import type { App, Component } from '../app/app';
import { colorMapOf, whyNot } from '../app/attention';
import { methodPages } from '../attention/methods';
import { h, setText } from '../ui/dom';
import { value } from '../ui/format';
import { headName } from '../ui/names';
import { theme } from '../drawing/theme';
import { cellAt, cellPlace, drawGrid, gridPlaces, type GridPlaces } from './grid';
import { hasLayers, headsAcross, type LayerMaps, type Maps } from '../app/layerMaps';
import { gridScene } from './scene';

interface Cell {
  layer: number;
  head: number;
}

const FONT = 11;

/** The padding of the room (styles/stage.css). */
const MARGIN = { x: 12, y: 8 };

export class Overview implements Component {
  private readonly canvas = h('canvas', {
    class: 'overview-grid',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': l10n.t('grid of layers and heads'),
    'data-testid': 'overview',
  });
  private readonly note = h('p', { class: 'note', 'data-testid': 'overview-note' });
  private readonly line = h('p', { class: 'caption', 'data-testid': 'overview-line' });
  private readonly room = h('div', { class: 'overview-room' }, this.canvas, this.note);
  readonly element = h('div', { class: 'overview' }, this.room, this.line);
  private drawn = '';
  /** The maps as they were drawn last. */
  private sheet: { key: string; canvas: HTMLCanvasElement | null } = { key: '', canvas: null };
  private places: GridPlaces | null = null;
  private pointed: Cell | null = null;

  constructor(
    private readonly app: App,
    private readonly all: LayerMaps,
  ) {
    new ResizeObserver(() => this.update()).observe(this.room);
    this.canvas.addEventListener('pointermove', (event) => this.point(this.cellAt(event)));
    this.canvas.addEventListener('pointerleave', () => this.point(null));
    this.canvas.addEventListener('click', (event) => this.go(this.cellAt(event)));
    this.canvas.addEventListener('keydown', (event) => this.onKey(event));
  }

  update(): void {
    const { state } = this.app;
    const { model, run, view } = state;
    this.element.hidden = view.view !== 'overview';
    if (this.element.hidden || !model || !run) return;
    const reason = whyNot(view.method, model) ?? (hasLayers(view.method) ? null : noLayers(view.method));
    this.note.hidden = reason === null;
    this.canvas.hidden = this.line.hidden = reason !== null;
    if (reason !== null) return setText(this.note, reason);

    const maps = this.all.get();
    this.say(maps);
    const { clientWidth, clientHeight } = this.room;
    if (clientWidth === 0) return;
    const room = { width: clientWidth - 2 * MARGIN.x, height: clientHeight - 2 * MARGIN.y };
    const { layers, heads } = model.loaded;
    const across = headsAcross(view.method, heads);
    const aspect = run.geometry.inputHeight / run.geometry.inputWidth;
    this.places = gridPlaces(room, layers, across, aspect, FONT);
    const key = JSON.stringify([
      ...[maps.key, colorMapOf(view), view.smooth, this.places],
      ...[theme().foreground, devicePixelRatio],
    ]);
    const drawn = `${key}/${view.layer}/${view.head}`;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    // choosing another map only moves the frame
    if (key !== this.sheet.key) this.sheet = { key, canvas: this.drawMaps(maps, this.places) };
    this.frame(this.places, across);
    this.canvas.toggleAttribute('data-complete', !maps.layers.includes(null));
  }

  private drawMaps(maps: Maps, places: GridPlaces): HTMLCanvasElement {
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(places.width * devicePixelRatio);
    canvas.height = Math.round(places.height * devicePixelRatio);
    const context = canvas.getContext('2d')!;
    context.scale(devicePixelRatio, devicePixelRatio);
    drawGrid(context, gridScene(this.app.state, maps), places, theme());
    return canvas;
  }

  /** The maps with a frame around what the picture shows: one head, or all of the layer. */
  private frame(places: GridPlaces, across: number): void {
    const { view } = this.app.state;
    const maps = this.sheet.canvas!;
    this.canvas.style.width = `${places.width}px`;
    this.canvas.style.height = `${places.height}px`;
    this.canvas.width = maps.width;
    this.canvas.height = maps.height;
    const context = this.canvas.getContext('2d')!;
    context.drawImage(maps, 0, 0);
    context.scale(devicePixelRatio, devicePixelRatio);
    context.strokeStyle = theme().focus;
    context.lineWidth = 2;
    const single = typeof view.head === 'number' && across > 1;
    const { x, y } = cellPlace(places, view.layer, single ? (view.head as number) : 0);
    const wide = places.cell.width * (single ? 1 : across);
    context.strokeRect(x - 1, y - 1, wide, places.cell.height);
  }

  /** The map under the pointer, else the one that the picture shows, and its least and greatest value. */
  private say(maps: Maps): void {
    const { model, view } = this.app.state;
    const { layers, heads } = model!.loaded;
    const { layer, head } = this.pointed ?? view;
    const across = headsAcross(view.method, heads);
    const name = across === 1 ? l10n.t('Layer {0}', layer + 1) : l10n.t('Layer {0}, {1}', layer + 1, headName(head));
    const map = typeof head === 'number' || across === 1 ? maps.layers[layer]?.[across === 1 ? 0 : Number(head)] : null;
    const range = map && l10n.t('{0} to {1}', value(Math.min(...map)), value(Math.max(...map)));
    setText(this.line, range ? `${name} · ${range}` : name);
    this.canvas.setAttribute('aria-label', l10n.t('{0} layers of {1} heads; chosen: {2}', layers, across, name));
  }

  private cellAt({ offsetX: x, offsetY: y }: MouseEvent): Cell | null {
    const { model, view } = this.app.state;
    const cell = this.places && cellAt(this.places, { x, y });
    if (!cell || !model) return null;
    const { layers, heads } = model.loaded;
    return cell.layer < layers && cell.head < headsAcross(view.method, heads) ? cell : null;
  }

  private point(cell: Cell | null): void {
    this.pointed = cell;
    this.update();
  }

  /** Shows that map on the picture. */
  private go(cell: Cell | null): void {
    if (cell) this.app.setView({ ...this.placeOf(cell), view: 'attention' });
  }

  private placeOf({ layer, head }: Cell): { layer: number; head?: number } {
    const { model, view } = this.app.state;
    return headsAcross(view.method, model!.loaded.heads) > 1 ? { layer, head } : { layer };
  }

  private onKey(event: KeyboardEvent): void {
    const { model, view } = this.app.state;
    if (!model || event.ctrlKey || event.altKey || event.metaKey) return;
    const { layers, heads } = model.loaded;
    const head = typeof view.head === 'number' ? view.head : null;
    if (event.key === 'Enter') {
      event.preventDefault();
      return this.app.setView({ view: 'attention' });
    }
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const within = (x: number, count: number) => Math.min(count - 1, Math.max(0, x));
    const layer = within(view.layer + move[0], layers);
    this.app.setView(this.placeOf({ layer, head: within(head === null ? 0 : head + move[1], heads) }));
  }
}

function noLayers(method: MethodId): string {
  const others = methodIds.filter(hasLayers).map((id) => methodPages[id].label);
  return l10n.t(
    '{0}: one map for all layers. There is one for each layer of: {1}',
    methodPages[method].label,
    others.join(', '),
  );
}
