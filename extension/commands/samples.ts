import * as vscode from 'vscode';
import { isImagePath } from '../image/pictureKinds';
import type { ViewState } from '../protocol/panel';
import type { Command, Parts } from './command';

/** Lets a newcomer try a picture that comes with the extension. */
export const trySamplePicture: Command = (parts) => openSample(parts, {});

/** The same, with the walk-through first. */
export const walkThroughSample: Command = (parts) => openSample(parts, { view: 'walkthrough' });

async function openSample(parts: Parts, state: Partial<ViewState>): Promise<void> {
  const folder = await sampleFolder(parts);
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const names = entries.map(([name]) => name).filter(isImagePath);
  const chosen = await vscode.window.showQuickPick(names.sort(), {
    title: vscode.l10n.t('Choose a Sample Picture'),
  });
  if (chosen !== undefined) parts.panels.open(vscode.Uri.joinPath(folder, chosen), state);
}

/** Opens the article's worked example as a model file that can be changed and run. */
export const openSampleModel: Command = async (parts) => {
  const file = vscode.Uri.joinPath(await sampleFolder(parts), 'mountain-dusk.vit.json');
  await vscode.window.showTextDocument(file);
};

/** A copy of the samples that may be written to; what a user changed there stays. */
async function sampleFolder({ context }: Parts): Promise<vscode.Uri> {
  const shipped = vscode.Uri.joinPath(context.extensionUri, 'samples');
  const copy = vscode.Uri.joinPath(context.globalStorageUri, 'samples');
  await vscode.workspace.fs.createDirectory(copy);
  const present = new Set((await vscode.workspace.fs.readDirectory(copy)).map(([name]) => name));
  for (const [name, type] of await vscode.workspace.fs.readDirectory(shipped)) {
    if (type !== vscode.FileType.File || present.has(name)) continue;
    await vscode.workspace.fs.copy(vscode.Uri.joinPath(shipped, name), vscode.Uri.joinPath(copy, name));
  }
  return copy;
}
