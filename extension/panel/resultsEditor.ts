/** Files of results as VS Code opens them: read-only editors, all with one engine process that is theirs alone. */
import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/client';
import { ResultsPanel, type ResultsParts } from './resultsPanel';

export const RESULTS_EDITOR = 'vitInspector.results';

export class ResultsEditor implements vscode.CustomReadonlyEditorProvider, vscode.Disposable {
  readonly #open = new Set<ResultsPanel>();

  constructor(private readonly parts: Omit<ResultsParts, 'engine'> & { engine: EngineClient }) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const opened = new ResultsPanel(uri, panel, this.parts);
    this.#open.add(opened);
    panel.onDidDispose(() => {
      this.#open.delete(opened);
      opened.dispose();
      // its tables take memory; the next file starts another
      if (this.#open.size === 0) this.parts.engine.restart();
    });
  }

  dispose(): void {
    for (const panel of this.#open) panel.dispose();
    this.#open.clear();
  }
}
