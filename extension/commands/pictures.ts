import { basename } from 'node:path';
import * as vscode from 'vscode';
import { isImagePath } from '../image/pictureKinds';
import { fileName } from '../panel/source';
import { showInformation } from '../panel/notifications';
import type { Command, Parts } from './command';

/** Around the folder of the picture in front, in the order of the explorer. */
const another =
  (by: 1 | -1): Command =>
  async ({ panels }) => {
    const { shown, inFront } = panels;
    if (!shown) return;
    if (inFront?.sequence) {
      const next = await inFront.sequence(by);
      if (next && next.toString() !== shown.toString()) panels.replace(next, inFront.sequence);
      return;
    }
    const folder = vscode.Uri.joinPath(shown, '..');
    const entries = await vscode.workspace.fs.readDirectory(folder);
    const isPicture = ([name, type]: [string, vscode.FileType]) => type & vscode.FileType.File && isImagePath(name);
    const { compare } = new Intl.Collator(undefined, { numeric: true });
    const present = basename(shown.path);
    // one that was deleted still has its place among the others
    const others = new Set(entries.filter(isPicture).map(([name]) => name)).add(present);
    const names = [...others].sort(compare);
    const next = names[(names.indexOf(present) + by + names.length) % names.length]!;
    if (next === present)
      void showInformation(vscode.l10n.t('{0} is the only picture in its folder.', fileName(shown)));
    else panels.replace(vscode.Uri.joinPath(folder, next));
  };

export const nextPicture: Command = another(1);
export const previousPicture: Command = another(-1);

const withPicture =
  (act: (picture: vscode.Uri) => Thenable<unknown>): Command =>
  ({ panels }: Parts) =>
    panels.atHand && act(panels.atHand);

export const revealPicture: Command = withPicture((picture) =>
  vscode.commands.executeCommand('revealInExplorer', picture),
);

/** What VS Code's own editor of pictures shows; of others it knows what to open them with, "default" is its editor of texts. */
const PREVIEWED = /\.(png|jpe?g|webp|gif|bmp|avif|svg)$/i;

/** In the editor VS Code has for pictures. */
export const openPicture: Command = withPicture((picture) =>
  PREVIEWED.test(picture.path)
    ? vscode.commands.executeCommand('vscode.openWith', picture, 'imagePreview.previewEditor', { preview: true })
    : vscode.commands.executeCommand('vscode.open', picture, { preview: true }),
);
