import * as vscode from 'vscode';
import { plainText } from '../errors/plainText';

const SCHEME = 'vit-report';

/** Text for reading: opens in an editor tab, cannot be edited, is never asked to be saved. */
export class Reports implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.#changed.event;
  readonly #registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);

  async show(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${plainText(name).replaceAll('/', '-')}` });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true });
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    // after a window reload the text is gone with the process that made it
    return this.#texts.get(uri.toString()) ?? vscode.l10n.t('This report is no longer kept: run its command again.');
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}
