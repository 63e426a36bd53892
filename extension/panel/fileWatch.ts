import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';

const QUIET_MS = 250;

export type FileChange = 'written' | 'deleted';

/**
 * Calls back once after each burst of changes to a file: editors and generators write in several steps, and some replace
 * a file by deleting it.
 */
export function watchFile(uri: vscode.Uri, changed: (what: FileChange) => void): vscode.Disposable {
  // The folder is watched, and the name compared: a file's name may hold the characters of a glob.
  const folder = vscode.Uri.joinPath(uri, '..');
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'));
  let burst = new AbortController();
  const happened = (what: FileChange) => async (file: vscode.Uri) => {
    if (file.toString() !== uri.toString()) return;
    burst.abort();
    burst = new AbortController();
    const quiet = await delay(QUIET_MS, true, { signal: burst.signal }).catch(() => false);
    if (quiet) changed(what);
  };
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(happened('written')),
    watcher.onDidCreate(happened('written')),
    watcher.onDidDelete(happened('deleted')),
    new vscode.Disposable(() => burst.abort()),
  );
}
