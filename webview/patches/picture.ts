/** The picture: a canvas one can zoom, pan, point at and steer by keyboard. */
import * as l10n from '@vscode/l10n';
import type { PanelImage } from '../../extension/protocol/panel';
import type { App, Component } from '../app/app';
import type { MapSource } from '../app/attention';
import { button } from '../ui/controls';
import { attribute, h, icon } from '../ui/dom';
import { listenToGestures } from '../ui/gestures';
import { tokenName } from '../ui/names';
import { canHide, squareAbout, toggled } from '../app/hiddenPatches';
import { hide, redo, undo } from '../app/hidden';
import { hidePatches, sendHidden, step } from './occlusion';
import { patchOf, sceneOf, seenShare } from './scene';
import { drawScene } from '../drawing/pictureDrawing';
import { theme } from '../drawing/theme';
import { layoutOf, patchAt, patchCount } from '../drawing/tokenLayout';
import type { Point } from '../../extension/image/geometry';
import {
  fit,
  fitPart,
  lensOf,
  pan,
  throughLens,
  toPicture,
  zoomAt,
  type Lens,
  type Viewport,
} from '../drawing/viewport';

/** Through which pictures side by side are seen; null: fitted, and fitted again when the panel changes size. */
export interface SharedLens {
  lens: Lens | null;
}

interface Options {
  testId?: string;
  /** What lies over it, where that is not the app's own map. */
  maps?: MapSource;
  lens?: SharedLens;
  /** A picture that is set beside the panel's own: the commands of the context menu are not about it. */
  isOther?: boolean;
}

export class Picture implements Component {
  readonly element: HTMLElement;
  private readonly canvas: HTMLCanvasElement;
  private readonly maps: MapSource;
  private readonly shared: SharedLens;
  private readonly isOther: boolean;
  private image: PanelImage | null = null;
  private bitmap: ImageBitmap | null = null;
  private readonly fitSeen = button(
    'icon',
    {
      title: l10n.t('Fit what the model saw (S)'),
      'aria-label': l10n.t('Fit what the model saw'),
      'data-testid': 'fit-seen',
      hidden: true,
      onclick: () => this.showSeen(),
    },
    icon('inspect'),
  );
  /** A stroke over patches is under way: it hides them (true) or shows them. */
  private painting: boolean | null = null;
  /** It has changed something. */
  private stroke = false;

  constructor(
    private readonly app: App,
    { testId = 'picture', maps = app.attention, lens = { lens: null }, isOther = false }: Options = {},
  ) {
    this.canvas = h('canvas', {
      class: 'picture-canvas',
      'data-testid': testId,
      tabindex: 0,
      role: 'application',
      'aria-roledescription': l10n.t('picture in patches'),
    });
    this.maps = maps;
    this.shared = lens;
    this.isOther = isOther;
    const zoomBy = (factor: number) => () => this.zoom(factor, this.middle());
    this.element = h(
      'div',
      { class: 'picture' },
      this.canvas,
      h(
        'div',
        { class: 'picture-zoom', role: 'group', 'aria-label': l10n.t('Zoom') },
        button(
          'icon',
          { title: l10n.t('Zoom in (+)'), 'aria-label': l10n.t('Zoom in'), onclick: zoomBy(1.4) },
          icon('zoom-in'),
        ),
        button(
          'icon',
          { title: l10n.t('Zoom out (−)'), 'aria-label': l10n.t('Zoom out'), onclick: zoomBy(1 / 1.4) },
          icon('zoom-out'),
        ),
        button(
          'icon',
          {
            title: l10n.t('Fit (0)'),
            'aria-label': l10n.t('Fit the picture'),
            'data-testid': 'fit',
            onclick: () => this.refit(),
          },
          icon('screen-full'),
        ),
        this.fitSeen,
      ),
    );
    new ResizeObserver(() => this.update()).observe(this.canvas);
    this.listen();
  }

  /** Begins to decode the picture. */
  prepare(): void {
    const { image } = this.app.state;
    if (image !== this.image) void this.load(image);
  }

  update(): void {
    this.prepare();
    const { width, height } = this.resize();
    const context = this.canvas.getContext('2d')!;
    if (!this.image || !this.bitmap || width === 0) return context.clearRect(0, 0, width, height);
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const scene = sceneOf(this.app, this.bitmap, this.maps);
    context.clearRect(0, 0, width, height);
    drawScene(context, { ...scene, viewport: this.current() }, theme());
    const shown = this.maps.shown(this.app.state);
    attribute(this.canvas, 'data-drawn', scene.overlay && shown.status === 'ready' ? shown.key : null);
    attribute(this.canvas, 'aria-label', this.description());
    this.fitSeen.hidden = seenShare(this.app.state) === 1;
  }

  /** What the model saw of the picture, as large as it fits. */
  showSeen(): void {
    const { image, run } = this.app.state;
    if (!image || !run) return;
    this.shared.lens = lensOf(fitPart(run.geometry.region, this.room), image, this.room);
    this.app.refresh();
  }

  private description(): string {
    const { image, model, view } = this.app.state;
    if (!image) return l10n.t('No picture yet');
    if (!model) return image.name;
    return l10n.t(
      '{0}, query: {1}. Arrow keys choose another patch, Escape the first token.',
      image.name,
      tokenName(model, view.query).inside,
    );
  }

  private layout() {
    const { model, run } = this.app.state;
    return model && run ? layoutOf(model, run.geometry) : null;
  }

  private async load(image: PanelImage | null): Promise<void> {
    this.image = image;
    this.bitmap?.close();
    this.bitmap = null;
    this.shared.lens = null;
    if (!image) return;
    try {
      const { bytes, mime } = image.preview;
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: mime }));
      if (this.image !== image) return bitmap.close();
      this.bitmap = bitmap;
    } catch {
      this.app.announce(l10n.t('{0} cannot be drawn: its preview is not readable.', image.name), 'error');
    }
    this.update();
  }

  /** For figures: the picture as it was drawn, null while it is being decoded. */
  source(): ImageBitmap | null {
    return this.bitmap;
  }

  private resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const device = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)] as const;
    if (this.canvas.width !== device[0]) this.canvas.width = device[0];
    if (this.canvas.height !== device[1]) this.canvas.height = device[1];
    return { width, height };
  }

  private get room() {
    return { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  private fitted(): Viewport {
    return fit(this.image!, this.room);
  }

  private current(): Viewport {
    const { lens } = this.shared;
    return lens ? throughLens(lens, this.image!, this.room) : this.fitted();
  }

  private middle(): Point {
    return { x: this.canvas.clientWidth / 2, y: this.canvas.clientHeight / 2 };
  }

  private refit(): void {
    this.shared.lens = null;
    this.app.refresh();
  }

  private zoom(factor: number, at: Point): void {
    if (this.image) this.look(zoomAt(this.current(), factor, at, this.fitted()), { x: 0, y: 0 });
  }

  private move(by: Point): void {
    if (this.image) this.look(this.current(), by);
  }

  private look(view: Viewport, by: Point): void {
    const moved = pan(view, by, this.image!, this.room);
    this.shared.lens = lensOf(moved, this.image!, this.room);
    this.app.refresh();
  }

  private tokenAt(screen: Point): number | null {
    const { model, run } = this.app.state;
    const layout = this.layout();
    if (!layout || !model || !run) return null;
    const patch = patchAt(layout, run.geometry, toPicture(this.current(), screen));
    return patch === null ? null : patch + model.loaded.numPrefix;
  }

  private listen(): void {
    const { canvas } = this;
    const at = (event: MouseEvent): Point => ({ x: event.offsetX, y: event.offsetY });
    canvas.addEventListener('wheel', (event) => this.onWheel(event, at(event)), { passive: false });
    canvas.addEventListener('dblclick', (event) => {
      if (this.brushing()) return;
      if (this.shared.lens) this.refit();
      else this.zoom(3, at(event));
    });
    canvas.addEventListener('keydown', (event) => this.onKey(event));
    canvas.addEventListener('contextmenu', (event) => this.describeForMenu(this.tokenAt(at(event))));
    listenToGestures(canvas, {
      hover: (point) => {
        const hover = point && this.tokenAt(point);
        if (hover !== this.app.state.hover) this.app.set({ hover });
      },
      click: (point) => {
        const token = this.tokenAt(point);
        if (token === null) return;
        if (this.brushing()) this.toggleHidden(token);
        else this.app.setView({ query: token });
      },
      drag: (from, to) => {
        if (this.brushing()) this.paintHidden(from, to);
        else this.move({ x: to.x - from.x, y: to.y - from.y });
      },
      pinch: (factor, point) => this.zoom(factor, point),
      end: () => {
        if (this.painting !== null) sendHidden(this.app);
        this.painting = null;
        this.stroke = false;
      },
    });
  }

  /** What VS Code's context menu is about (package.json's `webview/context`); its commands get it. */
  private describeForMenu(token: number | null): void {
    const vitOnPatch = token !== null;
    const vitCanHide = vitOnPatch && canHide(this.app.state.model);
    const vitSection = this.isOther ? 'other' : 'picture';
    const context = { vitSection, vitToken: token ?? -1, vitOnPatch, vitCanHide };
    this.canvas.dataset.vscodeContext = JSON.stringify({ ...context, preventDefaultContextMenuItems: true });
  }

  private brushing(): boolean {
    const { brush, view, model } = this.app.state;
    return brush && view.view === 'patches' && canHide(model);
  }

  /** What the brush covers about a patch is all hidden, or all shown, as the patch itself changes. */
  private toggleHidden(token: number): void {
    const { hidden } = this.app.state;
    const patch = patchOf(this.app.state, token)!;
    const isHidden = hidden.includes(patch);
    const changed = this.covered(patch).filter((each) => hidden.includes(each) === isHidden);
    hidePatches(this.app, changed.reduce(toggled, hidden as number[]));
  }

  private covered(patch: number): number[] {
    const { model, brushSize } = this.app.state;
    return squareAbout(patch, brushSize, model!.loaded.grid);
  }

  /** A stroke hides what it passes over; when it began on a hidden patch, it shows. */
  private paintHidden(from: Point, to: Point): void {
    const { hidden } = this.app.state;
    const first = patchOf(this.app.state, this.tokenAt(from));
    this.painting ??= first === null || !hidden.includes(first);
    const painted = [first, patchOf(this.app.state, this.tokenAt(to))].flatMap((patch) =>
      patch === null ? [] : this.covered(patch),
    );
    const changed = painted.filter((patch) => hidden.includes(patch) !== this.painting);
    const next = [...new Set(changed)].reduce(toggled, hidden as number[]);
    if (next === hidden) return;
    // a stroke is one step to take back, however many patches it passes
    this.app.set(this.stroke ? { hidden: next } : hide(this.app.state, next));
    this.stroke = true;
  }

  /** In a narrow panel the page itself scrolls, so the wheel zooms only with Ctrl (which a pinch sends too). */
  private onWheel(event: WheelEvent, at: Point): void {
    const scrolls = document.documentElement.scrollHeight > document.documentElement.clientHeight + 1;
    if (scrolls && !event.ctrlKey) return;
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), at);
  }

  private onKey(event: KeyboardEvent): void {
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && !event.altKey && (key === 'z' || key === 'y')) {
      event.preventDefault();
      return step(this.app, key === 'y' || event.shiftKey ? redo : undo);
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const layout = this.layout();
    const prefixes = this.app.state.model?.loaded.numPrefix ?? 0;
    const choose = (by: number) => {
      if (!layout) return;
      const patch = patchOf(this.app.state, this.app.state.view.query);
      const next = patch === null ? 0 : patch + by;
      if (next >= 0 && next < patchCount(layout)) this.app.setView({ query: next + prefixes });
    };
    const keys: Record<string, () => void> = {
      ArrowLeft: () => choose(-1),
      ArrowRight: () => choose(1),
      ArrowUp: () => choose(-(layout?.columns ?? 0)),
      ArrowDown: () => choose(layout?.columns ?? 0),
      Escape: () => this.app.setView({ query: 0 }),
      ' ': () => {
        if (this.brushing() && patchOf(this.app.state, this.app.state.view.query) !== null)
          this.toggleHidden(this.app.state.view.query);
      },
      '+': () => this.zoom(1.4, this.middle()),
      '=': () => this.zoom(1.4, this.middle()),
      '-': () => this.zoom(1 / 1.4, this.middle()),
      '0': () => this.refit(),
      s: () => this.showSeen(),
    };
    const action = keys[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
