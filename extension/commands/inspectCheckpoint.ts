import { basename } from 'node:path';
import * as vscode from 'vscode';
import { deadlines } from '../engine/deadlines';
import { toErrorShape } from '../errors/engineError';
import { modelReport, refusal } from '../reports/modelReport';
import { say } from '../panel/words';
import { readSettings } from '../panel/settings';
import type { Command } from './command';
import { modelQuery } from './models';

/** Characters to a line, in an editor without word wrap. */
const WIDTH = 110;

/** The report on the weight file that was clicked, else on the model in use. Broken checkpoints are the ones it is for. */
export const inspectCheckpoint: Command = async ({ engine, reports }, clicked) => {
  const model = modelQuery(clicked instanceof vscode.Uri ? { id: clicked.fsPath } : readSettings().model);
  const take = { model, values: true };
  try {
    const { report } = await engine.request('describe-model', take, { deadlineMs: deadlines.readWeights });
    await reports.show(`${report.name}.txt`, modelReport(report, { say, width: WIDTH }));
  } catch (error) {
    const { code, ...reason } = toErrorShape(error);
    if (code !== 'ERR_MODEL') throw error;
    // there is nothing to describe, but a reason
    await reports.show(`${basename(model.id)}.txt`, refusal(reason, { say, width: WIDTH }));
  }
};
