import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Command } from './command';
import { folderOf, readSettings } from '../panel/settings';
import { modelInUse } from './models';
import { showInformation, withProgress } from '../panel/notifications';

/** Writes the model in use as an .onnx file, with or without its attention maps as outputs. */
export const exportOnnx: Command = async ({ engine }) => {
  const { model, name } = await modelInUse(engine);
  const outputs = await vscode.window.showQuickPick(
    [
      { label: vscode.l10n.t('Logits'), attention: false },
      {
        label: vscode.l10n.t('Logits and every attention map'),
        detail: vscode.l10n.t('Outputs attention.0, attention.1, …, each (batch, heads, tokens, tokens)'),
        attention: true,
      },
    ],
    { title: vscode.l10n.t('Export {0} to ONNX', name) },
  );
  if (!outputs) return;
  const file = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(join(folderOf() ?? homedir(), `${name}.onnx`)),
    filters: { ONNX: ['onnx'] },
  });
  if (!file) return;
  const { attention } = outputs;
  const { memoryLimit } = readSettings().model.options;
  const { bytes } = await withProgress(vscode.l10n.t('ViT: writing {0}', file.fsPath), (signal) =>
    engine.request('export-onnx', { model, file: file.fsPath, attention, tokens: false, memoryLimit }, { signal }),
  );
  void showInformation(vscode.l10n.t('{0} is written ({1} MB).', file.fsPath, (bytes / 1e6).toFixed(1)));
};
