/** The controls for hiding patches from the model. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { mapOf, scaleOf, sliceOf } from '../app/attention';
import { hide, redo, undo } from '../app/hidden';
import { button, checkbox, slider } from '../ui/controls';
import { attribute, h, icon, setText } from '../ui/dom';
import { section } from '../ui/section';
import { canHide, hottest, inverted } from '../app/hiddenPatches';

const cannotHide = l10n.t(
  'Patches cannot be hidden from a model that ONNX Runtime runs: its graph takes whole pictures.',
);

/** Patches down and across. */
const LARGEST_BRUSH = 7;

/** Tells the host which patches to hide; it runs the model again. */
export function sendHidden({ host, state }: App): void {
  host.send({ type: 'mask', patches: Uint32Array.from(state.hidden) });
}

/** Hides those and no others, in a step that can be taken back. */
export function hidePatches(app: App, patches: readonly number[]): void {
  app.set(hide(app.state, patches));
  sendHidden(app);
}

export function step(app: App, by: typeof undo | typeof redo): void {
  const { hidden } = app.state;
  app.set(by(app.state));
  if (app.state.hidden !== hidden) sendHidden(app);
}

export class Occlusion implements Component {
  private readonly brush;
  private readonly size;
  /** Why patches cannot be hidden, where they cannot. */
  private readonly cannot = h('p', { class: 'note', 'data-testid': 'cannot-hide', hidden: true }, cannotHide);
  private readonly note = h('span', { class: 'caption', 'data-testid': 'hidden-patches', role: 'status' });
  private readonly all: HTMLElement;
  private readonly undo: HTMLElement;
  private readonly redo: HTMLElement;
  private readonly steps: HTMLElement;
  private readonly count = h('input', {
    type: 'number',
    class: 'count-number',
    min: 1,
    step: 1,
    value: 10,
    'aria-label': l10n.t('How many patches'),
    'data-testid': 'hottest-count',
  });
  private readonly hot: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.brush = checkbox(
      l10n.t('Hide patches'),
      {
        'data-testid': 'brush',
        title: l10n.t(
          'Click or drag over the picture to hide patches from the model: their tokens become zeros before positions are added, and it runs again',
        ),
      },
      (brush) => app.set({ brush }),
    );
    this.size = slider(l10n.t('Brush size'), { 'data-testid': 'brush-size', step: 1 }, (brushSize) =>
      app.set({ brushSize }),
    );
    const stepButton = (id: string, glyph: string, title: string, by: typeof undo) =>
      button('icon', { 'data-testid': id, title, 'aria-label': title, onclick: () => step(app, by) }, icon(glyph));
    this.undo = stepButton('undo-hide', 'discard', l10n.t('Undo (Ctrl+Z)'), undo);
    this.redo = stepButton('redo-hide', 'redo', l10n.t('Redo (Ctrl+Y)'), redo);
    const secondary = (id: string, text: string, title: string | null, work: () => void) =>
      button('secondary', { 'data-testid': id, title, onclick: work }, text);
    const invert = secondary(
      'invert-hidden',
      l10n.t('Invert'),
      l10n.t('Hide what is shown and show what is hidden'),
      () => hidePatches(app, inverted(app.state.hidden, this.patches)),
    );
    this.all = secondary('show-all', l10n.t('Show all'), null, () => hidePatches(app, []));
    this.steps = h('div', { class: 'occlusion-steps' }, this.undo, this.redo, invert, this.all);
    this.hot = h(
      'div',
      { class: 'occlusion-hottest' },
      h('label', { class: 'caption' }, l10n.t('Hottest'), this.count),
      secondary(
        'hide-hottest',
        l10n.t('Hide'),
        l10n.t('Hide the hottest patches of the map shown in Attention'),
        () => void this.hideHottest((hidden, hot) => [...hidden, ...hot]),
      ),
      secondary(
        'keep-hottest',
        l10n.t('Keep only'),
        l10n.t('Hide all patches but these'),
        () => void this.hideHottest((_, hot) => inverted(hot, this.patches)),
      ),
    );
    this.element = section(
      l10n.t('Hidden patches'),
      'hidden',
      true,
      h(
        'div',
        { class: 'stack' },
        h('div', { class: 'occlusion' }, this.brush.element, this.note, this.steps, this.cannot),
        this.size.element,
        this.hot,
      ),
    );
  }

  update(): void {
    const { brush, brushSize, hidden, history, model, view } = this.app.state;
    const can = canHide(model);
    this.cannot.hidden = can;
    this.brush.element.hidden = !can || view.view !== 'patches';
    this.brush.set(brush && can);
    this.size.element.hidden = !brush || !can || view.view !== 'patches';
    this.size.set({ min: 1, max: LARGEST_BRUSH, value: brushSize }, l10n.t('{0} × {1} patches', brushSize, brushSize));
    this.steps.hidden = this.hot.hidden = !can;
    this.element.hidden = view.view === 'attention' && !can;
    setText(this.note, hidden.length === 0 ? '' : l10n.t('{0} hidden', hidden.length));
    this.all.hidden = hidden.length === 0;
    attribute(this.undo, 'disabled', history.past.length === 0);
    attribute(this.redo, 'disabled', history.future.length === 0);
    attribute(this.count, 'max', this.patches);
  }

  private get patches(): number {
    const [rows, columns] = this.app.state.model?.loaded.grid ?? [0, 0];
    return rows * columns;
  }

  private async hideHottest(next: (hidden: readonly number[], hot: number[]) => number[]): Promise<void> {
    const { model, view, display, hidden } = this.app.state;
    const count = Math.min(this.patches, Math.max(1, Math.round(this.count.valueAsNumber)));
    const slice = model && (await this.app.slices.wait(sliceOf(view)));
    // the map belongs to what was hidden when it was asked for
    if (!slice || !Number.isFinite(count) || this.app.state.hidden !== hidden) return;
    const { heat } = mapOf(slice, view, model, scaleOf(view, display));
    hidePatches(
      this.app,
      next(hidden, hottest(heat.patches, count, hidden)).sort((a, b) => a - b),
    );
  }
}
