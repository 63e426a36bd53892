/** The jobs of this window that classify many pictures, each by the results file it writes. */
import * as vscode from 'vscode';
import type { JobState } from '../protocol/results';

export class Jobs implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<string>();
  /** A job's file: its job has come further, or has ended. */
  readonly onDidChange = this.#changed.event;

  stateOf(_file: string): JobState | null {
    return null;
  }

  act(_file: string, _act: 'pause' | 'resume' | 'cancel'): void {
    // none yet
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
