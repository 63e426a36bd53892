import { isModelFile } from '../models/files/modelFileName';
import * as vscode from 'vscode';
import { namedFile } from '../models/files/namedFile';
import type { Command, Parts } from './command';
import { choosePicture } from './images';
import { confinedTo } from './models';

/** Runs the .vit.json that was clicked or is being edited on its picture, and shows it step by step. */
export const runModelFile: Command = async (parts, clicked) => {
  const uri = clicked instanceof vscode.Uri ? clicked : vscode.window.activeTextEditor?.document.uri;
  if (!uri || !isModelFile(uri.path)) {
    throw new Error(vscode.l10n.t('Open a .vit.json file first: it describes the model to run.'));
  }
  if (uri.scheme !== 'file') {
    throw new Error(vscode.l10n.t('{0} is not on a disk: save it in a folder first.', uri.path));
  }
  const document = await vscode.workspace.openTextDocument(uri);
  if (document.isDirty) await document.save();
  const picture = await pictureOf(parts, document);
  if (picture) parts.panels.open(picture, { view: 'walkthrough' }, uri.fsPath);
};

/** The picture the file names; else the one chosen for it before, else one chosen now. */
async function pictureOf(
  { context, modelFiles }: Parts,
  document: vscode.TextDocument,
): Promise<vscode.Uri | undefined> {
  const { picture } = await modelFiles.check(document);
  if (picture !== null) {
    return vscode.Uri.file(await namedFile(document.uri.fsPath, 'image', picture, confinedTo()));
  }
  const key = `picture:${document.uri.toString()}`;
  const remembered = context.workspaceState.get<string>(key);
  if (remembered !== undefined) {
    const uri = vscode.Uri.parse(remembered, true);
    if (await exists(uri)) return uri;
  }
  const chosen = await choosePicture(vscode.l10n.t('Choose the Picture for This Model'), {
    placeHolder: vscode.l10n.t('It is remembered; "image" in the file sets it for everyone.'),
  });
  if (chosen) await context.workspaceState.update(key, chosen.toString());
  return chosen;
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
