/** The panel: puts the components in their places and redraws them when the state changes. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from './app/app';
import { AttentionControls } from './attention/attentionControls';
import { ColorBar } from './attention/colorBar';
import { Evidence } from './evidence/evidence';
import { ByDepth } from './depth/byDepth';
import { DisplayControls } from './attention/displayControls';
import { compareItems } from './compare/compareMenu';
import { Pictures } from './compare/pictures';
import { Probabilities } from './compare/probabilities';
import { sayError } from './app/words';
import { attribute, h, setText } from './ui/dom';
import { exportItems, figureVerbs } from './export/exportMenu';
import { menu } from './ui/menu';
import { ModelSummary } from './facts/modelSummary';
import { LayerMaps } from './app/layerMaps';
import { Overview } from './overview/overview';
import { Occlusion } from './patches/occlusion';
import { PatchDetail } from './patches/patchDetail';
import { PictureFacts } from './facts/pictureFacts';
import { Predictions } from './facts/predictions';
import { Readout } from './attention/readout';
import { progressOf, staleness } from './app/state';
import { Failure, Notice, ProgressBar } from './ui/status';
import { provideControls } from './ui/controls';
import { Tabs } from './ui/tabs';
import { Walkthrough } from './walkthrough';

export class Panel {
  readonly notice = new Notice();
  private readonly components: Component[];
  private readonly parts: Record<'attention' | 'patches', HTMLElement | null> = { attention: null, patches: null };
  private readonly body: HTMLElement;
  private readonly pictures: Pictures;
  private readonly maps: LayerMaps;
  private readonly side = h('aside', { class: 'side', 'aria-label': l10n.t('Predictions and controls') });
  private readonly toolbar: HTMLElement;
  private readonly view: HTMLElement;
  private walkthrough: Walkthrough | null = null;
  /** For who hears the panel; the tab says it to who sees it. */
  private readonly title = h('h1', { class: 'visually-hidden' });
  /** Copies or saves what is on screen. */
  readonly figure: (to: 'clipboard' | 'file') => void;

  /** Makes what the first frame shows: the picture and its map. `complete` makes the rest. */
  constructor(
    private readonly app: App,
    private readonly beside: App,
    private readonly root: HTMLElement,
  ) {
    const pictures = (this.pictures = new Pictures(app, beside));
    const tabs = new Tabs(app);
    const progress = new ProgressBar(app);
    const failure = new Failure(app);
    const maps = (this.maps = new LayerMaps(app));
    const bar = new ColorBar(app, maps);
    const readout = new Readout(app, () => pictures.picture.showSeen());
    this.components = [tabs, progress, failure, pictures, bar, readout];
    const figures = figureVerbs(app, pictures, maps);
    this.figure = (to) => void figures[to]().catch((error: unknown) => app.announce(sayError(error), 'error'));
    this.toolbar = h('header', { class: 'toolbar' }, tabs.element, progress.element);
    const foot = h('footer', { class: 'stage-foot' }, readout.element, bar.element);
    this.body = h('div', { class: 'body' }, h('div', { class: 'stage' }, pictures.element, foot), this.side);
    this.view = h('div', { class: 'view', id: 'view', role: 'tabpanel' }, this.body);
    root.append(
      this.toolbar,
      failure.element,
      h('main', { class: 'view-room' }, this.title, this.view),
      this.notice.element,
    );
  }

  get isComplete(): boolean {
    return this.walkthrough !== null;
  }

  /** Makes what is beside the picture, and the other views. */
  complete(): void {
    const { app, beside, pictures, maps, parts } = this;
    if (this.isComplete) return;
    provideControls();
    const controls = new AttentionControls(app);
    const patch = new PatchDetail(app);
    const overview = new Overview(app, maps);
    const beneath = [
      ...[new Predictions(app), new Probabilities(app, beside), controls, new Evidence(app), patch, new Occlusion(app)],
      ...[new ByDepth(app), new DisplayControls(app), new ModelSummary(app), new PictureFacts(app)],
    ];
    this.components.push(overview, ...beneath);
    parts.attention = controls.element;
    parts.patches = patch.element;
    pictures.element.after(overview.element);
    this.side.append(...beneath.map(({ element }) => element));
    this.toolbar.append(
      menu(l10n.t('Compare'), 'split-horizontal', 'compare', compareItems(app)),
      menu(l10n.t('Export'), 'export', 'export', exportItems(app, pictures, maps)),
    );
    this.walkthrough = new Walkthrough(app);
    this.view.append(this.walkthrough.element);
    this.update();
  }

  /** Before the first frame: the picture is decoded while its map is waited for. */
  prepare(): void {
    this.pictures.picture.prepare();
  }

  update(): void {
    const { state } = this.app;
    const { view, run } = state;
    const { attention, patches } = this.parts;
    if (attention) attention.hidden = view.view !== 'attention' && view.view !== 'overview';
    if (patches) patches.hidden = view.view !== 'patches';
    this.body.hidden = view.view === 'walkthrough';
    for (const component of this.components) component.update();
    this.walkthrough?.update();
    setText(this.title, state.image?.name ?? 'ViT Inspector');
    attribute(this.root, 'data-state', progressOf(state));
    attribute(this.root, 'data-busy', state.busy !== null);
    attribute(this.root, 'data-stale', staleness(state));
    attribute(this.root, 'data-run', run?.runId);
    attribute(this.root, 'data-other', state.other && progressOf({ ...state, ...state.other }));
    attribute(this.root, 'data-view', view.view);
    attribute(this.root, 'data-layer', state.model ? view.layer + 1 : null);
    attribute(this.root, 'data-head', view.head);
    attribute(this.root, 'data-query', view.query);
    attribute(this.root, 'data-method', view.method);
    attribute(this.root, 'data-step', view.view === 'walkthrough' ? (view.step ?? 'input') : null);
    document.getElementById('view')!.setAttribute('aria-labelledby', `tab-${view.view}`);
  }
}
