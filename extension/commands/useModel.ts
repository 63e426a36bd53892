import * as vscode from 'vscode';
import { deadlines } from '../engine/deadlines';
import { assertRunnable } from '../models/runnable';
import { showInformation } from '../panel/notifications';
import { writeModel } from '../panel/settings';
import type { Command } from './command';
import { modelQuery } from './models';

/** The weight file, graph or directory that was clicked becomes the model of all panels, unless it cannot be run: then it says why. */
export const useModel: Command = async ({ engine }, clicked) => {
  if (!(clicked instanceof vscode.Uri)) return vscode.commands.executeCommand('vit.selectModel');
  const take = { model: modelQuery({ id: clicked.fsPath }), values: false };
  const { report } = await engine.request('describe-model', take, { deadlineMs: deadlines.describe });
  assertRunnable(report);
  await writeModel(clicked.fsPath, clicked);
  void showInformation(vscode.l10n.t('{0} is now the model of all panels.', report.name));
};
