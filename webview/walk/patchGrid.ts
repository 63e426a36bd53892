/** The model's input, or the part of a picture that it is, under its numbered patches; a click chooses one. Also shows receptive fields of a soft split. */
import * as l10n from '@vscode/l10n';
import type { Size } from '../../extension/image/geometry';
import type { Geometry, Region } from '../../extension/image/preprocessing';
import { h } from '../ui/dom';
import { drawScene } from '../drawing/pictureDrawing';
import { theme } from '../drawing/theme';
import { patchAt, type TokenLayout } from '../drawing/tokenLayout';
import { fit, toPicture, type Viewport } from '../drawing/viewport';

interface PatchGridContent {
  source: CanvasImageSource;
  /** Where the source is a whole picture: its size, and where the model's input lies on it. */
  picture?: Size & { region: Region };
  layout: TokenLayout;
  chosen: number | null;
  /** Patches hidden from the model, 0-based. */
  hidden?: readonly number[];
  /** Drawn over the whole input. */
  overlay?: { source: HTMLCanvasElement; opacity: number; smooth: boolean };
  choose(patch: number): void;
  /** The pointer is over another patch; null: over none. */
  point?(patch: number | null): void;
}

export class PatchGrid {
  readonly element = h('canvas', {
    class: 'patch-grid',
    tabindex: 0,
    role: 'application',
    'aria-label': l10n.t('Numbered patches; arrow keys choose'),
    'data-testid': 'patch-grid',
  });
  private content: PatchGridContent | null = null;
  private hover: number | null = null;

  constructor() {
    new ResizeObserver(() => this.draw()).observe(this.element);
    this.element.addEventListener('pointermove', (event) => this.point(this.at(event)));
    this.element.addEventListener('pointerleave', () => this.point(null));
    this.element.addEventListener('click', (event) => {
      const patch = this.at(event);
      if (patch !== null) this.content?.choose(patch);
    });
    this.element.addEventListener('keydown', (event) => {
      if (!this.content || event.ctrlKey || event.altKey || event.metaKey) return;
      const { rows, columns } = this.content.layout;
      const moves: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
      const next = (this.content.chosen ?? 0) + (moves[event.key] ?? NaN);
      if (!(next >= 0 && next < rows * columns)) return;
      event.preventDefault();
      event.stopPropagation();
      this.content.choose(next);
    });
  }

  show(content: PatchGridContent): void {
    this.content = content;
    this.draw();
  }

  private geometry(): Geometry {
    const { inputWidth, inputHeight } = this.content!.layout;
    const { width, height } = this.size();
    const region = this.content!.picture?.region ?? { left: 0, top: 0, right: width, bottom: height };
    return { imageWidth: width, imageHeight: height, inputWidth, inputHeight, region };
  }

  private size(): Size {
    const { picture, layout } = this.content!;
    return picture ?? { width: layout.inputWidth, height: layout.inputHeight };
  }

  private viewport(): Viewport {
    const canvas = { width: this.element.clientWidth, height: this.element.clientHeight };
    return { ...fit(this.size(), canvas, 2), x: 2 };
  }

  private draw(): void {
    if (!this.content || this.element.clientWidth === 0) return;
    const { source, layout, chosen, hidden = [] } = this.content;
    const size = this.size();
    const most = Math.max(200, Math.min(480, innerHeight * 0.55));
    const height = Math.min(most, (this.element.clientWidth / size.width) * size.height);
    this.element.style.height = `${height}px`;
    const width = this.element.clientWidth;
    this.element.width = Math.round(width * devicePixelRatio);
    this.element.height = Math.round(height * devicePixelRatio);
    const context = this.element.getContext('2d')!;
    context.scale(devicePixelRatio, devicePixelRatio);
    drawScene(
      context,
      {
        picture: { source, ...size },
        viewport: this.viewport(),
        geometry: this.geometry(),
        layout,
        overlay: this.content.overlay ?? null,
        grid: true,
        numbers: this.content.overlay ? 'none' : 'middle',
        hidden,
        query: chosen,
        hover: this.hover,
      },
      theme(),
    );
  }

  private at(event: MouseEvent): number | null {
    if (!this.content) return null;
    return patchAt(
      this.content.layout,
      this.geometry(),
      toPicture(this.viewport(), { x: event.offsetX, y: event.offsetY }),
    );
  }

  private point(patch: number | null): void {
    if (patch === this.hover) return;
    this.hover = patch;
    this.content?.point?.(patch);
    this.draw();
  }
}
