/** Entry of the view of a .npy file: one of its matrices as a picture, and what its values are like. */
import '../app/words';
import './array.css';
import * as l10n from '@vscode/l10n';
import type { ArrayView } from '../../extension/files/arrayView';
import type { ArrayConversation, ArrayHostEvent } from '../../extension/protocol/array';
import type { ToView } from '../../extension/protocol/rpc';
import { HostConnection } from '../../extension/protocol/view';
import { say } from '../app/words';
import { onThemeChange } from '../drawing/theme';
import { button, provideControls, slider } from '../ui/controls';
import { attribute, h, icon, setText } from '../ui/dom';
import { fileBar } from '../ui/fileBar';
import { bytes, shape, value } from '../ui/format';
import { numberedRow } from '../ui/names';
import { facts, section } from '../ui/section';
import { MatrixView } from '../walk/matrixView';
import { firstChoices, OnPicture, type Choices } from './onPicture';

/** Given to every webview by VS Code. */
declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

provideControls();
const api = acquireVsCodeApi();
const host = new HostConnection<ArrayConversation>((message) => api.postMessage(message), receive);

const { name = '' } = document.body.dataset;
const matrix = new MatrixView();
const place = slider(l10n.t('Matrix'), { 'data-testid': 'matrix-number', step: 1 }, (number) =>
  host.send({ type: 'matrix', index: number - 1 }),
);
const onPicture = new OnPicture(
  // what this view itself has saved
  { ...firstChoices, ...(api.getState() as Partial<Choices> | undefined) },
  {
    choose: () => host.send({ type: 'choose-picture' }),
    forget: () => host.send({ type: 'no-picture' }),
    changed: (choices) => api.setState(choices),
  },
);
const said = h('div', { 'data-testid': 'facts' });
const failure = h('span', { class: 'failure-message', 'data-testid': 'error' });
const failureBar = h(
  'div',
  { class: 'failure', role: 'alert', hidden: true },
  icon('error', 'error'),
  failure,
  button('primary', { 'data-testid': 'retry', onclick: () => host.send({ type: 'retry' }) }, l10n.t('Retry')),
);
const stage = h('div', { class: 'stage array-stage', hidden: true }, place.element, onPicture.element, matrix.element);
const side = h(
  'aside',
  { class: 'side', 'aria-label': l10n.t('Values') },
  onPicture.side,
  section(l10n.t('Values'), 'values', true, said),
);

const root = document.body.appendChild(
  h('div', { id: 'root' }, fileBar(name), failureBar, h('main', { class: 'body' }, stage, side)),
);

function receive(event: ArrayHostEvent): void {
  if (event.type === 'picture') {
    void onPicture.showPicture(event.picture, event.refusal ? say(event.refusal) : '');
    return;
  }
  if (event.type === 'reading') return onPicture.readAs(event.reading);
  const { array, refusal } = event;
  failureBar.hidden = refusal === null;
  if (refusal) setText(failure, say(refusal));
  attribute(root, 'data-state', refusal ? 'error' : 'ready');
  if (array) show(array);
}

let shown: ArrayView | null = null;

function show(array: ArrayView): void {
  shown = array;
  const { matrices, index, rows, columns, values, statistics } = array;
  stage.hidden = values.length === 0;
  place.element.hidden = matrices < 2;
  const at = placeOf(array);
  place.set({ min: 1, max: Math.max(1, matrices), value: index + 1 }, `${at} · ${index + 1} / ${matrices}`);
  const signed = statistics.least < 0;
  onPicture.showArray(array);
  matrix.show({
    matrix: { rows, columns, values },
    ...(signed ? { colorMap: 'puor_r', scale: 'symmetric' } : { colorMap: 'viridis', scale: 'range' }),
    rowName: numberedRow,
    columnName: (column) => l10n.t('column {0}', column + 1),
    axes: l10n.t('{0} down, {1} across', rows, columns),
    chosen: null,
    square: rows > 1 && rows === columns,
  });
  said.replaceChildren(
    facts([
      [l10n.t('Shape'), shape(array.shape)],
      [l10n.t('Type'), array.dtype],
      [l10n.t('File size'), bytes(array.bytes)],
      [l10n.t('How many'), statistics.count.toLocaleString()],
      [l10n.t('Mean'), value(statistics.mean)],
      [l10n.t('RMS'), value(statistics.rms)],
      [l10n.t('Least'), value(statistics.least)],
      [l10n.t('Largest'), value(statistics.most)],
      [l10n.t('Zeros'), statistics.zeros.toLocaleString()],
      [l10n.t('Not finite'), statistics.notFinite.toLocaleString()],
    ]),
  );
}

/** "[0, 3, :, :]": which matrix of the array it is, as NumPy writes it. */
function placeOf({ shape: sides, index }: ArrayView): string {
  const place: number[] = [];
  let rest = index;
  for (const side of sides.slice(0, -2).reverse()) {
    place.unshift(rest % side);
    rest = Math.floor(rest / side);
  }
  return `[${[...place, ':', ':'].join(', ')}]`;
}

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  // others post to this window too (the webview's own frame, browser extensions)
  if (typeof data === 'object' && data !== null && 'kind' in data) host.receive(data as ToView<ArrayConversation>);
});
onThemeChange(() => shown && show(shown));
document.title = name;
host.send({ type: 'ready' });
