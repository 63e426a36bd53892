/** Read-only editors of files: VS Code makes the tab, a panel fills it. */
import type * as vscode from 'vscode';

interface Filled {
  dispose(): void;
}

export class FileEditor implements vscode.CustomReadonlyEditorProvider, vscode.Disposable {
  readonly #open = new Set<Filled>();

  /** @param fill makes what is in the tab of a file */
  constructor(private readonly fill: (uri: vscode.Uri, panel: vscode.WebviewPanel) => Filled) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const opened = this.fill(uri, panel);
    this.#open.add(opened);
    panel.onDidDispose(() => {
      this.#open.delete(opened);
      opened.dispose();
    });
  }

  dispose(): void {
    for (const opened of this.#open) opened.dispose();
    this.#open.clear();
  }
}
