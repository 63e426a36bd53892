import * as vscode from 'vscode';
import { isImagePath } from '../image/pictureKinds';

/** The picture in the active tab: in an image preview, a text editor (SVG) or a diff, whose right side counts. */
export function activeImage(): vscode.Uri | null {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof vscode.TabInputCustom || input instanceof vscode.TabInputText
      ? input.uri
      : input instanceof vscode.TabInputTextDiff
        ? input.modified
        : null;
  return uri && isImagePath(uri.path) ? uri : null;
}
