/** What is said outside the panel: one notification for a failure, and progress for what takes a while. */
import * as vscode from 'vscode';
import type { EngineErrorShape } from '../errors/errorShape';
import { showFailure, showProgress } from './notifications';

const PATIENCE_MS = 500;

export class Failures {
  /** The ways to try again of every panel that failed with the same sentence while its notification is open. */
  readonly #open = new Map<string, Set<() => void>>();

  /** Shows the sentence with Retry. Of panels that fail together (the engine ended) the newest notification replaces the others. */
  report(sentence: string, code: EngineErrorShape['code'], retry: () => void): void {
    const retries = this.#open.get(sentence) ?? new Set();
    const first = retries.size === 0;
    retries.add(retry);
    this.#open.set(sentence, retries);
    if (!first) return;
    const retryTitle = vscode.l10n.t('Retry');
    void showFailure(sentence, code, retryTitle).then((choice) => {
      this.#open.delete(sentence);
      if (choice === retryTitle) for (const again of retries) again();
    });
  }
}

/** Progress with a way to cancel, shown only for what takes more than half a second. */
export class ProgressNotice {
  #pending: { timer: NodeJS.Timeout; done: () => void } | null = null;

  constructor(
    private readonly options: {
      title: () => string;
      /** Asked after half a second: the panels behind the one on screen need not all speak up. */
      isWanted: () => boolean;
      cancel: () => void;
    },
  ) {}

  begin(): void {
    if (this.#pending) return;
    let done: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (done = resolve));
    const { title, isWanted, cancel } = this.options;
    const timer = setTimeout(() => {
      if (!isWanted()) return;
      void showProgress(title(), (_, token) => {
        token.onCancellationRequested(cancel);
        return finished;
      });
    }, PATIENCE_MS);
    this.#pending = { timer, done };
  }

  end(): void {
    if (!this.#pending) return;
    clearTimeout(this.#pending.timer);
    this.#pending.done();
    this.#pending = null;
  }
}
