/** The picture's own details, and how it became the model's input. */
import * as l10n from '@vscode/l10n';
import { inWords } from '../../extension/image/preprocessingWords';
import type { App, Component } from '../app/app';
import { h } from '../ui/dom';
import { bytes } from '../ui/format';
import { facts, section } from '../ui/section';
import type { AppState } from '../app/state';
import { say } from '../app/words';

export class PictureFacts implements Component {
  private readonly body = h('div', {});
  readonly element = section(l10n.t('Picture'), 'picture', false, this.body);
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
        [l10n.t('File'), image.name],
        [l10n.t('Size'), l10n.t('{0} × {1} pixels', image.width, image.height)],
        [l10n.t('Format'), `${image.format.toUpperCase()}, ${bytes(image.bytes)}`],
        [l10n.t('Model saw'), region ? regionText(region) : null],
        [l10n.t('As'), run ? l10n.t('{0} × {1} pixels', run.geometry.inputWidth, run.geometry.inputHeight) : null],
        [l10n.t('Preprocessing'), model ? say(inWords(model.preprocessing)) : null],
      ]),
    );
  }
}

const regionText = ({ left, top, right, bottom }: { left: number; top: number; right: number; bottom: number }) => {
  const round = (x: number) => Math.round(x * 10) / 10;
  return l10n.t(
    '{0} × {1} pixels from x {2}, y {3}',
    round(right - left),
    round(bottom - top),
    round(left),
    round(top),
  );
};
