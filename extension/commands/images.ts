import * as vscode from 'vscode';
import { IMAGE_EXTENSIONS, isImagePath } from '../image/pictureKinds';
import { activeImage } from '../panel/activeImage';
import { labelText } from '../panel/notifications';

/**
 * The pictures a command is about: those selected in the explorer, the one whose editor title was clicked, the one in
 * the active editor; failing all, `otherwise`, or those chosen in a dialog. Empty when the dialog is closed. Folders of a selection are
 * left out.
 */
export async function chosenImages(clicked: unknown, selected: unknown, otherwise?: vscode.Uri): Promise<vscode.Uri[]> {
  const several = Array.isArray(selected) ? selected.filter(isImage) : [];
  if (several.length > 0) return several;
  if (isImage(clicked)) return [clicked];
  const active = activeImage() ?? otherwise;
  if (active) return [active];
  const chosen = await vscode.window.showOpenDialog({
    canSelectMany: true,
    title: vscode.l10n.t('Choose Images to Inspect'),
    openLabel: vscode.l10n.t('Inspect'),
    filters: { [vscode.l10n.t('Images')]: IMAGE_EXTENSIONS },
  });
  return chosen ?? [];
}

const MOST_LISTED = 100;

/** One picture of the workspace, or of anywhere else. @param except one that is not offered */
export async function choosePicture(
  title: string,
  { placeHolder, except }: { placeHolder?: string; except?: vscode.Uri } = {},
): Promise<vscode.Uri | undefined> {
  const glob = `**/*.{${IMAGE_EXTENSIONS.join(',')}}`;
  const found = await vscode.workspace.findFiles(glob, '**/{node_modules,.git}/**', MOST_LISTED);
  const rows = found
    .filter((uri) => uri.toString() !== except?.toString())
    .map((uri) => ({ label: labelText(vscode.workspace.asRelativePath(uri)), uri }))
    .sort((a, b) => a.label.localeCompare(b.label));
  const browse = { label: `$(folder-opened) ${vscode.l10n.t('Browse for a File…')}`, uri: undefined };
  const chosen = await vscode.window.showQuickPick([...rows, browse], { title, placeHolder });
  if (!chosen || chosen.uri) return chosen?.uri;
  const [file] =
    (await vscode.window.showOpenDialog({ filters: { [vscode.l10n.t('Images')]: IMAGE_EXTENSIONS } })) ?? [];
  return file;
}

/** A folder may be part of a selection; only pictures count. */
function isImage(uri: unknown): uri is vscode.Uri {
  return uri instanceof vscode.Uri && isImagePath(uri.path);
}
