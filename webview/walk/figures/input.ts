/** The model's input: as a picture, and every channel in numbers. */
import * as l10n from '@vscode/l10n';
import { h } from '../../ui/dom';
import { inputColumns, inputPicture, unitDomain } from '../inputPicture';
import { MatrixView } from '../matrixView';
import { saveValues } from '../saveValues';
import type { Walk } from '../walk';
import { Placeholder, type PageFigure } from './figure';

const channelColors = ['red', 'green', 'blue'];
const channelNames = [l10n.t('Red'), l10n.t('Green'), l10n.t('Blue')];
const mostChannels = 4;

export class InputFigure implements PageFigure {
  private readonly note = new Placeholder();
  private readonly picture = h('canvas', {
    class: 'input-picture',
    role: 'img',
    'aria-label': l10n.t("The model's input"),
  });
  private readonly planes = h('div', { class: 'figures side-by-side' });
  readonly element = h('div', { class: 'figures' }, this.note.element, this.picture, this.planes);
  private views: MatrixView[] = [];
  private drawn: Float32Array | null = null;

  constructor(private readonly walk: Walk) {}

  /** All channels of it. */
  private save(): void {
    const peek = this.walk.app.slices.peek({ kind: 'input' });
    if (peek.status === 'ready') saveValues(this.walk.app, 'input', peek.slice);
  }

  update(): void {
    const { app } = this.walk;
    const peek = app.slices.peek({ kind: 'input' });
    this.note.show(peek.status === 'failed' ? peek.message : null);
    if (peek.status !== 'ready' || peek.slice.values === this.drawn) return;
    this.drawn = peek.slice.values;
    const { preprocessing } = app.state.model!;
    const [channels, height, width] = peek.slice.shape.slice(-3) as [number, number, number];
    const source = inputPicture(peek.slice, preprocessing);
    this.picture.hidden = channels === 1;
    this.picture.width = width;
    this.picture.height = height;
    this.picture.getContext('2d')!.drawImage(source, 0, 0);
    const shown = Math.min(channels, mostChannels);
    this.views = Array.from(
      { length: shown },
      (_, channel) => new MatrixView(channelName(channels, channel), () => this.save()),
    );
    this.planes.classList.toggle('side-by-side', shown > 1);
    this.planes.replaceChildren(...this.views.map(({ element }) => element));
    this.views.forEach((view, channel) => {
      view.show({
        matrix: {
          rows: height,
          columns: width,
          values: peek.slice.values.subarray(channel * height * width, (channel + 1) * height * width),
        },
        colorMap: channels === 3 ? channelColors[channel]! : 'purples_r',
        scale: unitDomain(preprocessing),
        rowName: (row) => ({ name: `y ${row}`, inside: `y ${row}`, short: String(row) }),
        columnName: inputColumns,
        axes: l10n.t('{0} rows, {1} columns', height, width),
        chosen: null,
        square: true,
      });
    });
  }
}

const channelName = (channels: number, channel: number) =>
  channels === 1 ? l10n.t('One channel') : channels === 3 ? channelNames[channel]! : l10n.t('Channel {0}', channel + 1);
