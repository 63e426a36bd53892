import * as vscode from 'vscode';
import { closeQuietly } from '../inspect/enginePort';
import { readSettings } from '../panel/settings';
import { imageSource } from '../panel/source';
import type { Command } from './command';
import { chosenImages } from './images';
import { modelInUse } from './models';
import { say } from '../panel/words';
import { verificationReport } from '../reports/verificationReport';
import { showInformation, showWarning, withProgress } from '../panel/notifications';

/** Runs the model in use on one picture through both engines and says by how much they differ. */
export const verifyAgainstOnnx: Command = async ({ engine, panels, reports }, clicked) => {
  const picture = panels.atHand ?? (await chosenImages(clicked, undefined))[0];
  if (!picture) return;
  const { model, name } = await modelInUse(engine, picture);
  const { options } = readSettings(picture).model;
  const title = vscode.l10n.t('ViT: comparing engines on {0}', name);
  const result = await withProgress(title, async (signal) => {
    const { memoryLimit } = options;
    const source = { ...(await imageSource(picture)), preview: false, memoryLimit, inputOf: { model } };
    const { imageId } = await engine.request('open-image', source, { signal });
    try {
      return await engine.request('verify', { model, options, imageId }, { signal });
    } finally {
      closeQuietly(engine, 'close-image', { imageId });
    }
  });
  const details = vscode.l10n.t('Show Details');
  const difference = result.logits.max.toExponential(1);
  const choice = await (result.agree
    ? showInformation(
        vscode.l10n.t('Native and ONNX Runtime agree on {0}: logits differ by at most {1}.', name, difference),
        details,
      )
    : showWarning(
        vscode.l10n.t('Native and ONNX Runtime differ on {0}: logits by up to {1}.', name, difference),
        details,
      ));
  if (choice === details) {
    const title = vscode.l10n.t('{0} native vs ONNX Runtime', name);
    await reports.show(`${title}.txt`, verificationReport(name, picture.path, result, say));
  }
};
