import * as vscode from 'vscode';

const QUIET_MS = 250;

/** Calls back once after each burst of writes to a file: editors and generators write in several steps. */
export function watchFile(uri: vscode.Uri, changed: () => void): vscode.Disposable {
  // The folder is watched, and the name compared: a file's name may hold the characters of a glob.
  const folder = vscode.Uri.joinPath(uri, '..');
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'), false, false, true);
  let timer: NodeJS.Timeout | undefined;
  const written = (file: vscode.Uri) => {
    if (file.toString() !== uri.toString()) return;
    clearTimeout(timer);
    timer = setTimeout(changed, QUIET_MS);
  };
  return vscode.Disposable.from(
    watcher,
    watcher.onDidChange(written),
    watcher.onDidCreate(written),
    new vscode.Disposable(() => clearTimeout(timer)),
  );
}
