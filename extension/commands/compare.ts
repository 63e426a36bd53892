/** Sets the picture of the panel in front beside another picture, another model, or what it was in the last commit. */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { inLastCommit, modelInLastCommit } from '../panel/lastCommit';
import type { ImagePanel } from '../panel/imagePanel';
import { readSettings } from '../panel/settings';
import type { Command, Parts } from './command';
import { choosePicture, chosenImages } from './images';
import { pickModel } from './selectModel';

/** The two pictures that are selected in the explorer, in a panel of the first. */
export const compareSelected: Command = async ({ panels }, clicked, selected) => {
  const [one, two, ...more] = await chosenImages(clicked, selected);
  if (!one || !two || more.length > 0)
    throw new Error(vscode.l10n.t('Select two pictures in the explorer to compare them.'));
  panels.open(one, { view: 'attention' }).compareWith({ uri: two.toString() });
};

const withPanel =
  (work: (parts: Parts, panel: ImagePanel) => Promise<void> | void): Command =>
  (parts) => {
    const panel = parts.panels.inFront;
    return panel && work(parts, panel);
  };

export const compareWithPicture: Command = withPanel(async (_, panel) => {
  const picture = await choosePicture(vscode.l10n.t('Choose the Picture to Compare With'), { except: panel.uri });
  if (picture) panel.compareWith({ uri: picture.toString() });
});

export const compareWithModel: Command = withPanel(async (parts, panel) => {
  const present = panel.model ?? readSettings(panel.uri).model.id;
  const model = await pickModel(parts, vscode.l10n.t('Choose the Model to Compare With'), present);
  if (model !== null) panel.compareWith({ model });
});

/** Of a panel about a model file that file; else the picture. */
export const compareWithLastCommit: Command = withPanel(async ({ context }, panel) => {
  const version = 'last-commit';
  if (panel.model === undefined) return panel.compareWith({ uri: (await inLastCommit(panel.uri)).toString(), version });
  const folder = join(context.globalStorageUri.fsPath, version);
  panel.compareWith({ model: await modelInLastCommit(panel.model, folder), version });
});

export const endComparison: Command = withPanel((_, panel) => panel.compareWith(null));
