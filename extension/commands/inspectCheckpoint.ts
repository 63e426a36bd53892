import * as vscode from 'vscode';
import { reportOn } from '../inspect/report';
import { reportText } from '../models/report';
import { openModel } from '../models/open';
import { readSettings } from '../panel/settings';
import type { Command } from './command';
import { modelOptions } from './models';

/** The report on the weight file that was clicked, else on the model in use. Broken checkpoints are the ones it is for. */
export const inspectCheckpoint: Command = async ({ context, engine, reports }, clicked) => {
  const id = clicked instanceof vscode.Uri ? clicked.fsPath : readSettings().model.id;
  const { report } = await reportOn(engine, await openModel(id, modelOptions(context)));
  await reports.show(`${report.name}.txt`, reportText(report));
};
