/** Entry of the view of a weight file: what model it is, and the tensors in it. */
import '../app/words';
import './checkpoint.css';
import * as l10n from '@vscode/l10n';
import type { CheckpointConversation, CheckpointHostEvent } from '../../extension/protocol/checkpoint';
import type { ToView } from '../../extension/protocol/rpc';
import { HostConnection } from '../../extension/protocol/view';
import { say } from '../app/words';
import { button, provideControls } from '../ui/controls';
import { attribute, h, icon, setText } from '../ui/dom';
import { fileBar } from '../ui/fileBar';
import { percent } from '../ui/format';
import { ModelFacts } from './modelFacts';
import { TensorTable } from './tensorTable';

/** Given to every webview by VS Code. */
declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

provideControls();
const api = acquireVsCodeApi();
const host = new HostConnection<CheckpointConversation>((message) => api.postMessage(message), receive);

const send = (type: 'use-model' | 'text-report' | 'read-values' | 'retry') => () => host.send({ type });

const model = new ModelFacts();
const tensors = new TensorTable(() => undefined);
const use = button('primary', { 'data-testid': 'use-model', onclick: send('use-model') }, l10n.t('Use this model'));
const report = button(
  'secondary',
  { 'data-testid': 'text-report', onclick: send('text-report') },
  l10n.t('Show as text'),
);
const progress = h('span', { class: 'reading', role: 'status', 'data-testid': 'reading' });
const readValues = button(
  'secondary',
  { 'data-testid': 'read-values', onclick: send('read-values') },
  l10n.t('Read the values'),
);
const failure = h('span', { class: 'failure-message', 'data-testid': 'error' });
const failureBar = h(
  'div',
  { class: 'failure', role: 'alert', hidden: true },
  icon('error', 'error'),
  failure,
  button('primary', { 'data-testid': 'retry', onclick: send('retry') }, l10n.t('Retry')),
);
const { name = '' } = document.body.dataset;
use.hidden = true;
readValues.hidden = true;

const root = document.body.appendChild(
  h(
    'div',
    { id: 'root' },
    fileBar(name, progress, readValues, report, use),
    failureBar,
    h(
      'main',
      { class: 'body' },
      h('div', { class: 'stage' }, tensors.element),
      h('aside', { class: 'side', 'aria-label': l10n.t('Model') }, model.element),
    ),
  ),
);

function receive(event: CheckpointHostEvent): void {
  switch (event.type) {
    case 'model':
      model.show(event.report, event.refusal);
      use.hidden = event.report?.runnable !== true;
      break;
    case 'tensors':
      // what cannot be read is said by the verdict, too
      failureBar.hidden = event.refusal === null;
      if (event.refusal) setText(failure, say(event.refusal));
      if (event.file) tensors.show(event.file);
      attribute(root, 'data-tensors', event.file?.total ?? 0);
      break;
    case 'reading':
      setText(progress, event.share === null ? '' : l10n.t('Reading values… {0}', percent(event.share)));
      readValues.hidden = !event.waits;
      attribute(root, 'data-state', event.share === null ? 'ready' : 'reading');
      break;
  }
}

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  // others post to this window too (the webview's own frame, browser extensions)
  if (typeof data === 'object' && data !== null && 'kind' in data) host.receive(data as ToView<CheckpointConversation>);
});
document.title = name;
host.send({ type: 'ready' });
