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
import { Tabs } from './ui/tabs';
import { Walkthrough } from './walkthrough';

export class Panel {
  readonly notice = new Notice();
  private readonly components: readonly Component[];
  private readonly attentionParts: readonly HTMLElement[];
  private readonly patchParts: readonly HTMLElement[];
  private readonly body: HTMLElement;
  private readonly walkthrough: Walkthrough;
  /** For who hears the panel; the tab says it to who sees it. */
  private readonly title = h('h1', { class: 'visually-hidden' });
  /** Copies or saves what is on screen. */
  readonly figure: (to: 'clipboard' | 'file') => void;

  constructor(
    private readonly app: App,
    beside: App,
    private readonly root: HTMLElement,
  ) {
    const pictures = new Pictures(app, beside);
    const comparison = new Probabilities(app, beside);
    const tabs = new Tabs(app);
    const progress = new ProgressBar(app);
    const failure = new Failure(app);
    const maps = new LayerMaps(app);
    const bar = new ColorBar(app, maps);
    const readout = new Readout(app);
    const predictions = new Predictions(app);
    const controls = new AttentionControls(app);
    const evidence = new Evidence(app);
    const overview = new Overview(app, maps);
    const patch = new PatchDetail(app);
    const depth = new ByDepth(app);
    const occlusion = new Occlusion(app);
    const display = new DisplayControls(app);
    const model = new ModelSummary(app);
    const facts = new PictureFacts(app);
    this.components = [
      ...[tabs, progress, failure, pictures, bar, readout],
      ...[predictions, comparison, controls, evidence, overview, patch, occlusion, depth, display, model, facts],
    ];
    const figures = figureVerbs(app, pictures, maps);
    this.figure = (to) => void figures[to]().catch((error: unknown) => app.announce(sayError(error), 'error'));
    this.walkthrough = new Walkthrough(app);
    this.attentionParts = [controls.element];
    this.patchParts = [patch.element];
    this.body = h(
      'div',
      { class: 'body' },
      h(
        'div',
        { class: 'stage' },
        pictures.element,
        overview.element,
        h('footer', { class: 'stage-foot' }, readout.element, bar.element),
      ),
      h(
        'aside',
        { class: 'side', 'aria-label': l10n.t('Predictions and controls') },
        ...[predictions, comparison, controls, evidence, patch, occlusion, depth, display, model, facts].map(
          ({ element }) => element,
        ),
      ),
    );
    root.append(
      h(
        'header',
        { class: 'toolbar' },
        tabs.element,
        progress.element,
        menu(l10n.t('Compare'), 'split-horizontal', 'compare', compareItems(app)),
        menu(l10n.t('Export'), 'export', 'export', exportItems(app, pictures, maps)),
      ),
      failure.element,
      h(
        'main',
        { class: 'view-room' },
        this.title,
        h('div', { class: 'view', id: 'view', role: 'tabpanel' }, this.body, this.walkthrough.element),
      ),
      this.notice.element,
    );
  }

  update(): void {
    const { state } = this.app;
    const { view, run } = state;
    for (const element of this.attentionParts) element.hidden = view.view !== 'attention' && view.view !== 'overview';
    for (const element of this.patchParts) element.hidden = view.view !== 'patches';
    this.body.hidden = view.view === 'walkthrough';
    for (const component of this.components) component.update();
    this.walkthrough.update();
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
