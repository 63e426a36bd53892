/** The confusion matrix as a table of buttons: labels down, predictions across. */
import * as l10n from '@vscode/l10n';
import type { Confusion } from '../../extension/results/evaluation';
import { h } from '../ui/dom';
import { pictures } from './rowWords';

/** More rows or columns are not read: then those with most pictures. */
const MOST = 30;

/** @param choose a label's name and a class's number: show their pictures */
export function confusionTable(
  { labels, classes, counts }: Confusion,
  names: readonly string[],
  classNames: readonly string[],
  classOf: Int32Array,
  choose: (label: string, index: number) => void,
): HTMLElement {
  const columns = classes.length;
  const at = (i: number, j: number): number => counts[i * columns + j]!;
  const rowSum = (i: number) => sum(columns, (j) => at(i, j));
  const down = largest(labels.length, rowSum);
  const across = largest(columns, (j) => sum(labels.length, (i) => at(i, j)));
  const head = across.map((j) =>
    h('th', { scope: 'col', title: classNames[classes[j]!] }, h('span', {}, classNames[classes[j]!] ?? '')),
  );
  const body = down.map((i) => {
    const name = names[labels[i]!]!;
    const all = Math.max(1, rowSum(i));
    const cells = across.map((j) => {
      const count = at(i, j);
      if (count === 0) return h('td', {});
      const index = classes[j]!;
      const isRight = classOf[labels[i]!] === index;
      const cell = h('button', {
        class: isRight ? 'cell right' : 'cell',
        type: 'button',
        'data-label': name,
        'data-class': index,
        'data-count': count,
        title: l10n.t('{0} labelled {1}, predicted {2}', pictures(count), name, classNames[index] ?? ''),
        onclick: () => choose(name, index),
      });
      cell.textContent = String(count);
      cell.style.setProperty('--share', (count / all).toFixed(3));
      return h('td', {}, cell);
    });
    return h('tr', {}, h('th', { scope: 'row', title: name }, name), ...cells);
  });
  const hidden = labels.length > down.length || columns > across.length;
  return h(
    'div',
    {},
    h(
      'table',
      { class: 'confusion' },
      h('caption', { class: 'visually-hidden' }, l10n.t('Labels down, predictions across')),
      h('thead', {}, h('tr', {}, h('td', { class: 'corner' }, l10n.t('label ╲ prediction')), ...head)),
      h('tbody', {}, ...body),
    ),
    hidden ? h('p', { class: 'note' }, l10n.t('The {0} with most pictures.', MOST)) : null,
  );
}

function sum(n: number, of: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += of(i);
  return total;
}

/** The places of the largest, in their own order. */
function largest(n: number, of: (i: number) => number): number[] {
  const all = Array.from({ length: n }, (_, i) => i);
  if (n <= MOST) return all;
  const sizes = all.map(of);
  return all
    .sort((a, b) => sizes[b]! - sizes[a]!)
    .slice(0, MOST)
    .sort((a, b) => a - b);
}
