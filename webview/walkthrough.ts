/** The walk-through view: a list of steps, and the chosen one with its words, its shape and its values. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from './app/app';
import { button, slider } from './ui/controls';
import { attribute, h, icon, rove, setText } from './ui/dom';
import { shape as shapeText } from './ui/format';
import { DepthFigure, PredictionFigure } from './walk/figures/depth';
import type { PageFigure } from './walk/figures/figure';
import { InputFigure } from './walk/figures/input';
import { Matrices } from './walk/figures/matrices';
import { PatchesFigure, TokenFigure } from './walk/figures/patches';
import { PositionsFigure } from './walk/figures/positions';
import { ReceptiveFigure } from './walk/figures/receptive';
import { SoftSplitFigure } from './walk/figures/softSplit';
import { atLayer } from './app/stepNames';
import { formulasOf, mathElement } from './walk/formulas';
import { findPage, meaningOf, pagesOf, type Page } from './walk/pages';
import { stepCode } from './walk/stepCode';
import { defaultPatch, type Walk } from './walk/walk';

/** The article and its siblings. */
const articles: readonly { title: string; none: string; isOf: (page: Page) => boolean }[] = [
  { title: l10n.t('Vision Transformers'), none: '', isOf: ({ id }) => id === 'input' },
  {
    title: l10n.t('Attention'),
    none: l10n.t('This engine does not show what happens inside of the blocks.'),
    isOf: ({ id }) => /^blocks\..*attn\.q$/.test(id),
  },
  {
    title: l10n.t('Position embeddings'),
    none: l10n.t('This model has no position embedding.'),
    isOf: ({ id }) => /(^|\.)pos_embed$|\.attn\.q_rotated$/.test(id),
  },
  {
    title: l10n.t('Tokens to token'),
    none: l10n.t(
      'This model cuts patches that do not overlap; tokens-to-token.vit.json among the samples splits softly.',
    ),
    isOf: ({ figure }) => figure === 'soft-split',
  },
];

export class Walkthrough implements Component {
  private readonly list = h('nav', { class: 'walk-list', 'aria-label': l10n.t('Steps') });
  /** The articles that the walk-through follows, as its table of contents. */
  private readonly articles = h('nav', { class: 'walk-articles', 'aria-label': l10n.t('Articles') });
  private readonly title = h('h2', { class: 'walk-title', 'data-testid': 'step-title' });
  private readonly chapter = h('p', { class: 'walk-of caption', 'data-testid': 'step-chapter' });
  private readonly term = h('span', { class: 'walk-term' });
  private readonly sentence = h('p', { class: 'walk-sentence' });
  private readonly formula = h('div', { class: 'walk-formula', 'data-testid': 'formula', hidden: true });
  private readonly counter = h('span', { class: 'caption' });
  /** The list as a menu, where there is no room for it beside the page. */
  private readonly menu = h('select', {
    class: 'walk-menu',
    'aria-label': l10n.t('Steps'),
    'data-testid': 'step-menu',
    onchange: () => this.go(Number(this.menu.value)),
  });
  private readonly shapes = h('div', { class: 'walk-shapes' });
  private readonly layer;
  private readonly head;
  private readonly body = h('div', { class: 'walk-body' });
  private readonly note = h(
    'p',
    { class: 'note walk-note', hidden: true },
    l10n.t(
      'This engine does not show what happens between the picture and the prediction. With the native engine every step is here.',
    ),
  );
  /** Hidden patches are hidden behind the projection: the pages before it show them as they are. */
  private readonly hidden = h('p', { class: 'note walk-note', 'data-testid': 'walk-hidden', hidden: true });
  private readonly page: HTMLElement;
  readonly element: HTMLElement;

  private pages: Page[] = [];
  private pagesFor = '';
  private shown = '';
  private figure: PageFigure | null = null;
  private walk: Walk | null = null;

  constructor(private readonly app: App) {
    this.layer = slider(l10n.t('Block'), { 'data-testid': 'walk-layer', step: 1 }, (layer) =>
      app.setView({ layer: layer - 1 }),
    );
    this.head = slider(l10n.t('Head'), { 'data-testid': 'walk-head', step: 1 }, (head) =>
      app.setView({ head: head - 1 }),
    );
    const go = (by: number) => () => this.go(this.index() + by);
    this.page = h(
      'section',
      { class: 'walk-page', tabindex: -1, 'aria-live': 'off' },
      this.chapter,
      h(
        'header',
        { class: 'walk-head' },
        h('div', { class: 'walk-heading' }, this.title, this.term),
        h(
          'div',
          { class: 'walk-steps' },
          button(
            'icon',
            {
              title: l10n.t('Previous step (Alt+←)'),
              'aria-label': l10n.t('Previous step'),
              'data-testid': 'previous-step',
              onclick: go(-1),
            },
            icon('arrow-left'),
          ),
          this.counter,
          button(
            'icon',
            {
              title: l10n.t('Next step (Alt+→)'),
              'aria-label': l10n.t('Next step'),
              'data-testid': 'next-step',
              onclick: go(1),
            },
            icon('arrow-right'),
          ),
        ),
      ),
      this.sentence,
      this.formula,
      this.note,
      this.hidden,
      this.shapes,
      h('div', { class: 'walk-controls' }, this.layer.element, this.head.element),
      this.body,
    );
    this.element = h(
      'div',
      { class: 'walk' },
      this.menu,
      h('div', { class: 'walk-side' }, this.articles, this.list),
      this.page,
    );
    rove(
      this.list,
      () => [...this.list.querySelectorAll<HTMLElement>('button')],
      () => 1,
      true,
    );
    // the list lies across in a narrow panel: the chosen step must be in sight there too
    new ResizeObserver(() =>
      this.list.querySelector('.current')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }),
    ).observe(this.element);
    this.element.addEventListener('keydown', (event) => {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!event.altKey || by === undefined) return;
      event.preventDefault();
      this.go(this.index() + by);
    });
  }

  update(): void {
    const { model, run, view } = this.app.state;
    this.element.hidden = view.view !== 'walkthrough';
    if (this.element.hidden) return;
    if (!model || !run) return this.wait();
    this.note.hidden = model.loaded.steps.length > 0;
    const hidden = this.app.state.hidden.length;
    this.hidden.hidden = hidden === 0;
    setText(
      this.hidden,
      hidden === 1
        ? l10n.t(
            '1 patch is hidden: behind the projection its token is zeros, and so it is in every step from there on.',
          )
        : l10n.t(
            '{0} patches are hidden: behind the projection their tokens are zeros, and so they are in every step from there on.',
            hidden,
          ),
    );
    const pagesFor = `${model.id}/${model.loaded.modelId}/${model.loaded.steps.length}`;
    if (this.pagesFor !== pagesFor) {
      this.pagesFor = pagesFor;
      const { steps, layers, scores } = model.loaded;
      this.pages = pagesOf(steps, model.architecture, layers, scores);
      this.fillList();
    }
    const index = this.index();
    const page = this.pages[index]!;
    const shown = `${run.runId}/${page.id}`;
    if (shown !== this.shown) {
      this.shown = shown;
      this.open(page);
    }
    this.showPosition(index, page);
    this.figure?.update();
  }

  private wait(): void {
    this.shown = '';
    this.pagesFor = '';
    this.figure = null;
    this.articles.replaceChildren();
    this.list.replaceChildren();
    this.menu.replaceChildren();
    this.formula.hidden = true;
    this.body.replaceChildren();
    this.shapes.replaceChildren();
    setText(this.title, l10n.t('Walk-through'));
    setText(this.chapter, '');
    setText(this.term, '');
    setText(this.counter, '');
    setText(
      this.sentence,
      l10n.t('Every step from the picture to the prediction, with its true values, as soon as the model has run.'),
    );
    this.layer.element.hidden = true;
    this.head.element.hidden = true;
  }

  private index(): number {
    return findPage(this.pages, this.app.state.view.step);
  }

  private go(index: number): void {
    const page = this.pages[Math.max(0, Math.min(this.pages.length - 1, index))];
    if (page) this.app.setView({ step: atLayer(page.id, this.app.state.view.layer) });
  }

  /** Each leads to the first page that is its own; one the model has no page for says so. */
  private fillArticles(): void {
    this.articles.replaceChildren(
      ...articles.map(({ title, none, isOf }) => {
        const index = this.pages.findIndex(isOf);
        return h(
          'button',
          {
            ...{ class: 'walk-article', type: 'button', 'data-testid': 'article', onclick: () => this.go(index) },
            ...{ disabled: index < 0, title: index < 0 ? none : null },
          },
          title,
        );
      }),
    );
  }

  private fillList(): void {
    this.fillArticles();
    this.list.replaceChildren();
    this.menu.replaceChildren();
    let chapter = '';
    let group: HTMLElement = this.menu;
    this.pages.forEach((page, index) => {
      if (page.chapter !== chapter) {
        chapter = page.chapter;
        this.list.append(h('div', { class: 'walk-chapter' }, chapter));
        group = h('optgroup', { label: chapter });
        this.menu.append(group);
      }
      group.append(h('option', { value: index }, `${index + 1}. ${page.title}`));
      this.list.append(
        h(
          'button',
          {
            class: 'walk-item',
            type: 'button',
            tabindex: -1,
            'data-testid': 'step',
            'data-step': page.id,
            onclick: () => this.go(index),
          },
          h('span', { class: 'walk-number' }, String(index + 1)),
          h('span', { class: 'walk-name' }, page.title),
        ),
      );
    });
  }

  private open(page: Page): void {
    const { app } = this;
    const { loaded } = app.state.model!;
    const patches = loaded.numTokens - loaded.numPrefix;
    let followed = this.walk?.patch ?? defaultPatch(patches);
    let before = this.walk && this.walk.token < loaded.numPrefix ? this.walk.token : null;
    let stageToken = this.walk?.page.stage === page.stage ? this.walk.stageToken : 0;
    this.walk = {
      app,
      page,
      get head() {
        const { head } = app.state.view;
        return typeof head === 'number' ? head : 0;
      },
      get patch() {
        const { query } = app.state.view;
        if (query >= loaded.numPrefix) followed = query - loaded.numPrefix;
        return Math.min(followed, patches - 1);
      },
      choosePatch: (patch) => app.setView({ query: patch + loaded.numPrefix }),
      get token() {
        return before !== null && before === app.state.view.query ? before : this.patch + loaded.numPrefix;
      },
      chooseToken: (token) => {
        before = token < loaded.numPrefix ? token : null;
        app.setView({ query: token });
      },
      get stageToken() {
        return stageToken;
      },
      set stageToken(token) {
        stageToken = token;
      },
    };
    this.figure = figureOf(this.walk);
    this.body.replaceChildren(this.figure.element);
    const { architecture } = app.state.model!;
    const formulas = formulasOf(page.id, architecture, loaded.scores);
    this.formula.hidden = formulas.length === 0;
    this.formula.replaceChildren(...formulas.map(mathElement));
    this.page.scrollTop = 0;
  }

  private showPosition(index: number, page: Page): void {
    const { model, view } = this.app.state;
    const { layers, heads, stages } = model!.loaded;
    setText(this.title, page.title);
    setText(this.chapter, page.chapter);
    setText(this.term, page.term ?? '');
    setText(this.sentence, page.sentence);
    setText(this.counter, `${index + 1} / ${this.pages.length}`);
    this.menu.value = String(index);
    this.list.querySelectorAll('button').forEach((item, i) => {
      attribute(item, 'aria-current', i === index ? 'step' : null);
      item.tabIndex = i === index ? 0 : -1;
      if (i === index && !item.classList.contains('current'))
        item.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      item.classList.toggle('current', i === index);
    });
    this.layer.element.hidden = !page.id.startsWith('blocks.*.') || layers < 2;
    this.layer.set({ min: 1, max: layers, value: view.layer + 1 }, `${view.layer + 1} / ${layers}`);
    const ofStage = page.stage === null ? heads : (stages[page.stage]?.heads ?? 1);
    this.head.element.hidden = page.figure !== 'heads' || ofStage < 2;
    const head = Math.min(this.walk!.head, ofStage - 1);
    this.head.set({ min: 1, max: ofStage, value: head + 1 }, `${head + 1} / ${ofStage}`);
    this.showShapes(page);
  }

  /** True shapes, and where each is computed. */
  private showShapes(page: Page): void {
    const { model, view } = this.app.state;
    const { steps } = model!.loaded;
    const lines = page.steps.map((step) => steps.find(({ name }) => name === atLayer(step, view.layer)));
    const key = lines.map((step) => step?.name).join();
    if (this.shapes.dataset.key === `${this.shown}/${key}`) return;
    this.shapes.dataset.key = `${this.shown}/${key}`;
    const { architecture } = model!;
    const own: Partial<Record<Page['figure'], [string, number[]]>> = architecture
      ? {
          input: ['input', [1, architecture.image.channels, architecture.image.height, architecture.image.width]],
          depth: ['prediction by depth', [architecture.depth, architecture.classes || architecture.dim]],
          prediction: ['prediction', [1, architecture.classes || architecture.dim]],
        }
      : {};
    const [name, sizes] = own[page.figure] ?? [];
    this.shapes.replaceChildren(
      ...lines.flatMap((step) => (step ? [this.shapeLine(step.name, step.shape, step.source)] : [])),
      ...(name && sizes ? [this.shapeLine(name, sizes, null)] : []),
    );
  }

  private shapeLine(
    name: string,
    sizes: readonly number[],
    source: { file: string; line: number } | null,
  ): HTMLElement {
    const meaning = meaningOf(name, sizes);
    return h(
      'div',
      { class: 'walk-shape' },
      h('code', { class: 'shape', 'data-testid': 'shape' }, shapeText(sizes)),
      h('span', { class: 'caption' }, meaning),
      h('code', { class: 'caption' }, name),
      source &&
        source.file !== '' &&
        h(
          'button',
          {
            class: 'link',
            type: 'button',
            'data-testid': 'source',
            title: l10n.t('{0}, line {1}', source.file, source.line),
            onclick: () => this.app.host.send({ type: 'open-source', ...source }),
          },
          l10n.t('How it is computed'),
        ),
      source && source.file !== '' && stepCode(this.app, source),
    );
  }
}

function figureOf(walk: Walk): PageFigure {
  const { figure, id } = walk.page;
  const splits = walk.app.state.model!.architecture?.tokenizer.kind === 'soft-split';
  switch (figure) {
    case 'input':
      return new InputFigure(walk);
    case 'patches':
      return new PatchesFigure(walk);
    case 'token':
      return new TokenFigure(walk);
    case 'soft-split':
      return new SoftSplitFigure(walk);
    case 'positions':
      return new PositionsFigure(walk);
    case 'depth':
      return new DepthFigure(walk);
    case 'prediction':
      return new PredictionFigure(walk);
    case 'heads':
    case 'matrix':
      return splits && id === 'patch_embed' ? new ReceptiveFigure(walk) : new Matrices(walk);
  }
}
