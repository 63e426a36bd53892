import * as vscode from 'vscode';
import { deadlines } from '../engine/deadlines';
import { reportText } from '../models/report';
import { readSettings } from '../panel/settings';
import type { Command } from './command';
import { modelQuery } from './models';

/** The report on the weight file that was clicked, else on the model in use. Broken checkpoints are the ones it is for. */
export const inspectCheckpoint: Command = async ({ engine, reports }, clicked) => {
  const model = modelQuery(clicked instanceof vscode.Uri ? { id: clicked.fsPath } : readSettings().model);
  const take = { model, values: true };
  const { report } = await engine.request('describe-model', take, { deadlineMs: deadlines.readWeights });
  await reports.show(`${report.name}.txt`, reportText(report));
};
