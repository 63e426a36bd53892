/** How right the model is: where labels come from, accuracy, what is taken for what, figures by class, and how far confidence can be believed. */
import * as l10n from '@vscode/l10n';
import { everything } from '../../extension/results/query';
import type { LabelledEvaluation } from '../../extension/results/requests';
import type { LabelSource } from '../../extension/results/labels';
import { sayError } from '../app/words';
import { dropdown } from '../ui/controls';
import { attribute, h, icon, setText } from '../ui/dom';
import { percent } from '../ui/format';
import { section } from '../ui/section';
import type { Part, ResultsApp } from './app';
import { drawCalibration } from './calibration';
import { confusionTable } from './confusion';
import { pictures } from './rowWords';

/** While a job runs, figures are worked out again at most this often, in milliseconds. */
const AGAIN_MS = 3000;

export class Figures implements Part {
  private readonly source;
  private readonly split;
  private readonly splitField: HTMLElement;
  private readonly accuracy = h('div', { class: 'accuracy', 'data-testid': 'accuracy' });
  private readonly confusion = h('div', { class: 'confusion-scroll', tabindex: 0, 'data-testid': 'confusion' });
  private readonly classes = h('div', { class: 'classes' });
  private readonly plot = h('canvas', { class: 'calibration', width: 300, height: 220, role: 'img' });
  private readonly ece = h('p', { class: 'note', 'data-testid': 'ece' });
  private readonly sections: HTMLElement[];
  readonly element: HTMLElement;
  private evaluation: LabelledEvaluation | null = null;
  private version = '';
  private busy = false;
  private last = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly app: ResultsApp) {
    this.source = dropdown({ 'aria-label': l10n.t('Labels from'), 'data-testid': 'labels' }, (chosen) => {
      if (chosen === 'none' || chosen === 'found' || chosen === 'folders' || chosen === 'choose')
        void this.label({ kind: chosen });
    });
    this.split = dropdown({ 'aria-label': l10n.t('Part'), 'data-testid': 'split' }, (value) =>
      app.set({ split: value === 'all' ? null : value.slice(1) }),
    );
    this.splitField = field(l10n.t('Part'), this.split.element);
    this.sections = [
      section(l10n.t('What is taken for what'), 'confusion', true, this.confusion),
      section(l10n.t('By class'), 'classes', false, this.classes),
      section(l10n.t('Calibration'), 'calibration', false, this.plot, this.ece),
    ];
    this.element = h(
      'div',
      { class: 'figures' },
      section(
        l10n.t('Accuracy'),
        'accuracy',
        true,
        field(l10n.t('Labels'), this.source.element),
        this.splitField,
        this.accuracy,
      ),
      ...this.sections,
    );
  }

  async label(source: LabelSource | { kind: 'choose' }): Promise<void> {
    try {
      const labels = await this.app.host.request('label', { source });
      this.version = '';
      this.app.set(labels ? { labels, split: null } : {});
      if (labels) this.app.windows.changed();
    } catch (error) {
      this.app.announce(sayError(error), 'error');
    }
    this.app.refresh();
  }

  update(): void {
    const { labels, split, state } = this.app.state;
    const file = labels?.source.kind === 'file' ? lastOf(labels.source.file) : null;
    const lists = [...new Set(labels?.lists.map(lastOf))].join(', ');
    const kind = labels?.source.kind === 'found' && !labels.isListed ? 'folders' : (labels?.source.kind ?? 'none');
    this.source.set(
      [
        ...(lists === '' ? [] : [{ value: 'found', label: lists }]),
        { value: 'folders', label: l10n.t('Names of folders') },
        { value: 'choose', label: l10n.t('A list…') },
        ...(file === null ? [] : [{ value: 'file', label: file }]),
        { value: 'none', label: l10n.t('None') },
      ],
      kind,
    );
    this.splitField.hidden = (labels?.splits.length ?? 0) === 0;
    this.split.set(
      [
        { value: 'all', label: l10n.t('All parts') },
        ...(labels?.splits ?? []).map((name) => ({ value: `=${name}`, label: name })),
      ],
      split === null ? 'all' : `=${split}`,
    );
    for (const element of this.sections) element.hidden = this.evaluation === null || this.evaluation.labelled === 0;
    const version = JSON.stringify([state?.version, labels?.source, split]);
    // while a file is read there are no figures yet: what they take would be taken from the reading
    if (labels !== null && version !== this.version && state?.isRead === true) this.soon(version);
    attribute(this.element, 'data-version', this.busy ? null : this.version);
  }

  private soon(version: string): void {
    if (this.busy || this.timer !== undefined) return;
    const wait = Math.max(0, this.last + AGAIN_MS - Date.now());
    const isNew = !this.version;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        void this.work(version);
      },
      isNew ? 0 : wait,
    );
  }

  private async work(version: string): Promise<void> {
    this.busy = true;
    this.version = version;
    try {
      const { labels, split } = this.app.state;
      if (labels && this.app.state.state?.isRead === true) {
        // there may be more of them by now
        const again = await this.app.host.request('label', { source: labels.source });
        if (again) this.app.set({ labels: again });
      }
      this.evaluation = await this.app.host.request('evaluate', { split });
      this.show(this.evaluation);
    } catch (error) {
      this.app.announce(sayError(error), 'error');
    } finally {
      this.busy = false;
      this.last = Date.now();
      this.app.refresh();
    }
  }

  private show(evaluation: LabelledEvaluation): void {
    const { labelled, known, correct, amongBest, best, names, classes, calibration, confusion } = evaluation;
    const unknown = labelled - known;
    this.accuracy.replaceChildren(
      ...(known > 0
        ? [
            h(
              'strong',
              { class: 'accuracy-number', 'data-correct': correct, 'data-known': known },
              percent(correct / known),
            ),
            h('span', {}, l10n.t('{0} of {1} right', correct.toLocaleString(), pictures(known))),
            best > 1
              ? h('span', { class: 'note' }, l10n.t('{0} among the best {1}', percent(amongBest / known), best))
              : '',
          ]
        : []),
      ...(labelled === 0
        ? [h('p', { class: 'note' }, l10n.t('No picture has a label: choose where they come from.'))]
        : []),
      ...(unknown > 0
        ? [
            h(
              'p',
              { class: 'note info', 'data-testid': 'unknown-labels' },
              icon('info', 'info'),
              known === 0
                ? l10n.t('The model knows none of these labels: what it takes them for is below.')
                : l10n.t('{0} have a label that is no class of the model: they are not counted.', pictures(unknown)),
            ),
          ]
        : []),
    );
    const { results } = this.app.state;
    const cell = (label: string, index: number) =>
      this.app.ask(
        { ...everything, label, class: index, sort: 'confidence', descending: true },
        `${label} → ${results!.classes[index] ?? ''}`,
      );
    this.confusion.replaceChildren(
      confusionTable(confusion, names, results!.classes, this.app.state.labels?.classOf ?? new Int32Array(), cell),
    );
    this.classes.replaceChildren(this.classTable(evaluation, classes));
    if (calibration) drawCalibration(this.plot, calibration.bins);
    this.plot.hidden = calibration === null;
    const error = calibration && percent(calibration.ece);
    setText(
      this.ece,
      error === null
        ? l10n.t('There is nothing to compare confidence with.')
        : l10n.t('Expected calibration error {0}: confidence and accuracy differ by that much on average.', error),
    );
    attribute(this.plot, 'aria-label', this.ece.textContent);
    attribute(this.ece, 'data-ece', calibration?.ece);
  }

  private classTable({ names }: LabelledEvaluation, classes: LabelledEvaluation['classes']): HTMLElement {
    const isKnown = (label: number) => (this.app.state.labels?.classOf[label] ?? -1) >= 0;
    const shown = [...classes].sort((a, b) => a.correct / a.support - b.correct / b.support || b.support - a.support);
    const share = (part: number, of: number) => (of === 0 ? '–' : percent(part / of));
    return h(
      'table',
      { class: 'figures-table', 'data-testid': 'by-class' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, l10n.t('Label')),
          h('th', { scope: 'col' }, l10n.t('Pictures')),
          h(
            'th',
            { scope: 'col', title: l10n.t('Of the pictures with this label, how many are predicted so') },
            l10n.t('Recall'),
          ),
          h(
            'th',
            { scope: 'col', title: l10n.t('Of the pictures predicted so, how many have this label') },
            l10n.t('Precision'),
          ),
        ),
      ),
      h(
        'tbody',
        {},
        ...shown.slice(0, 500).map(({ label, support, predicted, correct }) =>
          h(
            'tr',
            {},
            h(
              'th',
              { scope: 'row' },
              h(
                'button',
                {
                  class: 'link',
                  type: 'button',
                  onclick: () => this.app.ask({ ...everything, label: names[label]! }, null),
                },
                names[label],
              ),
            ),
            h('td', {}, support.toLocaleString()),
            h('td', {}, isKnown(label) ? share(correct, support) : '–'),
            h('td', {}, share(correct, predicted)),
          ),
        ),
      ),
    );
  }
}

const lastOf = (path: string): string => path.split(/[\\/]/).pop()!;

const field = (name: string, control: HTMLElement): HTMLElement =>
  h('div', { class: 'field' }, h('span', { class: 'field-name' }, name), control);
