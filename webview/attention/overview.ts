/** All layers (down) and heads (across) for the chosen query, each a tiny map; asked for only while unfolded. */
import * as l10n from '@vscode/l10n';
import { splitHeads } from '../../extension/engine/headFusion';
import { methods } from '../../extension/engine/methods';
import type { App, Component } from '../app/app';
import type { AppState } from '../app/state';
import { colorMapOf, pixels, sliceOf, whyNot } from '../app/attention';
import { h, setText } from '../ui/dom';
import { headName } from '../ui/names';
import { heatOf } from '../drawing/heat';
import { section } from '../ui/section';
import { theme } from '../drawing/theme';

/** Layers asked for at a time, so that what the main picture needs is never far back in the queue. */
const atOnce = 2;

export class Overview implements Component {
  private readonly canvas = h('canvas', {
    class: 'overview',
    tabindex: 0,
    role: 'application',
    'aria-roledescription': l10n.t('grid of layers and heads'),
    'data-testid': 'overview',
  });
  private readonly caption = h('p', { class: 'timings' });
  private readonly details = section(l10n.t('All layers and heads'), 'overview', false, this.canvas, this.caption);
  readonly element = this.details;
  private drawn = '';
  private maps: { key: string; canvas: HTMLCanvasElement | null } = { key: '', canvas: null };
  private pointed: { layer: number; head: number } | null = null;

  constructor(private readonly app: App) {
    this.details.addEventListener('toggle', () => this.update());
    new ResizeObserver(() => this.update()).observe(this.canvas);
    this.canvas.addEventListener('pointermove', (event) => this.point(this.cellAt(event)));
    this.canvas.addEventListener('pointerleave', () => this.point(null));
    this.canvas.addEventListener('click', (event) => {
      const cell = this.cellAt(event);
      if (cell) this.app.setView(cell);
    });
    this.canvas.addEventListener('keydown', (event) => this.onKey(event));
  }

  update(): void {
    const { model, run, view, display } = this.app.state;
    this.details.hidden =
      view.view !== 'attention' || !methods[view.method].perHead || !model || whyNot(view.method, model) !== null;
    if (!model || !run || this.details.hidden || !this.details.open) return;
    const { layers, heads } = model.loaded;
    const where = this.pointed ?? { layer: view.layer, head: view.head };
    const chosen = l10n.t('Layer {0}, {1}', where.layer + 1, headName(where.head));
    setText(this.caption, chosen);
    this.canvas.setAttribute('aria-label', l10n.t('{0} layers of {1} heads; chosen: {2}', layers, heads, chosen));

    const rows = this.rows(layers, view);
    const width = this.canvas.clientWidth;
    const arrived = rows.map((row) => (row ? 1 : 0)).join('');
    const { method, query, smooth } = view;
    const maps = [
      run.runId,
      method,
      query,
      colorMapOf(view),
      smooth,
      JSON.stringify(display),
      width,
      arrived,
      theme().background,
    ].join('/');
    const drawn = `${maps}/${view.layer}/${view.head}`;
    if (drawn === this.drawn || width === 0) return;
    this.drawn = drawn;
    // choosing another map only moves the frame
    if (maps !== this.maps.key) this.maps = { key: maps, canvas: this.drawMaps(rows, width) };
    this.frame(rows.length, width);
  }

  private rows(layers: number, view: AppState['view']): (Float32Array[] | null)[] {
    let waiting = 0;
    return Array.from({ length: layers }, (_, layer) => {
      if (waiting >= atOnce) return null;
      const peek = this.app.slices.peek(sliceOf({ ...view, layer }));
      if (peek.status === 'pending') waiting++;
      return peek.status === 'ready' ? splitHeads(peek.slice.values, peek.slice.shape[0]!) : null;
    });
  }

  private cellSize(width: number): { cell: number; tall: number } {
    const { model, run } = this.app.state;
    const cell = Math.max(4, Math.min(56, width / model!.loaded.heads));
    const aspect = run!.geometry.inputHeight / run!.geometry.inputWidth;
    return { cell, tall: cell * Math.min(1.5, Math.max(0.4, aspect)) };
  }

  private drawMaps(rows: (Float32Array[] | null)[], width: number): HTMLCanvasElement {
    const { model, view } = this.app.state;
    const { heads, numPrefix, grid } = model!.loaded;
    const { cell, tall } = this.cellSize(width);
    const canvas = document.createElement('canvas');
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(tall * rows.length * devicePixelRatio);
    const context = canvas.getContext('2d')!;
    context.scale(devicePixelRatio, devicePixelRatio);
    context.imageSmoothingEnabled = view.smooth;
    context.fillStyle = theme().muted;
    const [gridRows, gridColumns] = grid;
    rows.forEach((row, layer) => {
      const scale = this.app.attention.scale({ ...this.app.state, view: { ...view, layer } });
      for (let head = 0; head < heads; head++) {
        const place = [head * cell + 1, layer * tall + 1, cell - 2, tall - 2] as const;
        if (row) {
          const { patches, domain } = heatOf(row, head, numPrefix, scale);
          const small = pixels({ rows: gridRows, columns: gridColumns, values: patches }, domain, colorMapOf(view));
          context.drawImage(small, ...place);
        } else {
          context.globalAlpha = 0.15;
          context.fillRect(...place);
          context.globalAlpha = 1;
        }
      }
    });
    return canvas;
  }

  /** The maps with a frame around what the picture shows: one head, or all of the layer. */
  private frame(layers: number, width: number): void {
    const { model, view } = this.app.state;
    const { cell, tall } = this.cellSize(width);
    const maps = this.maps.canvas!;
    this.canvas.style.height = `${tall * layers}px`;
    this.canvas.width = maps.width;
    this.canvas.height = maps.height;
    const context = this.canvas.getContext('2d')!;
    context.drawImage(maps, 0, 0);
    context.scale(devicePixelRatio, devicePixelRatio);
    context.strokeStyle = theme().focus;
    context.lineWidth = 2;
    const single = typeof view.head === 'number';
    const across = single ? cell : cell * model!.loaded.heads;
    context.strokeRect((single ? (view.head as number) : 0) * cell + 1, view.layer * tall + 1, across - 2, tall - 2);
  }

  private cellAt(event: MouseEvent): { layer: number; head: number } | null {
    const { model, run } = this.app.state;
    if (!model || !run) return null;
    const { layers, heads } = model.loaded;
    const head = Math.floor(event.offsetX / this.cellSize(this.canvas.clientWidth).cell);
    const layer = Math.floor((event.offsetY / this.canvas.clientHeight) * layers);
    return head < heads && layer >= 0 && layer < layers ? { layer, head } : null;
  }

  private point(cell: { layer: number; head: number } | null): void {
    this.pointed = cell;
    this.update();
  }

  private onKey(event: KeyboardEvent): void {
    const { model, view } = this.app.state;
    if (!model || event.ctrlKey || event.altKey || event.metaKey) return;
    const moves: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const head = typeof view.head === 'number' ? view.head + move[1] : 0;
    this.app.setView({
      layer: Math.min(model.loaded.layers - 1, Math.max(0, view.layer + move[0])),
      head: Math.min(model.loaded.heads - 1, Math.max(0, head)),
    });
  }
}
