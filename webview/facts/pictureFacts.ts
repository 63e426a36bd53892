/** The picture's own details, and how it became the model's input. */
import type { Preprocessing } from '../../extension/image/preprocessing';
import type { App, Component } from '../app/app';
import { h } from '../ui/dom';
import { bytes } from '../ui/format';
import { facts, section } from '../ui/section';
import type { AppState } from '../app/state';

export class PictureFacts implements Component {
  private readonly body = h('div', {});
  readonly element = section('Picture', 'picture', false, this.body);
  private shown: AppState['image'] = null;
  private run: AppState['run'] = null;

  constructor(private readonly app: App) {}

  update(): void {
    const { image, run, model } = this.app.state;
    if (image === this.shown && run === this.run) return;
    this.shown = image;
    this.run = run;
    if (!image) return this.body.replaceChildren();
    const region = run?.geometry.region;
    this.body.replaceChildren(
      facts([
        ['File', image.name],
        ['Size', `${image.width} × ${image.height} pixels`],
        ['Format', `${image.format.toUpperCase()}, ${bytes(image.bytes)}`],
        ['Model saw', region ? regionText(region) : null],
        ['As', run ? `${run.geometry.inputWidth} × ${run.geometry.inputHeight} pixels` : null],
        ['Preprocessing', model ? preprocessingText(model.preprocessing) : null],
      ]),
    );
  }
}

const regionText = ({ left, top, right, bottom }: { left: number; top: number; right: number; bottom: number }) => {
  const round = (x: number) => Math.round(x * 10) / 10;
  return `x ${round(left)}–${round(right)}, y ${round(top)}–${round(bottom)}`;
};

export function preprocessingText({ channels, resize, interpolation, crop, mean, std }: Preprocessing): string {
  const sizes = {
    none: () => 'no resize',
    exact: (r: { height: number; width: number }) => `resize to ${r.width} × ${r.height}, ${interpolation}`,
    'keep-ratio': (r: { height: number; width: number }) => `fit to ${r.width} × ${r.height}, ${interpolation}`,
    'shorter-side': (r: { size: number }) => `shorter side to ${r.size}, ${interpolation}`,
  };
  const list = (xs: number[]) => (new Set(xs).size === 1 ? String(xs[0]) : xs.join(', '));
  return [
    channels === 1 ? 'grey' : null,
    sizes[resize.kind](resize as never),
    crop ? `centre crop ${crop.width} × ${crop.height}` : null,
    `mean ${list(mean)}, std ${list(std)}`,
  ]
    .filter((part) => part !== null)
    .join('; ');
}
