/** The picture, and while it is compared what is beside it: the other one, and the difference of the two maps. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { colorMapOf, type Shown } from '../app/attention';
import type { Side } from '../app/side';
import type { AppState } from '../app/state';
import { say } from '../app/words';
import { Picture, type SharedLens } from '../patches/picture';
import { button } from '../ui/controls';
import { h, icon, setText } from '../ui/dom';
import { value } from '../ui/format';
import { className } from '../ui/names';
import { bestColumns } from './arrangement';
import { Difference } from './difference';
import { sideNames, sideTitles } from './names';
import { captionOf } from '../attention/readout';
import type { FigureSide } from '../app/figureSide';
import { signedColorMap } from '../../extension/drawing/colorMap';
import { otherState, unknownClass } from './sameView';

export class Pictures implements Component {
  readonly picture: Picture;
  private readonly lens: SharedLens = { lens: null };
  /** What is beside it: made for the first comparison. */
  private compared: { other: Picture; difference: Picture; frames: HTMLElement[] } | null = null;
  private readonly maps: Difference;
  private readonly titles = [0, 1, 2].map(() => h('figcaption', { class: 'compared-title' }));
  private readonly message = h('p', { class: 'compared-message', role: 'status', 'data-testid': 'other-message' });
  private readonly retry = button(
    'secondary',
    { 'data-testid': 'retry-other', onclick: () => this.app.host.send({ type: 'retry-other' }) },
    l10n.t('Retry'),
  );
  private readonly noDifference = h('p', { class: 'compared-message', 'data-testid': 'no-difference' });
  readonly element: HTMLElement;

  constructor(
    private readonly app: App,
    private readonly beside: App,
  ) {
    const { lens } = this;
    this.maps = new Difference(() => this.both());
    this.picture = new Picture(app, { lens });
    this.titles[2]!.title = l10n.t('The map of the first less that of the second');
    this.element = h('div', { class: 'pictures' }, this.frame(0, this.picture.element));
    new ResizeObserver(() => app.refresh()).observe(this.element);
  }

  private frame(i: number, ...children: (HTMLElement | null)[]): HTMLElement {
    return h('figure', { class: 'compared' }, h('div', { class: 'compared-head' }, this.titles[i]), ...children);
  }

  private besides() {
    if (this.compared) return this.compared;
    const { app, beside, lens, maps } = this;
    const other = new Picture(beside, { lens, testId: 'picture-other', isOther: true });
    const difference = new Picture(app, { lens, maps, testId: 'picture-difference', isOther: true });
    const end = button(
      'icon',
      {
        title: l10n.t('End the comparison'),
        'aria-label': l10n.t('End the comparison'),
        'data-testid': 'end-comparison',
        onclick: () => app.host.send({ type: 'compare', with: 'nothing' }),
      },
      icon('close'),
    );
    const frames = [
      this.frame(1, other.element, h('div', { class: 'compared-over' }, this.message, this.retry)),
      this.frame(2, difference.element, h('div', { class: 'compared-over' }, this.noDifference)),
    ];
    this.titles[1]!.after(end);
    this.element.append(...frames);
    return (this.compared = { other, difference, frames });
  }

  update(): void {
    const { state } = this.app;
    const { other, view } = state;
    this.element.hidden = view.view === 'overview';
    if (this.element.hidden) return;
    const differs = this.differs();
    this.element.classList.toggle('comparing', other !== null);
    const compared = other ? this.besides() : this.compared;
    compared?.frames.forEach((frame, i) => (frame.hidden = i === 0 ? other === null : !differs));
    this.picture.update();
    if (!other || !compared) return;
    this.arrange(differs ? 3 : 2);
    const [one, two] = sideNames(this.app);
    const title = (i: number, ...parts: (string | null)[]) =>
      setText(this.titles[i]!, parts.filter((part) => part !== null).join(' · '));
    title(0, one, this.pointed(state, this.app.attention.shown(state)));
    const its = otherState(state)!;
    title(1, two, this.pointed(its, this.beside.attention.shown(its)));
    const message = this.messageOf(other);
    setText(this.message, message ?? '');
    this.message.hidden = message === null;
    this.retry.hidden = other.failure?.retry !== true;
    compared.other.update();
    if (!differs) return;
    const shown = this.maps.shown(state);
    this.noDifference.hidden = shown.status !== 'unavailable';
    setText(this.noDifference, shown.status === 'unavailable' ? shown.reason : '');
    const range =
      shown.status === 'ready' ? l10n.t('Difference, ±{0}', value(shown.heat.domain[1])) : l10n.t('Difference');
    title(2, range, this.pointed(state, shown));
    compared.difference.update();
  }

  /** What of it a figure shows; one side where nothing is compared, or nothing is known of the other. */
  sides(): FigureSide[] {
    const { app, beside } = this;
    const { view } = app.state;
    const [one, two] = sideTitles(app);
    const colorMap = colorMapOf(view);
    const its = otherState(app.state);
    const sides = [
      {
        app,
        source: this.picture.source(),
        maps: app.attention,
        colorMap,
        caption: `${one} · ${captionOf(app.state)}`,
      },
      its?.run && {
        ...{ app: beside, source: this.compared?.other.source() ?? null, maps: beside.attention, colorMap },
        caption: `${two} · ${captionOf(its)}`,
      },
      its?.run &&
        this.differs() && {
          ...{ app, source: this.picture.source(), maps: this.maps, colorMap: signedColorMap },
          caption: l10n.t('The map of the first less that of the second'),
        },
    ];
    return sides.flatMap((side) => (side && side.source ? [{ ...side, source: side.source }] : []));
  }

  /** Whether the difference of the two maps is shown. */
  private differs(): boolean {
    const { other, view, display } = this.app.state;
    return other !== null && view.view === 'attention' && display.difference;
  }

  /** Side by side or one under the other, whichever shows more. */
  private arrange(count: number): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    const { width: across = 1, height: down = 1 } = this.app.state.image ?? {};
    const columns = bestColumns({ width, height }, count, across / down);
    this.element.style.setProperty('--columns', String(columns));
  }

  /** The value of a map under the pointer. */
  private pointed({ hover, model, view }: AppState, shown: Shown): string | null {
    if (view.view !== 'attention' || shown.status !== 'ready' || hover === null || !model) return null;
    const patch = hover - model.loaded.numPrefix;
    const x = patch < 0 ? shown.heat.prefix[hover] : shown.heat.patches[patch];
    return x === undefined ? null : value(x);
  }

  private both(): readonly [Shown, Shown] {
    const other = otherState(this.app.state);
    return [this.app.attention.own(this.app.state), other ? this.beside.attention.own(other) : { status: 'none' }];
  }

  /** Why the other side is not there, or not as asked for. */
  private messageOf(other: Side): string | null {
    if (other.failure) return say(other.failure.error);
    if (other.busy !== null) return other.busy;
    const { state } = this.app;
    const unknown = unknownClass(state);
    if (unknown !== null && state.view.view === 'attention')
      return l10n.t(
        'This model has no class {0}: shown is its most probable one.',
        className(state.model!.labels, unknown),
      );
    const its = otherState(state);
    const shown = its && state.view.view === 'attention' ? this.beside.attention.shown(its) : null;
    return shown?.status === 'unavailable' ? shown.reason : null;
  }
}
