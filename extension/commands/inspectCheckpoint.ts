import * as vscode from 'vscode';
import { inspect, reportText } from '../models/doctor';
import { openModel } from '../models/open';
import { readSettings } from '../panel/settings';
import type { Command } from './command';
import { modelOptions } from './models';

/** The doctor's report on the weight file that was clicked, else on the model in use. Broken checkpoints are the ones it is for. */
export const inspectCheckpoint: Command = async ({ context, reports }, clicked) => {
  const id = clicked instanceof vscode.Uri ? clicked.fsPath : readSettings().model.id;
  const report = inspect(await openModel(id, modelOptions(context)));
  await reports.show(`${report.name}.txt`, reportText(report));
};
