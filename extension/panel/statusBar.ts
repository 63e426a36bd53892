import * as vscode from 'vscode';
import type { Panels } from './panels';
import { activeImage } from './activeImage';
import { EMBEDDED } from '../models/modelId';
import { plainText } from '../errors/plainText';
import { labelText } from './notifications';
import { readSettings } from './settings';

/** The model that pictures are classified with, in the status bar while a panel is visible or the active editor shows a picture. */
export class ModelStatus implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem('vit.model', vscode.StatusBarAlignment.Right, 90);
  /** What loaded models are called, by the id they were chosen with. */
  readonly #names = new Map<string, string>();

  constructor() {
    this.#item.name = vscode.l10n.t('ViT Model');
    this.#item.command = 'vit.selectModel';
  }

  /** That model was loaded: its name is known from now on. */
  loaded({ id, name }: { id: string; name: string }): void {
    this.#names.set(id, name);
    this.#show();
  }

  follow(panels: Panels): vscode.Disposable {
    const update = () => {
      // a panel in front counts with its picture, whose folder may have settings of its own
      this.#picture = panels.shown ?? activeImage() ?? undefined;
      this.#show();
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

  settingsChanged(): void {
    this.#show();
  }

  dispose(): void {
    this.#item.dispose();
  }

  #picture: vscode.Uri | undefined;

  #show(): void {
    const { id } = readSettings(this.#picture).model;
    const name = this.#names.get(id) ?? (id === EMBEDDED ? vscode.l10n.t('embedded model') : nameOfPath(id));
    this.#item.text = `$(eye) ${labelText(name)}`;
    this.#item.tooltip = vscode.l10n.t('ViT: {0} classifies pictures. Click to choose another model.', plainText(name));
  }
}

/** A folder's name says more than that of the weight file every folder has. */
function nameOfPath(id: string): string {
  const parts = id.split(/[\\/]/).filter(Boolean);
  const [folder, file] = parts.slice(-2);
  const isUsual = /^(model|pytorch_model|open_clip_model)\.(safetensors|onnx)$/.test(file ?? '');
  return (isUsual ? folder : parts.at(-1)) ?? id;
}
