/** The view of results: puts the parts in their places and redraws them when the state changes. */
import * as l10n from '@vscode/l10n';
import { say } from '../app/words';
import { button } from '../ui/controls';
import { attribute, h, icon, setText } from '../ui/dom';
import { menu } from '../ui/menu';
import { Notice } from '../ui/status';
import type { Part, ResultsApp } from './app';
import { ChosenPicture } from './chosenPicture';
import { ComparisonPart } from './comparisonPart';
import { Duplicates } from './duplicates';
import { EmbeddingMap } from './embeddingMap';
import { resultsExportItems } from './exportMenu';
import { Figures } from './figures';
import { Filters } from './filters';
import { JobBar } from './jobBar';
import { Rows } from './rows';

export class ResultsView {
  readonly notice = new Notice();
  private readonly parts: readonly Part[];
  private readonly figures: Figures;
  private readonly rows: Rows;
  private readonly chosen: ChosenPicture;
  private readonly heading = h('h1', { class: 'visually-hidden' }, l10n.t('Results'));
  private readonly title = h('span', { class: 'results-title' });
  private readonly failure = h('span', { class: 'failure-message', 'data-testid': 'error' });
  private readonly failureBar: HTMLElement;
  private readonly odd = h('p', { class: 'note warning results-odd', 'data-testid': 'odd', hidden: true });

  constructor(
    private readonly app: ResultsApp,
    private readonly root: HTMLElement,
  ) {
    const job = new JobBar(app);
    const filters = new Filters(app);
    const rows = (this.rows = new Rows(app));
    const chosen = (this.chosen = new ChosenPicture(app));
    this.figures = new Figures(app);
    const map = new EmbeddingMap(app);
    const duplicates = new Duplicates(app);
    const comparison = new ComparisonPart(app);
    this.parts = [job, filters, rows, chosen, this.figures, map, duplicates, comparison];
    const side = [chosen, this.figures, map, duplicates, comparison];
    this.failureBar = h(
      'div',
      { class: 'failure', role: 'alert', hidden: true },
      icon('error', 'error'),
      this.failure,
      button('primary', { 'data-testid': 'retry', onclick: () => app.host.send({ type: 'retry' }) }, l10n.t('Retry')),
    );
    root.append(
      h(
        'header',
        { class: 'toolbar' },
        this.heading,
        this.title,
        job.element,
        menu(l10n.t('Export'), 'export', 'export', resultsExportItems(app)),
      ),
      this.failureBar,
      this.odd,
      filters.element,
      h(
        'main',
        { class: 'body' },
        h('div', { class: 'stage' }, rows.element),
        h('aside', { class: 'side', 'aria-label': l10n.t('Figures') }, ...side.map(({ element }) => element)),
      ),
      this.notice.element,
    );
  }

  /** Labels come from what lies with the pictures until somebody chooses. */
  opened(): void {
    void this.figures.label(this.app.state.labels?.source ?? { kind: 'found' });
  }

  /** What shows rows, of which there are as many as before. */
  updateRows(): void {
    this.rows.redraw();
    this.chosen.update();
  }

  update(): void {
    const { results, failure, state } = this.app.state;
    this.failureBar.hidden = failure === null;
    if (failure) setText(this.failure, say(failure));
    const made = results && new Date(results.created);
    const when = made && !Number.isNaN(made.getTime()) ? made.toLocaleString(document.documentElement.lang) : '';
    setText(this.title, results ? `${results.model} · ${when}` : '');
    if (results) setText(this.heading, results.name);
    attribute(this.title, 'title', results?.root);
    const left = state?.odd ?? 0;
    this.odd.hidden = left === 0 && state?.isFull !== true;
    setText(
      this.odd,
      state?.isFull === true
        ? l10n.t('The file has more pictures than a table takes: the first {0} are shown.', state.rows.toLocaleString())
        : left === 1
          ? l10n.t('1 line of the file is none of this format and is left out.')
          : l10n.t('{0} lines of the file are none of this format and are left out.', left.toLocaleString()),
    );
    if (results) for (const part of this.parts) part.update();
    attribute(this.root, 'data-state', failure ? 'error' : state?.isRead ? 'ready' : 'reading');
    attribute(this.root, 'data-rows', state?.rows);
    attribute(this.root, 'data-total', this.app.windows.total);
  }
}
