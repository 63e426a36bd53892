/** The row that is looked at: its picture, what the model says, tags, and pictures like it. */
import * as l10n from '@vscode/l10n';
import { TAGS } from '../../extension/results/format';
import { everything } from '../../extension/results/query';
import type { PicturedRow } from '../../extension/protocol/results';
import { say, sayError } from '../app/words';
import { button } from '../ui/controls';
import { attribute, h, icon } from '../ui/dom';
import { facts, section } from '../ui/section';
import type { Part, ResultsApp } from './app';
import { energyText, pictures, scoreText, tagName } from './rowWords';
import { fillThumbnail, makeThumbnail } from './thumbnail';

/** Pictures like it that are shown. */
const ALIKE = 12;

export class ChosenPicture implements Part {
  private readonly body = h('div', { class: 'chosen' });
  private readonly alike = h('div', { class: 'alike', 'data-testid': 'alike' });
  readonly element: HTMLElement;
  private shown: PicturedRow | null | undefined;
  private asked: number | null = null;

  constructor(private readonly app: ResultsApp) {
    this.element = section(l10n.t('Chosen picture'), 'chosen', true, this.body, this.alike);
  }

  update(): void {
    const { chosen } = this.app.state;
    const found = chosen && this.app.windows.at(chosen.at);
    const row = found?.row === chosen?.row ? found : null;
    if (chosen && !row && this.shown?.row === chosen.row) return; // its page is on its way
    if (row === this.shown) return;
    const isOther = row?.row !== this.shown?.row;
    this.shown = row;
    attribute(this.element, 'data-row', row?.row);
    this.body.replaceChildren(...(row ? this.parts(row) : [h('p', { class: 'note' }, l10n.t('Choose a picture.'))]));
    if (isOther) void this.showAlike(row);
  }

  private parts(row: PicturedRow): HTMLElement[] {
    const { scores, classes } = this.app.state.results!;
    const thumb = makeThumbnail('chosen-thumb', row.id);
    fillThumbnail(thumb, row, true);
    const open = () => this.app.host.send({ type: 'open-row', ...this.app.state.chosen!, query: this.app.state.query });
    const tags = TAGS.map((tag) =>
      h(
        'button',
        {
          ...{ class: 'chip', type: 'button', role: 'switch', 'aria-checked': String(row.tag === tag) },
          ...{
            'data-testid': `tag-${tag.replace(' ', '-')}`,
            onclick: () => void this.tag(row, row.tag === tag ? null : tag),
          },
        },
        tagName(tag),
      ),
    );
    const bars = row.predictions.map(({ index, probability, logit }) => {
      const bar = h('span', { class: 'prediction-bar' });
      bar.style.setProperty('--share', `${(probability ?? 0) * 100}%`);
      const score = scoreText(probability ?? logit, scores);
      return h('li', { class: 'score' }, bar, h('span', {}, classes[index] ?? ''), h('span', {}, score));
    });
    return [
      thumb,
      h(
        'div',
        { class: 'chosen-said' },
        h('strong', { class: 'chosen-name', title: row.id }, row.id),
        row.error ? h('p', { class: 'note error', 'data-testid': 'row-error' }, say(row.error)) : null,
        h('ul', { class: 'scores' }, ...bars),
        facts([
          [l10n.t('Label'), row.label],
          [l10n.t('Size'), row.size && `${row.size[0]} × ${row.size[1]}`],
          [l10n.t('Energy'), row.energy === null ? null : energyText(row.energy)],
          [l10n.t('Other file'), row.other && `${row.other.label} ${scoreText(row.other.score, scores)}`],
        ]),
        row.unfamiliar
          ? h('p', { class: 'note info' }, icon('info', 'info'), l10n.t('Unlike what the model was trained on.'))
          : null,
        h('div', { class: 'chips', role: 'group', 'aria-label': l10n.t('Tags') }, ...tags),
        button('secondary', { 'data-testid': 'open-row', onclick: open }, l10n.t('Open in Its Panel')),
      ),
    ].filter((part) => part !== null);
  }

  private async tag(row: PicturedRow, tag: PicturedRow['tag']): Promise<void> {
    try {
      await this.app.host.request('tag', { rows: Uint32Array.of(row.row), tag });
    } catch (error) {
      this.app.announce(sayError(error), 'error');
    }
  }

  private async showAlike(row: PicturedRow | null): Promise<void> {
    this.asked = row?.row ?? null;
    this.alike.hidden = true;
    if (!row || row.error || this.app.state.results?.hasEmbeddings !== true) return;
    try {
      const found = await this.app.host.request('similar', { row: row.row, count: ALIKE });
      if (this.asked !== row.row || found.length === 0) return;
      const tiles = found.map(({ picture: like, similarity }) => {
        const thumb = makeThumbnail('alike-thumb');
        fillThumbnail(thumb, like, true);
        const title = `${like.id}\n${l10n.t('Cosine {0}', similarity.toFixed(3))}`;
        return h(
          'button',
          { class: 'alike-picture', type: 'button', title, onclick: () => this.only(row, like) },
          thumb,
        );
      });
      const rows = Uint32Array.from([row.row, ...found.map((each) => each.row)]);
      this.alike.replaceChildren(
        h('span', { class: 'field-name wide' }, l10n.t('Most similar to the model')),
        ...tiles,
        button(
          'secondary',
          {
            'data-testid': 'show-alike',
            onclick: () => this.app.ask({ ...everything, rows }, l10n.t('Like {0}', row.id)),
          },
          l10n.t('Show in the list'),
        ),
      );
      this.alike.hidden = false;
    } catch (error) {
      this.app.announce(sayError(error), 'error');
    }
  }

  /** The two side by side. */
  private only(row: PicturedRow, like: PicturedRow): void {
    this.app.ask({ ...everything, rows: Uint32Array.of(row.row, like.row) }, pictures(2));
  }
}
