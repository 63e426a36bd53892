import { basename } from 'node:path';
import * as vscode from 'vscode';
import { isImagePath } from '../image/pictureKinds';
import { commonFolder, resultsFileOf, type JobPlan } from '../panel/jobs';
import { showWarning } from '../panel/notifications';
import { RESULTS_EDITOR } from '../panel/resultsPanel';
import { folderPatterns, readSettings } from '../panel/settings';
import type { Command, Parts } from './command';

/** Classifies the pictures of a folder, or those selected, into a file of results that is shown from its first row on. */
export const classifyFolder: Command = async (parts, clicked, selected) => {
  const several = Array.isArray(selected) ? selected.filter((uri): uri is vscode.Uri => uri instanceof vscode.Uri) : [];
  const pictures = several.filter(({ path }) => isImagePath(path));
  if (pictures.length > 1) return classifyPictures(parts, pictures);
  const folder = await chosenFolder(clicked instanceof vscode.Uri ? clicked : undefined);
  if (!folder) return;
  const { include, exclude } = folderPatterns(folder);
  await open(parts, {
    file: resultsFileOf(folder.fsPath, basename(folder.fsPath), readSettings(folder).model.id),
    root: folder.fsPath,
    pictures: { folder: folder.fsPath, include, exclude },
    isPaused: false,
  });
};

/** Selected pictures as one table; those of a virtual file system have no path: they are left out, which is said. */
export async function classifyPictures(parts: Parts, pictures: readonly vscode.Uri[]): Promise<void> {
  const files = pictures.filter(({ scheme }) => scheme === 'file').map(({ fsPath }) => fsPath);
  if (files.length < pictures.length) {
    void showWarning(vscode.l10n.t('Pictures without a path on this computer are left out of the table.'));
  }
  if (files.length === 0) return;
  const root = commonFolder(files);
  const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  const file = resultsFileOf(root, `selection-${time}`, readSettings(pictures[0]).model.id);
  await open(parts, { file, root, pictures: { files }, isPaused: false });
}

async function open({ jobs }: Parts, plan: JobPlan): Promise<void> {
  const file = vscode.Uri.file(plan.file);
  jobs.start(plan);
  await jobs.began(plan.file);
  if (jobs.stateOf(plan.file)?.state === 'failed') return;
  await vscode.commands.executeCommand('vscode.openWith', file, RESULTS_EDITOR);
}

async function chosenFolder(clicked: vscode.Uri | undefined): Promise<vscode.Uri | undefined> {
  if (clicked?.scheme === 'file' && !isImagePath(clicked.path)) return clicked;
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      title: vscode.l10n.t('Choose a Folder of Pictures'),
      openLabel: vscode.l10n.t('Classify'),
      defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri,
    })) ?? [];
  return chosen;
}
