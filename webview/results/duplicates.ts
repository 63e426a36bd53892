/** Pictures that are the same to the model, nearly. */
import * as l10n from '@vscode/l10n';
import { everything } from '../../extension/results/query';
import { sayError } from '../app/words';
import { button, dropdown } from '../ui/controls';
import { attribute, h, setText } from '../ui/dom';
import { section } from '../ui/section';
import type { Part, ResultsApp } from './app';
import { pictures } from './rowWords';

/** Groups that are listed. */
const MOST_LISTED = 100;

export class Duplicates implements Part {
  private readonly note = h('p', { class: 'note', role: 'status', 'data-testid': 'duplicates-note' });
  private readonly list = h('div', { class: 'chips', 'data-testid': 'duplicates' });
  readonly element: HTMLElement;
  private readonly cosine;
  private least = 0.98;
  private stop: AbortController | null = null;

  constructor(private readonly app: ResultsApp) {
    this.cosine = dropdown({ 'aria-label': l10n.t('Cosine at least'), 'data-testid': 'cosine' }, (value) => {
      this.least = Number(value);
    });
    this.element = section(
      l10n.t('Near-duplicates'),
      'duplicates',
      false,
      h(
        'div',
        { class: 'field' },
        h('span', { class: 'field-name wide' }, l10n.t('Cosine at least')),
        this.cosine.element,
        button('secondary', { 'data-testid': 'find-duplicates', onclick: () => void this.work() }, l10n.t('Find')),
      ),
      this.note,
      this.list,
    );
  }

  update(): void {
    this.element.hidden = this.app.state.results?.hasEmbeddings !== true;
    this.cosine.set(
      ['0.9', '0.95', '0.98', '0.99', '0.999'].map((value) => ({ value, label: value })),
      String(this.least),
    );
  }

  private async work(): Promise<void> {
    this.stop?.abort();
    const stop = (this.stop = new AbortController());
    this.list.replaceChildren();
    attribute(this.list, 'data-groups', null);
    setText(this.note, l10n.t('Working it out…'));
    try {
      const { groups } = await this.app.host.request(
        'duplicates',
        { cosine: this.least },
        {
          signal: stop.signal,
          onProgress: (done) => setText(this.note, l10n.t('Working it out… {0} %', Math.round(100 * done))),
        },
      );
      const alike = groups.reduce((sum, group) => sum + group.length, 0);
      setText(
        this.note,
        groups.length === 0
          ? l10n.t('No two pictures are this much alike.')
          : groups.length === 1
            ? l10n.t('1 group of {0}', pictures(alike))
            : l10n.t('{0} groups, {1} together', groups.length, pictures(alike)),
      );
      this.list.replaceChildren(
        ...groups.slice(0, MOST_LISTED).map((rows, i) =>
          h(
            'button',
            {
              ...{ class: 'chip', type: 'button', 'data-testid': 'group' },
              onclick: () => this.app.ask({ ...everything, rows }, l10n.t('Group {0} of near-duplicates', i + 1)),
            },
            l10n.t('{0} alike', rows.length),
          ),
        ),
      );
      attribute(this.list, 'data-groups', groups.length);
    } catch (error) {
      if (!stop.signal.aborted) setText(this.note, sayError(error));
    }
  }
}
