/**
 * Text in VS Code's own surfaces. It makes links of `[text](command:…)` in notifications, also in those of progress, and icons of
 * `$(name)` in labels: text from files is in them, and has to stay text. Every notification and every label goes through here.
 */
import * as vscode from 'vscode';
import type { EngineErrorShape } from '../errors/errorShape';
import { plainMessage, plainText } from '../errors/plainText';

/** A link begins where a bracket and a parenthesis meet. */
export const notificationText = (text: string): string => plainMessage(text).replaceAll('](', '] (');

/** For quick picks, lenses and the status bar; an icon of ours is put before it. */
export const labelText = (text: string): string => plainText(text).replaceAll('$(', '$ (');

export const showError = (text: string, ...actions: string[]): Thenable<string | undefined> =>
  vscode.window.showErrorMessage(notificationText(text), ...actions);

/** An error with a way out of it where there is one: trusting the workspace. */
export async function showFailure(
  text: string,
  code: EngineErrorShape['code'],
  ...actions: string[]
): Promise<string | undefined> {
  if (code !== 'ERR_UNTRUSTED') return showError(text, ...actions);
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const choice = await showError(text, manage, ...actions);
  if (choice === manage) await vscode.commands.executeCommand('workbench.trust.manage');
  return choice;
}

export const showWarning = (text: string, ...actions: string[]): Thenable<string | undefined> =>
  vscode.window.showWarningMessage(notificationText(text), ...actions);

export const showInformation = (text: string, ...actions: string[]): Thenable<string | undefined> =>
  vscode.window.showInformationMessage(notificationText(text), ...actions);

/** Runs `work` under a notification with Cancel; it reports steps and asks a token, as VS Code has them. */
export function showProgress<T>(
  title: string,
  work: (
    report: (step: { message?: string; increment?: number }) => void,
    token: vscode.CancellationToken,
  ) => Thenable<T>,
): Thenable<T> {
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress(
    { location, title: notificationText(title), cancellable: true },
    (progress, token) =>
      work(
        ({ message, increment }) =>
          progress.report({ message: message === undefined ? undefined : notificationText(message), increment }),
        token,
      ),
  );
}

/** The same for work that takes a signal and says how much of it is done, in percent. */
export function withProgress<T>(
  title: string,
  work: (signal: AbortSignal, report: (message: string, percent?: number) => void) => Promise<T>,
): Thenable<T> {
  return showProgress(title, async (step, cancellation) => {
    const controller = new AbortController();
    const subscription = cancellation.onCancellationRequested(() => controller.abort());
    let reported = 0;
    try {
      return await work(controller.signal, (message, percent) => {
        step({ message, increment: percent === undefined ? undefined : percent - reported });
        reported = percent ?? reported;
      });
    } finally {
      subscription.dispose();
    }
  });
}
