/** What is going on and what went wrong: progress with cancel, an error with Retry, and short notices. */
import * as l10n from '@vscode/l10n';
import type { EngineErrorShape } from '../../extension/errors/errorShape';
import type { App, Component } from '../app/app';
import { staleness, type AppState } from '../app/state';
import { say } from '../app/words';
import { button } from './controls';
import { h, icon, setText } from './dom';

/** Of what the dimmed numbers and pixels are. */
function shownText(state: AppState): string | null {
  const { image, model } = state;
  if (staleness(state) === null || !image || !model) return null;
  return l10n.t('Shown is {0} under {1}, from before.', image.name, model.name);
}

export class ProgressBar implements Component {
  private readonly text = h('span', { class: 'progress-text' });
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.element = h(
      'div',
      { class: 'progress', role: 'status', 'data-testid': 'busy', hidden: true },
      icon('loading', 'codicon-modifier-spin'),
      this.text,
      button(
        'icon',
        {
          title: l10n.t('Cancel'),
          'aria-label': l10n.t('Cancel'),
          'data-testid': 'cancel',
          onclick: () => app.host.send({ type: 'cancel' }),
        },
        icon('debug-stop'),
      ),
    );
  }

  update(): void {
    const { busy } = this.app.state;
    this.element.hidden = busy === null;
    if (busy === null) return;
    const shown = shownText(this.app.state);
    setText(this.text, shown ? `${busy} · ${shown}` : busy);
  }
}

/** Errors that another model, or a mended one, does not have. */
const MODEL_ERRORS: ReadonlySet<string> = new Set<EngineErrorShape['code']>([
  'ERR_MODEL',
  'ERR_TENSOR',
  'ERR_ARCHITECTURE',
  'ERR_MEMORY',
]);

export class Failure implements Component {
  private readonly message = h('span', { class: 'failure-message', 'data-testid': 'error' });
  private readonly shown = h('span', { class: 'failure-shown', 'data-testid': 'shown' });
  private readonly retry: HTMLElement;
  /** What helps when the model is at fault. */
  private readonly links: HTMLElement[];
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.retry = button(
      'primary',
      { 'data-testid': 'retry', onclick: () => app.host.send({ type: 'retry' }) },
      l10n.t('Retry'),
    );
    this.links = [
      button(
        'secondary',
        { 'data-testid': 'inspect-model', onclick: () => app.host.send({ type: 'inspect-model' }) },
        l10n.t('Inspect model'),
      ),
      button(
        'secondary',
        { 'data-testid': 'failure-model', onclick: () => app.host.send({ type: 'select-model' }) },
        l10n.t('Change model…'),
      ),
    ];
    this.element = h(
      'div',
      { class: 'failure', role: 'alert', hidden: true },
      icon('error', 'error'),
      this.message,
      ...this.links,
      this.retry,
      this.shown,
    );
  }

  update(): void {
    const { failure } = this.app.state;
    this.element.hidden = failure === null;
    if (!failure) return;
    setText(this.message, say(failure.error));
    this.retry.hidden = !failure.retry;
    const ofModel = MODEL_ERRORS.has(failure.error.code);
    for (const link of this.links) link.hidden = !ofModel;
    const shown = shownText(this.app.state);
    this.shown.hidden = shown === null;
    setText(this.shown, shown ?? '');
  }
}

export class Notice {
  readonly element = h('div', { class: 'notice', role: 'status', 'data-testid': 'notice', hidden: true });
  private timer: ReturnType<typeof setTimeout> | undefined;

  show(text: string, kind: 'info' | 'error'): void {
    clearTimeout(this.timer);
    this.element.replaceChildren(icon(kind, kind), text);
    this.element.hidden = false;
    this.timer = setTimeout(() => (this.element.hidden = true), 6000);
  }
}
