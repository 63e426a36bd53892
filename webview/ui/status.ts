/** What is going on and what went wrong: progress with cancel, an error with Retry, and short notices. */
import * as l10n from '@vscode/l10n';
import type { App, Component } from '../app/app';
import { say } from '../words';
import { button } from './controls';
import { h, icon, setText } from './dom';

export class Progress implements Component {
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
    if (busy !== null) setText(this.text, busy);
  }
}

export class Failure implements Component {
  private readonly message = h('span', { class: 'failure-message', 'data-testid': 'error' });
  private readonly retry: HTMLElement;
  readonly element: HTMLElement;

  constructor(private readonly app: App) {
    this.retry = button(
      'primary',
      { 'data-testid': 'retry', onclick: () => app.host.send({ type: 'retry' }) },
      l10n.t('Retry'),
    );
    this.element = h(
      'div',
      { class: 'failure', role: 'alert', hidden: true },
      icon('error', 'error'),
      this.message,
      this.retry,
    );
  }

  update(): void {
    const { failure } = this.app.state;
    this.element.hidden = failure === null;
    if (!failure) return;
    setText(this.message, say(failure.error));
    this.retry.hidden = !failure.retry;
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
