import * as vscode from 'vscode';
import type { Panels } from './panels';
import { activeImage } from './activeImage';
import { EMBEDDED } from '../models/modelId';
import { plainText } from '../errors/plainText';
import { labelText } from './plain';
import { readSettings } from './settings';

/** The model in use, in the status bar while a panel is visible or the active editor shows a picture. */
export class ModelStatus implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('vit.model', vscode.StatusBarAlignment.Right, 90);

  constructor() {
    this.#item.name = vscode.l10n.t('ViT Model');
    this.#item.command = 'vit.selectModel';
    this.settingsChanged();
  }

  /** Until the model is loaded, its setting is all that is known of its name. */
  settingsChanged(): void {
    const { id } = readSettings().model;
    this.show(id === EMBEDDED ? vscode.l10n.t('embedded model') : (id.split(/[\\/]/).filter(Boolean).at(-1) ?? id));
  }

  show(name: string): void {
    this.#item.text = `$(eye) ${labelText(name)}`;
    this.#item.tooltip = vscode.l10n.t('ViT: {0} classifies pictures. Click to choose another model.', plainText(name));
  }

  follow(panels: Panels): vscode.Disposable {
    const update = () => {
      if (panels.anyVisible || activeImage()) this.#item.show();
      else this.#item.hide();
    };
    update();
    const { tabGroups } = vscode.window;
    return vscode.Disposable.from(
      panels.onDidChange(update),
      tabGroups.onDidChangeTabs(update),
      tabGroups.onDidChangeTabGroups(update),
    );
  }

  dispose(): void {
    this.#item.dispose();
  }
}
