/** All panels: one for each picture. */
import * as vscode from 'vscode';
import type { SavedPanel, ViewState } from '../protocol/panel';
import { ImagePanel } from './imagePanel';
import type { PanelParts } from './imagePanel';
import { Inspection } from '../inspect/inspection';
import type { Outcome } from '../inspect/inspection';
import { readSettings } from './settings';
import { fileName, imageSource } from './source';

export const VIEW_TYPE = 'vitInspector.panel';

export class Panels implements vscode.WebviewPanelSerializer, vscode.Disposable {
  readonly #panels = new Map<string, ImagePanel>();
  readonly #changed = new vscode.EventEmitter<void>();
  /** A panel was opened, closed, shown or hidden. */
  readonly onDidChange = this.#changed.event;

  constructor(private readonly parts: PanelParts) {}

  get anyVisible(): boolean {
    return [...this.#panels.values()].some(({ panel }) => panel.visible);
  }

  /** The picture of the panel in front. */
  get shown(): vscode.Uri | undefined {
    return this.#inFront?.uri;
  }

  /** The picture a command is about when nothing else says so: of the panel in front, else of one in sight. */
  get atHand(): vscode.Uri | undefined {
    const inSight = [...this.#panels.values()].find(({ panel }) => panel.visible);
    return this.shown ?? inSight?.uri;
  }

  /** The panel in front is about a model of its own, whatever is chosen for all. */
  get hasOwnModel(): boolean {
    return this.#inFront?.model !== undefined;
  }

  get #inFront(): ImagePanel | undefined {
    return [...this.#panels.values()].find(({ panel }) => panel.active);
  }

  /**
   * Opens the picture's panel, or reveals the one it has, and shows `state` in it. With `model`, a path, the panel is
   * about that model; without, about the one of the settings.
   */
  open(uri: vscode.Uri, state?: Partial<ViewState>, model?: string): ImagePanel {
    let opened = this.#panels.get(keyOf(uri, model));
    if (opened) opened.panel.reveal();
    else {
      const column = model === undefined ? vscode.ViewColumn.Active : this.#columnOfModels();
      const panel = vscode.window.createWebviewPanel(VIEW_TYPE, fileName(uri), column);
      opened = this.#adopt(uri, panel, model);
    }
    if (state) opened.show(state);
    return opened;
  }

  /** After a window reload: the panel is there, with what its webview saved. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const uri = savedUri(saved);
    const model = savedModel(saved);
    if (uri && !this.#panels.has(keyOf(uri, model))) this.#adopt(uri, panel, model);
    else panel.dispose();
    return Promise.resolve();
  }

  /** Classifies a picture without showing it. */
  async classify(uri: vscode.Uri, cancellation: vscode.CancellationToken): Promise<Outcome> {
    const picture = { uri: uri.toString(), source: async () => ({ ...(await imageSource(uri)), preview: false }) };
    const { engine, models } = this.parts;
    const settings = { ...readSettings(uri), predictionsOnly: true } as const;
    const silent = () => undefined;
    const inspection = new Inspection(engine, models, picture, settings, silent, () => '');
    const cancelled = cancellation.onCancellationRequested(() => inspection.cancel());
    try {
      await inspection.refresh();
      return await inspection.settled();
    } finally {
      cancelled.dispose();
      inspection.dispose();
    }
  }

  /** Pictures of the same name show their folder too, as VS Code's own tabs do. */
  #tellApart(): void {
    const all = [...this.#panels.values()];
    for (const panel of all) {
      const alike = (other: ImagePanel) => other.model === panel.model && fileName(other.uri) === fileName(panel.uri);
      panel.showFolder(all.filter(alike).length > 1);
    }
  }

  /** Beside the file that is edited: where the panels of model files are already, if there are any. */
  #columnOfModels(): vscode.ViewColumn {
    const about = [...this.#panels.values()].filter(({ model }) => model !== undefined).map(({ panel }) => panel);
    const inSight = about.find(({ visible }) => visible) ?? about.at(-1);
    return inSight?.viewColumn ?? vscode.ViewColumn.Beside;
  }

  changed(what: 'settings' | 'engine'): void {
    for (const panel of this.#panels.values()) panel.changed(what);
  }

  /** A model file was saved: panels about it run again. */
  modelChanged(path: string): void {
    for (const panel of this.#panels.values()) if (panel.model === path) void panel.modelChanged();
  }

  dispose(): void {
    for (const panel of this.#panels.values()) panel.dispose();
    this.#panels.clear();
    this.#changed.dispose();
  }

  #adopt(uri: vscode.Uri, panel: vscode.WebviewPanel, model?: string): ImagePanel {
    const key = keyOf(uri, model);
    const adopted = new ImagePanel(uri, panel, this.parts, model);
    this.#panels.set(key, adopted);
    this.#tellApart();
    panel.onDidChangeViewState(() => this.#changed.fire());
    panel.onDidDispose(() => {
      if (this.#panels.get(key) === adopted) this.#panels.delete(key);
      adopted.dispose();
      this.#tellApart();
      this.#changed.fire();
    });
    this.#changed.fire();
    return adopted;
  }
}

const keyOf = (uri: vscode.Uri, model?: string): string => JSON.stringify([uri.toString(), model]);

function savedModel(saved: unknown): string | undefined {
  const model = (saved as Partial<Record<keyof SavedPanel, unknown>> | null)?.model;
  return typeof model === 'string' ? model : undefined;
}

/** The picture of a saved panel; null when what was saved is not ours (an older version, or nothing at all). */
function savedUri(saved: unknown): vscode.Uri | null {
  if (typeof saved !== 'object' || saved === null) return null;
  const { uri } = saved as Partial<Record<keyof SavedPanel, unknown>>;
  if (typeof uri !== 'string') return null;
  try {
    return vscode.Uri.parse(uri, true);
  } catch {
    return null;
  }
}
