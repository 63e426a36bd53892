/** Says where a file was written, with ways to it. */
import * as vscode from 'vscode';
import { showInformation } from './notifications';

/** Resolves when the notification is gone and what was chosen is done. */
export async function saySaved(file: vscode.Uri): Promise<void> {
  const [open, reveal] = [vscode.l10n.t('Open'), vscode.l10n.t('Reveal')];
  const where = file.scheme === 'file' ? file.fsPath : file.toString(true);
  const choice = await showInformation(vscode.l10n.t('Saved {0}', where), open, reveal);
  if (choice === open) await vscode.commands.executeCommand('vscode.open', file);
  if (choice === reveal) await vscode.commands.executeCommand(revealCommand(file), file);
}

/** The system's own window of files where the file is on this machine and VS Code is a program on it; else the explorer. */
function revealCommand(file: vscode.Uri): string {
  const isHere = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  return isHere && file.scheme === 'file' ? 'revealFileInOS' : 'revealInExplorer';
}
