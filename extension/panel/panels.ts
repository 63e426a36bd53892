/** All panels: one for each picture. */
import * as vscode from 'vscode';
import type { SavedPanel, ViewState } from '../protocol/messages';
import { ImagePanel } from './imagePanel';
import type { PanelParts } from './imagePanel';
import { Inspection } from './inspection';
import type { Outcome } from './inspection';
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

  /** Opens the picture's panel, or reveals the one it has, and shows `state` in it. */
  open(uri: vscode.Uri, state?: Partial<ViewState>): ImagePanel {
    let opened = this.#panels.get(uri.toString());
    if (opened) opened.panel.reveal();
    else {
      const panel = vscode.window.createWebviewPanel(VIEW_TYPE, fileName(uri), vscode.ViewColumn.Active);
      opened = this.#adopt(uri, panel);
    }
    if (state) opened.show(state);
    return opened;
  }

  /** After a window reload: the panel is there, with what its webview saved. */
  deserializeWebviewPanel(panel: vscode.WebviewPanel, saved: unknown): Promise<void> {
    const uri = savedUri(saved);
    if (uri && !this.#panels.has(uri.toString())) this.#adopt(uri, panel);
    else panel.dispose();
    return Promise.resolve();
  }

  /** Classifies a picture without showing it. */
  async classify(uri: vscode.Uri, cancellation: vscode.CancellationToken): Promise<Outcome> {
    const picture = { uri: uri.toString(), source: async () => ({ ...(await imageSource(uri)), preview: false }) };
    const { engine, models } = this.parts;
    const silent = () => undefined;
    const inspection = new Inspection(engine, models, picture, readSettings(), silent, () => '');
    const cancelled = cancellation.onCancellationRequested(() => inspection.cancel());
    try {
      await inspection.refresh();
      return await inspection.settled();
    } finally {
      cancelled.dispose();
      inspection.dispose();
    }
  }

  changed(what: 'settings' | 'engine'): void {
    for (const panel of this.#panels.values()) panel.changed(what);
  }

  dispose(): void {
    for (const panel of this.#panels.values()) panel.dispose();
    this.#panels.clear();
    this.#changed.dispose();
  }

  #adopt(uri: vscode.Uri, panel: vscode.WebviewPanel): ImagePanel {
    const key = uri.toString();
    const adopted = new ImagePanel(uri, panel, this.parts);
    this.#panels.set(key, adopted);
    panel.onDidChangeViewState(() => this.#changed.fire());
    panel.onDidDispose(() => {
      if (this.#panels.get(key) === adopted) this.#panels.delete(key);
      adopted.dispose();
      this.#changed.fire();
    });
    this.#changed.fire();
    return adopted;
  }
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
