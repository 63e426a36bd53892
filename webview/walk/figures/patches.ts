/** The numbered grid; and one of its patches, as pixels and as the row of numbers it becomes. */
import * as l10n from '@vscode/l10n';
import { Bar } from '../../attention/colorBar';
import { h, setText } from '../../ui/dom';
import { patchName } from '../../ui/names';
import { layoutOf } from '../../drawing/tokenLayout';
import { inputPicture, unitDomain } from '../inputPicture';
import { MatrixView } from '../matrixView';
import { PatchGrid } from '../patchGrid';
import { saveMatrix, saveValues } from '../saveValues';
import { stepSlice, type Walk } from '../walk';
import { Placeholder, type PageFigure } from './figure';

export class PatchesFigure implements PageFigure {
  private readonly note = new Placeholder();
  private readonly grid = new PatchGrid();
  private readonly bar = new Bar();
  readonly element = h('div', { class: 'figures' }, this.note.element, this.grid.element, this.bar.element);

  constructor(private readonly walk: Walk) {}

  update(): void {
    const { app, patch } = this.walk;
    const { model, run } = app.state;
    const peek = app.slices.peek({ kind: 'input' });
    this.note.show(peek.status === 'failed' ? peek.message : null);
    if (peek.status !== 'ready') return;
    this.bar.element.hidden = peek.slice.shape.at(-3) !== 1;
    this.bar.show(unitDomain(model!.preprocessing), 'purples_r');
    this.grid.show({
      source: inputPicture(peek.slice, model!.preprocessing),
      layout: layoutOf(model!, run!.geometry),
      chosen: patch,
      hidden: app.state.hidden,
      choose: (chosen) => this.walk.choosePatch(chosen),
    });
  }
}

export class TokenFigure implements PageFigure {
  private readonly note = new Placeholder();
  private readonly patch = h('canvas', { class: 'patch-canvas', role: 'img' });
  private readonly caption = h('p', { class: 'caption' });
  private readonly strip = new MatrixView(undefined, () => this.save(true));
  private readonly all = new MatrixView(l10n.t('All tokens'), () => this.save(false));
  readonly element = h(
    'div',
    { class: 'figures' },
    this.note.element,
    h('div', { class: 'patch-and-caption' }, this.patch, this.caption),
    this.strip.element,
    this.all.element,
  );

  constructor(private readonly walk: Walk) {}

  private save(one: boolean): void {
    const { app, page, patch } = this.walk;
    const peek = stepSlice(this.walk, page.steps[0]!);
    if (peek.status !== 'ready') return;
    const { shape, values } = peek.slice;
    const columns = shape.at(-1)!;
    if (!one) return saveValues(app, 'tokens', peek.slice);
    saveMatrix(app, `token-${patch + 1}`, 1, columns, values.subarray(patch * columns, (patch + 1) * columns));
  }

  update(): void {
    const { app, patch } = this.walk;
    const { model, run } = app.state;
    const input = app.slices.peek({ kind: 'input' });
    const tokens = stepSlice(this.walk, this.walk.page.steps[0]!);
    this.note.show(tokens.status === 'failed' ? tokens.message : null);
    if (input.status !== 'ready' || tokens.status !== 'ready') return;
    const layout = layoutOf(model!, run!.geometry);
    const [width, height] = [layout.inputWidth / layout.columns, layout.inputHeight / layout.rows];
    const [x, y] = [(patch % layout.columns) * width, Math.floor(patch / layout.columns) * height];
    this.patch.width = width;
    this.patch.height = height;
    this.patch.getContext('2d')!.drawImage(inputPicture(input.slice, model!.preprocessing), -x, -y);
    this.patch.setAttribute('aria-label', patchName(patch).name);
    const [rows, columns] = tokens.slice.shape.slice(-2) as [number, number];
    const channels = input.slice.shape.at(-3)!;
    setText(
      this.caption,
      (channels === 1 ? madeOfOneChannel : madeOfChannels)({ patch, x, y, width, height, channels, numbers: columns }),
    );
    const place = (column: number) => {
      const plane = width * height;
      const [channel, at] = [Math.floor(column / plane), column % plane];
      const [left, top] = [at % width, Math.floor(at / width)];
      return channels > 1
        ? l10n.t('channel {0}, pixel {1}, {2} (column {3})', channel + 1, left, top, column + 1)
        : l10n.t('pixel {0}, {1} (column {2})', left, top, column + 1);
    };
    const shared = { colorMap: 'purples_r', scale: unitDomain(model!.preprocessing), columnName: place } as const;
    const { values } = tokens.slice;
    this.strip.show({
      ...shared,
      matrix: { rows: 1, columns, values: values.subarray(patch * columns, (patch + 1) * columns) },
      rowName: () => patchName(patch),
      axes: l10n.t('Token {0}: 1 row of {1} values', patch + 1, columns),
      chosen: null,
    });
    this.all.show({
      ...shared,
      matrix: { rows, columns, values },
      rowName: patchName,
      axes: l10n.t('{0} tokens down, {1} values across', rows, columns),
      chosen: patch,
      choose: (row) => this.walk.choosePatch(row),
    });
  }
}

/** Where a patch lies in the model's input, pixels, and of how many numbers it is. */
interface PatchFacts {
  patch: number;
  x: number;
  y: number;
  width: number;
  height: number;
  channels: number;
  numbers: number;
}

const madeOfOneChannel = ({ patch, x, y, width, height, numbers }: PatchFacts) =>
  l10n.t(
    'Patch {0}: rows {1} to {2}, columns {3} to {4}. {5} × {6} pixels × 1 channel = {7} numbers.',
    patch + 1,
    y,
    y + height - 1,
    x,
    x + width - 1,
    height,
    width,
    numbers,
  );

const madeOfChannels = ({ patch, x, y, width, height, channels, numbers }: PatchFacts) =>
  l10n.t(
    'Patch {0}: rows {1} to {2}, columns {3} to {4}. {5} × {6} pixels × {7} channels = {8} numbers.',
    patch + 1,
    y,
    y + height - 1,
    x,
    x + width - 1,
    height,
    width,
    channels,
    numbers,
  );
