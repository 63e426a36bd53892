/** The renderer of notebook outputs asks for its texts in the reader's language: its page knows no language. */
import * as vscode from 'vscode';

export function answerRenderer(): vscode.Disposable {
  const messaging = vscode.notebooks.createRendererMessaging('vit-inspector.map');
  return messaging.onDidReceiveMessage(({ editor }) => {
    void messaging.postMessage({ words: vscode.l10n.bundle ?? null }, editor);
  });
}
