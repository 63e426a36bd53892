/** All panels: one for each picture. */
import * as vscode from 'vscode';
import type { PinnedModel, SavedOther, SavedPanel, ViewState } from '../protocol/panel';
import { ImagePanel } from './imagePanel';
import type { PanelParts } from './imagePanel';
import { fileName } from './source';

export const VIEW_TYPE = 'vitInspector.panel';
/** The same panel as an editor of pictures, beside VS Code's own. */
export const EDITOR_TYPE = 'vitInspector.picture';

/** Whether a window that was loaded again has panels that are made anew. */
export const hasPanelsToRestore = (): boolean =>
  vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(({ input }) => {
      // VS Code writes another word before it
      if (input instanceof vscode.TabInputWebview) return input.viewType.endsWith(VIEW_TYPE);
      return input instanceof vscode.TabInputCustom && input.viewType === EDITOR_TYPE;
    }),
  );

export class Panels implements vscode.WebviewPanelSerializer, vscode.CustomReadonlyEditorProvider, vscode.Disposable {
  /** Those that were in front last are last. */
  readonly #panels = new Set<ImagePanel>();
  readonly #changed = new vscode.EventEmitter<void>();
  /** A panel was opened, closed, shown or hidden. */
  readonly onDidChange = this.#changed.event;

  constructor(private readonly parts: Omit<PanelParts, 'replace' | 'open'>) {
    // what keys and menus in package.json ask for
    const tell = () =>
      void vscode.commands.executeCommand('setContext', 'vit.panelInFront', this.inFront !== undefined);
    this.onDidChange(tell);
  }

  get anyVisible(): boolean {
    return [...this.#panels].some(({ panel }) => panel.visible);
  }

  /** The picture of the panel in front. */
  get shown(): vscode.Uri | undefined {
    return this.inFront?.uri;
  }

  /** The picture a command is about when nothing else says so: of the panel in front, else of one in sight. */
  get atHand(): vscode.Uri | undefined {
    const inSight = [...this.#panels].find(({ panel }) => panel.visible);
    return this.shown ?? inSight?.uri;
  }

  /** The picture of the panel that was last in front, whether it is in sight or behind other tabs. */
  get recent(): vscode.Uri | undefined {
    return [...this.#panels].at(-1)?.uri;
  }

  /** The panel in front is about a model of its own, whatever is chosen for all. */
  get isPinned(): boolean {
    return this.inFront?.isPinned === true;
  }

  get hasOwnModel(): boolean {
    return this.inFront?.model !== undefined;
  }

  /** The panel that keys and menus are about. */
  get inFront(): ImagePanel | undefined {
    return [...this.#panels].find(({ panel }) => panel.active);
  }

  /**
   * Opens the picture's panel, or reveals the one it has, and shows `state` in it. With `model`, a path, the panel is
   * about that model; without, about the one of the settings.
   */
  open(uri: vscode.Uri, state?: Partial<ViewState>, model?: string): ImagePanel {
    let opened = this.#find(uri, model);
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
    const other = savedOther(saved);
    if (uri && !this.#find(uri, model)) {
      const adopted = this.#adopt(uri, panel, model, savedPinned(saved));
      if (other) adopted.compareWith(other);
    } else panel.dispose();
    return Promise.resolve();
  }

  /** "Open With… ViT Inspector": VS Code has made the tab. */
  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    this.#adopt(uri, panel);
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  /** The picture in the panel in front gives its place to another, unless that has a panel already. */
  replace(uri: vscode.Uri, sequence: ImagePanel['sequence'] = null, panel = this.inFront): void {
    const other = this.#find(uri, panel?.model);
    if (other) {
      other.sequence = sequence ?? other.sequence;
      other.panel.reveal();
    } else if (panel?.panel.viewType === VIEW_TYPE) {
      panel.showPicture(uri);
      this.#tellApart();
      this.#changed.fire();
    } else void vscode.commands.executeCommand('vscode.openWith', uri, EDITOR_TYPE, { preview: true });
  }

  #find(uri: vscode.Uri, model?: string): ImagePanel | undefined {
    return [...this.#panels].find((panel) => panel.uri.toString() === uri.toString() && panel.model === model);
  }

  /** Pictures of the same name show their folder too, as VS Code's own tabs do. */
  #tellApart(): void {
    const all = [...this.#panels];
    for (const panel of all) {
      const alike = (other: ImagePanel) => other.model === panel.model && fileName(other.uri) === fileName(panel.uri);
      panel.showFolder(all.filter(alike).length > 1);
    }
  }

  /** Beside the file that is edited: where the panels of model files are already, if there are any. */
  #columnOfModels(): vscode.ViewColumn {
    const about = [...this.#panels].filter(({ model }) => model !== undefined).map(({ panel }) => panel);
    const inSight = about.find(({ visible }) => visible) ?? about.at(-1);
    return inSight?.viewColumn ?? vscode.ViewColumn.Beside;
  }

  changed(what: 'settings' | 'engine'): void {
    for (const panel of this.#panels) panel.changed(what);
  }

  /** The workspace is trusted now. */
  trusted(): void {
    for (const panel of this.#panels) panel.trusted();
    this.changed('settings');
  }

  /** A model file was saved: panels about it run again. */
  modelChanged(path: string): void {
    for (const panel of this.#panels) if (panel.model === path) void panel.modelChanged();
  }

  dispose(): void {
    for (const panel of this.#panels) panel.dispose();
    this.#panels.clear();
    this.#changed.dispose();
  }

  #adopt(uri: vscode.Uri, panel: vscode.WebviewPanel, model?: string, pinned?: PinnedModel): ImagePanel {
    const parts = {
      ...this.parts,
      replace: (of: ImagePanel, picture: vscode.Uri) => this.replace(picture, null, of),
      open: (picture: vscode.Uri) => void this.open(picture),
    };
    const adopted = new ImagePanel(uri, panel, parts, model, pinned);
    this.#panels.add(adopted);
    this.#tellApart();
    panel.onDidChangeViewState(() => {
      if (panel.active) {
        this.#panels.delete(adopted);
        this.#panels.add(adopted);
      }
      this.#changed.fire();
    });
    panel.onDidDispose(() => {
      this.#panels.delete(adopted);
      adopted.dispose();
      this.#tellApart();
      this.#changed.fire();
    });
    this.#changed.fire();
    return adopted;
  }
}

function savedModel(saved: unknown): string | undefined {
  const model = (saved as Partial<Record<keyof SavedPanel, unknown>> | null)?.model;
  return typeof model === 'string' ? model : undefined;
}

/** The model that a saved panel kept. */
function savedPinned(saved: unknown): PinnedModel | undefined {
  const pinned = (saved as Partial<Record<keyof SavedPanel, unknown>> | null)?.pinned;
  if (typeof pinned !== 'object' || pinned === null) return undefined;
  const { id, folder } = pinned as Partial<Record<keyof PinnedModel, unknown>>;
  return typeof id === 'string' ? { id, ...(typeof folder === 'string' && { folder }) } : undefined;
}

/** What a saved panel compared its picture with. */
function savedOther(saved: unknown): SavedOther | null {
  const other = (saved as Partial<Record<keyof SavedPanel, unknown>> | null)?.other;
  if (typeof other !== 'object' || other === null) return null;
  const { uri, model, version } = other as Partial<Record<keyof SavedOther, unknown>>;
  const hasUri = typeof uri === 'string' && isUri(uri);
  const hasModel = typeof model === 'string';
  if (!hasUri && !hasModel) return null;
  return {
    ...(hasUri && { uri }),
    ...(hasModel && { model }),
    ...(version === 'last-commit' && { version }),
  };
}

function isUri(text: string): boolean {
  try {
    vscode.Uri.parse(text, true);
    return true;
  } catch {
    return false;
  }
}

/** The picture of a saved panel; null when what was saved is not ours (an older version, or nothing at all). */
function savedUri(saved: unknown): vscode.Uri | null {
  if (typeof saved !== 'object' || saved === null) return null;
  const { uri } = saved as Partial<Record<keyof SavedPanel, unknown>>;
  return typeof uri === 'string' && isUri(uri) ? vscode.Uri.parse(uri, true) : null;
}
