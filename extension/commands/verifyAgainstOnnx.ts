import type { Verification } from '../engine/requests';
import { tolerances } from '../engine/tolerances';
import * as vscode from 'vscode';
import { closeQuietly } from '../inspect/enginePort';
import { readSettings } from '../panel/settings';
import { imageSource } from '../panel/source';
import type { Command } from './command';
import { chosenImages } from './images';
import { modelInUse, withProgress } from './models';
import { plainText } from '../errors/plainText';
import { showInformation, showWarning } from '../panel/plain';

/** Runs the model in use on one picture through both engines and says by how much they differ. */
export const verifyAgainstOnnx: Command = async ({ engine, panels, reports }, clicked) => {
  const picture = panels.atHand ?? (await chosenImages(clicked, undefined))[0];
  if (!picture) return;
  const { model, name } = await modelInUse(engine, picture);
  const { options } = readSettings(picture).model;
  const title = vscode.l10n.t('ViT: comparing engines on {0}', name);
  const result = await withProgress(title, async (signal) => {
    const source = { ...(await imageSource(picture)), preview: false, memoryLimit: options.memoryLimit };
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
    await reports.show(`${name} native vs ONNX Runtime.txt`, reportOf(name, picture.path, result));
  }
};

function reportOf(model: string, picture: string, { logits, layers, forward_ms }: Verification): string {
  const cell = (value: number): string => value.toExponential(2).padStart(12);
  return [
    `${plainText(model)} on ${plainText(picture)}`,
    `largest absolute differences between the native engine and ONNX Runtime`,
    ``,
    `logits   ${cell(logits.max)}   of values up to ${logits.scale.toPrecision(4)}; tolerance ${tolerances.logits}`,
    ``,
    `layer       attention      tokens`,
    ...layers.map(
      ({ layer, attention, tokens }) => `${String(layer + 1).padStart(5)}   ${cell(attention.max)}${cell(tokens.max)}`,
    ),
    ``,
    `one pass with every map kept: native ${forward_ms.native.toFixed(1)} ms, ONNX Runtime ${forward_ms.onnx.toFixed(1)} ms`,
    ``,
  ].join('\n');
}
