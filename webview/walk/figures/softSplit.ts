/** The soft split, window by window: the one being read solid, those before it dotted, over the padded image. */
import type { Size } from '../../../extension/image/geometry';
import * as l10n from '@vscode/l10n';
import { button, slider } from '../../ui/controls';
import { h, icon, setText } from '../../ui/dom';
import { numberedToken } from '../../ui/names';
import { domainOf } from '../../../extension/drawing/colorScale';
import { pixels } from '../../drawing/fieldCanvas';
import type { TokenLayout } from '../../drawing/tokenLayout';
import { inputPicture, unitDomain } from '../inputPicture';
import { MatrixView } from '../matrixView';
import { PatchGrid } from '../patchGrid';
import { drawSoftSplit } from '../softSplitDrawing';
import { planOf, reconstruct, type SoftSplitPlan } from '../softSplit';
import { saveValues } from '../saveValues';
import { stepSlice, type Walk } from '../walk';
import { axesOf } from './stepMatrix';
import { Placeholder, type PageFigure } from './figure';

/** The articles' animation: two windows a second; long ones go faster, so that none takes more than a minute. */
const framesPerSecond = 2;
const longest = 60;

export class SoftSplitFigure implements PageFigure {
  private readonly note = new Placeholder();
  private readonly canvas = h('canvas', { class: 'patch-grid', role: 'img', 'data-testid': 'soft-split' });
  private readonly caption = h('p', { class: 'caption', 'data-testid': 'soft-split-caption' });
  private readonly play: HTMLElement;
  private readonly frame;
  private readonly matrix = new MatrixView(l10n.t('Tokens'), () => this.save());
  private readonly field = new PatchGrid();
  private readonly fieldBox: HTMLElement;
  readonly element: HTMLElement;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly walk: Walk) {
    this.play = button(
      'icon',
      { title: l10n.t('Play'), 'aria-label': l10n.t('Play'), 'data-testid': 'play', onclick: () => this.toggle() },
      icon('play'),
    );
    this.frame = slider(l10n.t('Window'), { 'data-testid': 'frame', step: 1 }, (frame) => this.go(frame - 1));
    const step = (by: number) => () => this.go(walk.stageToken + by);
    this.fieldBox = h(
      'div',
      { hidden: walk.page.stage === 0 },
      h('p', { class: 'caption' }, l10n.t('What of the picture this token is made of:')),
      this.field.element,
    );
    this.element = h(
      'div',
      { class: 'figures' },
      this.note.element,
      this.canvas,
      h(
        'div',
        { class: 'player' },
        this.play,
        button(
          'icon',
          { title: l10n.t('Previous window'), 'aria-label': l10n.t('Previous window'), onclick: step(-1) },
          icon('debug-step-back'),
        ),
        button(
          'icon',
          {
            title: l10n.t('Next window'),
            'aria-label': l10n.t('Next window'),
            'data-testid': 'next-window',
            onclick: step(1),
          },
          icon('debug-step-over'),
        ),
        this.frame.element,
      ),
      this.caption,
      this.fieldBox,
      this.matrix.element,
    );
    new ResizeObserver(() => this.update()).observe(this.element);
  }

  update(): void {
    const { app, page } = this.walk;
    const tokenizer = app.state.model!.architecture?.tokenizer;
    const split = tokenizer?.kind === 'soft-split' ? tokenizer.splits[page.stage!] : undefined;
    const image = this.image();
    if (!split || !image) return;
    const plan = planOf(split, image.size);
    const count = plan.rows * plan.columns;
    const current = Math.min(this.walk.stageToken, count - 1);
    this.frame.set({ min: 1, max: count, value: current + 1 }, `${current + 1} / ${count}`);
    drawSoftSplit(this.canvas, image.source, image.size, split, plan, current);
    setText(this.caption, captionOf(plan, current, image.size, split.stride));
    this.showField(plan, current);
    this.showTokens(current);
  }

  /** The picture, or what the token transformer before made of it (the mean of its channels). */
  private image(): { source: HTMLCanvasElement; size: Size } | null {
    const { app, page } = this.walk;
    const { model } = app.state;
    if (page.stage === 0) {
      const peek = app.slices.peek({ kind: 'input' });
      if (peek.status !== 'ready') return null;
      const [height, width] = peek.slice.shape.slice(-2) as [number, number];
      return { source: inputPicture(peek.slice, model!.preprocessing), size: { width, height } };
    }
    const before = `tokenizer.stages.${page.stage! - 1}.`;
    const last = model!.loaded.steps.filter(({ name }) => name.startsWith(before)).at(-1);
    const peek = last && stepSlice(this.walk, last.name);
    this.note.show(peek?.status === 'failed' ? peek.message : null);
    if (peek?.status !== 'ready') return null;
    const [rows, columns] = model!.loaded.stages[page.stage! - 1]!.grid;
    const values = reconstruct(peek.slice.values, rows * columns, peek.slice.shape.at(-1)!);
    return {
      source: pixels({ rows, columns, values }, domainOf([values]), 'viridis'),
      size: { width: columns, height: rows },
    };
  }

  private showField(plan: SoftSplitPlan, current: number): void {
    const { app, page } = this.walk;
    const { model, run } = app.state;
    const tokenizer = model!.architecture!.tokenizer;
    const input = app.slices.peek({ kind: 'input' });
    if (page.stage === 0 || tokenizer.kind !== 'soft-split' || input.status !== 'ready') return;
    const { inputWidth, inputHeight } = run!.geometry;
    const layout: TokenLayout = {
      rows: plan.rows,
      columns: plan.columns,
      prefixNames: [],
      splits: tokenizer.splits.slice(0, page.stage! + 1),
      inputWidth,
      inputHeight,
    };
    this.field.show({
      source: inputPicture(input.slice, model!.preprocessing),
      layout,
      chosen: current,
      choose: (token) => this.go(token),
    });
  }

  private showTokens(current: number): void {
    const { app, page } = this.walk;
    const peek = stepSlice(this.walk, page.steps[0]!);
    if (peek.status === 'failed') this.note.show(peek.message);
    if (peek.status !== 'ready') return;
    const [rows, columns] = peek.slice.shape.slice(-2) as [number, number];
    this.matrix.show({
      matrix: { rows, columns, values: peek.slice.values },
      colorMap: 'purples_r',
      scale: page.stage === 0 ? unitDomain(app.state.model!.preprocessing) : 'range',
      rowName: numberedToken,
      columnName: (column) => l10n.t('column {0}', column + 1),
      axes: axesOf(rows, columns, false, 2),
      chosen: current,
      choose: (row) => this.go(row),
    });
  }

  private save(): void {
    const { app, page } = this.walk;
    const peek = stepSlice(this.walk, page.steps[0]!);
    if (peek.status === 'ready') saveValues(app, page.steps[0]!, peek.slice);
  }

  private go(frame: number): void {
    const most = Number(this.frame.input.max);
    this.walk.stageToken = ((frame % most) + most) % most;
    this.walk.app.refresh();
  }

  private toggle(): void {
    const playing = this.timer !== undefined;
    this.stop();
    if (playing) return;
    this.showPlaying(true);
    const count = Number(this.frame.input.max);
    const rate = Math.max(framesPerSecond, count / longest);
    // more than 20 frames a second cannot be told apart: skip windows instead
    const stride = Math.max(1, Math.round(rate / 20));
    this.timer = setInterval(
      () => {
        // the page was left: its figure is gone from the document
        if (!this.element.isConnected || this.element.offsetParent === null) return this.stop();
        if (this.walk.stageToken >= count - 1) return this.stop();
        this.go(Math.min(count - 1, this.walk.stageToken + stride));
      },
      (1000 * stride) / rate,
    );
    if (this.walk.stageToken >= count - 1) this.go(0);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.showPlaying(false);
  }

  private showPlaying(playing: boolean): void {
    const name = playing ? l10n.t('Pause') : l10n.t('Play');
    this.play.replaceChildren(icon(playing ? 'debug-pause' : 'play'));
    this.play.title = name;
    this.play.setAttribute('aria-label', name);
  }
}

function captionOf(plan: SoftSplitPlan, current: number, size: Size, stride: number): string {
  const row = Math.floor(current / plan.columns);
  const column = current % plan.columns;
  const y = row * stride;
  const x = column * stride;
  const [windows, window] = [plan.rows * plan.columns, current + 1];
  const [bottom, right] = [y + plan.kernel, x + plan.kernel];
  const whole =
    plan.padding > 0
      ? l10n.t(
          '{0} × {1}, padded to {2} × {3}: {4} windows, {5} down and {6} across.',
          size.height,
          size.width,
          plan.height,
          plan.width,
          windows,
          plan.rows,
          plan.columns,
        )
      : l10n.t(
          '{0} × {1}: {2} windows, {3} down and {4} across.',
          size.height,
          size.width,
          windows,
          plan.rows,
          plan.columns,
        );
  const one = l10n.t(
    'Window {0}: rows {1} to {2}, columns {3} to {4} of the padded image.',
    window,
    y,
    bottom,
    x,
    right,
  );
  return l10n.t('{0} {1}', whole, one);
}
