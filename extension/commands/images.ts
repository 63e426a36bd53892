import * as vscode from 'vscode';
import { IMAGE_EXTENSIONS, isImagePath } from '../image/pictureKinds';
import { activeImage } from '../panel/activeImage';

/**
 * The pictures a command is about: those selected in the explorer, the one whose editor title was clicked, the one in
 * the active editor; failing all, those chosen in a dialog. Empty when the dialog is closed. Folders of a selection are left out.
 */
export async function chosenImages(clicked: unknown, selected: unknown): Promise<vscode.Uri[]> {
  const several = Array.isArray(selected) ? selected.filter(isImage) : [];
  if (several.length > 0) return several;
  if (isImage(clicked)) return [clicked];
  const active = activeImage();
  if (active) return [active];
  const chosen = await vscode.window.showOpenDialog({
    canSelectMany: true,
    title: vscode.l10n.t('Choose Images to Inspect'),
    openLabel: vscode.l10n.t('Inspect'),
    filters: { [vscode.l10n.t('Images')]: IMAGE_EXTENSIONS },
  });
  return chosen ?? [];
}

/** A folder may be part of a selection; only pictures count. */
function isImage(uri: unknown): uri is vscode.Uri {
  return uri instanceof vscode.Uri && isImagePath(uri.path);
}
