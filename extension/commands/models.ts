import * as vscode from 'vscode';
import type { ModelDescription } from '../architecture/description';
import { cachedSnapshot } from '../models/hub/cache';
import { hubSettings } from '../models/hub/settings';
import { assertRunnable, openModel, type OpenOptions } from '../models/open';
import { readSettings } from '../panel/settings';

/** Relative paths count from the first folder on disk; ids of the hub are looked up in its cache. */
export function modelOptions({ extensionPath }: { extensionPath: string }): OpenOptions {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file');
  const resolveId = async (id: string) => cachedSnapshot((await hubSettings()).cacheDir, id);
  return { root: extensionPath, cwd: folder?.uri.fsPath, resolveId };
}

/** The model of the settings; throws with a sentence when it cannot be run. */
export async function modelInUse(context: { extensionPath: string }): Promise<ModelDescription> {
  const description = await openModel(readSettings().model.id, modelOptions(context));
  assertRunnable(description);
  return description;
}

/** Runs `work` under a notification with Cancel. */
export function withProgress<T>(
  title: string,
  work: (signal: AbortSignal, report: (message: string, percent?: number) => void) => Promise<T>,
): Thenable<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ location, title, cancellable: true }, async (progress, cancellation) => {
    const controller = new AbortController();
    const subscription = cancellation.onCancellationRequested(() => controller.abort());
    let reported = 0;
    try {
      return await work(controller.signal, (message, percent) => {
        progress.report({ message, increment: percent === undefined ? undefined : percent - reported });
        reported = percent ?? reported;
      });
    } finally {
      subscription.dispose();
    }
  });
}
