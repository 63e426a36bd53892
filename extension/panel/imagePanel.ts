/** One picture's panel: joins a webview to an inspection. */
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { EngineError, toErrorShape } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import { receive } from '../protocol/host';
import type { HostHandlers, Running } from '../protocol/host';
import { panelChecks } from '../protocol/panelChecks';
import { PROTOCOL_VERSION } from '../protocol/panel';
import type {
  CompareWith,
  HostEvent,
  PanelConversation,
  PanelModel,
  PinnedModel,
  SavedOther,
  ViewEvent,
  ViewState,
} from '../protocol/panel';
import type { ToView } from '../protocol/rpc';
import type { EnginePort } from '../inspect/enginePort';
import { sliceForWebview } from '../inspect/events';
import { sourceExcerpt } from '../inspect/sourceExcerpt';
import { watchFile, type FileChange } from './fileWatch';
import { pageHtml, webviewRoot } from './html';
import { Inspection } from '../inspect/inspection';
import type { InspectionSettings } from '../inspect/inspection';
import type { ModelPool } from '../inspect/modelPool';
import { ProgressNotice } from './notices';
import type { Failures } from './notices';
import { isImagePath } from '../image/pictureKinds';
import { saySaved } from './saved';
import { keepPicture } from './takenPictures';
import { readSettings } from './settings';
import { askWhereToSave, fileName } from './source';
import { Comparison, pictureOf } from './comparison';
import { say } from './words';
import { plainText } from '../errors/plainText';
import { showError } from './notifications';

/** What asks for the other side of a comparison. */
const COMPARE: Record<CompareWith, `vit.${string}`> = {
  picture: 'vit.compareWithPicture',
  model: 'vit.compareWithModel',
  'last-commit': 'vit.compareWithLastCommit',
  nothing: 'vit.endComparison',
};

/** What every panel shares. */
export interface PanelParts {
  extensionUri: vscode.Uri;
  engine: EnginePort;
  models: ModelPool;
  failures: Failures;
  log: vscode.LogOutputChannel;
  /** The extension's own folder. */
  storage: vscode.Uri;
  /** Shows another picture in that panel. */
  replace(panel: ImagePanel, uri: vscode.Uri): void;
  open(uri: vscode.Uri): void;
  /** This model was loaded for a panel. */
  modelLoaded(model: Pick<PanelModel, 'id' | 'name'>): void;
}

export class ImagePanel implements vscode.Disposable {
  readonly #inspection: Inspection;
  readonly #progress: ProgressNotice;
  readonly #disposables: vscode.Disposable[] = [];
  /** What the next picture (1) is, and the one before (-1), where that is not the folder's: of a view of results. */
  sequence: ((by: 1 | -1) => Promise<vscode.Uri | null>) | null = null;
  #uri: vscode.Uri;
  #pictureWatch: vscode.Disposable;
  #comparison: Comparison | null = null;
  /** The webview is loading, or listens: what is sent while it is hidden is lost. */
  #listening = false;
  /** The webview has said 'ready': what is posted from now on arrives. */
  #isReady = false;
  /** Kept until it arrives. */
  #toShow: Partial<ViewState> | null = null;
  #isDeleted = false;
  #folderShown = false;
  #modelVersion = 0;
  #modelState: string | null = null;
  /** Requests of the webview that are worked on. */
  readonly #running: Running = new Map();
  /** What changed while the panel was hidden. */
  readonly #stale = new Set<'picture' | 'settings' | 'engine'>();

  constructor(
    uri: vscode.Uri,
    readonly panel: vscode.WebviewPanel,
    private readonly parts: PanelParts,
    /** Path of the model to show, instead of the one of the settings. */
    readonly model?: string,
    /** The model it keeps, whatever the settings say. */
    private pinned: PinnedModel | null = null,
  ) {
    this.#uri = uri;
    this.#inspection = new Inspection(
      parts.engine,
      parts.models,
      pictureOf(uri),
      this.#settings(),
      (event) => this.#happened(event),
      (work) => (work === 'opening' ? vscode.l10n.t('Opening…') : vscode.l10n.t('Running the model…')),
    );
    this.#progress = new ProgressNotice({
      title: () => vscode.l10n.t('ViT: inspecting {0}', this.#name),
      isWanted: () => panel.visible,
      cancel: () => this.#inspection.cancel(),
    });
    this.#disposables.push(
      panel.webview.onDidReceiveMessage((message: unknown) => void this.#receive(message)),
      panel.onDidChangeViewState(() => this.#visibilityChanged()),
    );
    this.#pictureWatch = this.#watchPicture();
    if (model !== undefined) {
      const written = (change: FileChange) => change === 'written' && void this.modelChanged();
      this.#disposables.push(watchFile(vscode.Uri.file(model), written));
      void fileState(model).then((state) => (this.#modelState ??= state));
    }
    this.#setTitle();
    panel.iconPath = {
      light: vscode.Uri.joinPath(parts.extensionUri, 'media', 'tab-light.svg'),
      dark: vscode.Uri.joinPath(parts.extensionUri, 'media', 'tab-dark.svg'),
    };
    panel.webview.options = {
      enableScripts: true,
      enableForms: false,
      localResourceRoots: [webviewRoot(parts.extensionUri)],
    };
    panel.webview.html = pageHtml(panel.webview, parts.extensionUri, {
      script: 'main',
      data: { uri: uri.toString(), model },
    });
    // VS Code keeps what is posted until the page has loaded, so a run that is faster than the page waits for it there
    this.#listening = panel.visible;
    this.#tellPlace();
    this.#postEvent({ type: 'compare', with: null });
    void this.#inspection.refresh();
  }

  get uri(): vscode.Uri {
    return this.#uri;
  }

  get isPinned(): boolean {
    return this.pinned !== null;
  }

  /** Keeps the model it shows now, or follows the settings again. */
  pin(pinned: boolean): void {
    // one about a model file keeps that anyway
    if (this.model !== undefined) return;
    const { id, folder } = this.#settings().model;
    this.pinned = pinned ? { id, folder } : null;
    this.#tellPlace();
    if (!pinned) this.changed('settings');
  }

  /** The workspace is trusted now. */
  trusted(): void {
    this.#tellPlace();
  }

  #tellPlace(): void {
    this.#postEvent({ type: 'place', pinned: this.pinned, restricted: !vscode.workspace.isTrusted });
  }

  get #name(): string {
    return fileName(this.#uri);
  }

  /** Shows another picture, with the controls as they are. */
  showPicture(uri: vscode.Uri): void {
    this.#uri = uri;
    this.#pictureWatch.dispose();
    this.#pictureWatch = this.#watchPicture();
    this.#isDeleted = false;
    this.#stale.clear();
    this.#setTitle();
    void this.#inspection.replace(pictureOf(uri), this.#settings());
    this.#comparison?.follow(uri, this.#settings());
  }

  /** Sets the picture beside another one, or another model; null ends it. */
  compareWith(what: SavedOther | null): void {
    this.#comparison?.dispose();
    this.#comparison = null;
    this.#postEvent({ type: 'compare', with: what });
    if (what)
      this.#comparison = new Comparison(what, this.#uri, this.parts, this.#settings(), (event) =>
        this.#postEvent({ type: 'other', event }),
      );
    this.#setTitle();
  }

  #watchPicture(): vscode.Disposable {
    return watchFile(this.#uri, (change) => this.#pictureChanged(change));
  }

  /** Asks the webview, if it is there, to act on what it shows. */
  tell(event: Extract<HostEvent, { type: 'move' | 'token' | 'figure' }>): void {
    this.#postEvent(event);
  }

  /** Asks the webview to show something, as soon as it can. */
  show(state: Partial<ViewState>): void {
    this.#toShow = { ...this.#toShow, ...state };
    if (this.#listening) this.#tellWhatToShow();
  }

  /** Marks what is shown as out of date: it is run again as soon as the panel is visible. */
  changed(what: 'picture' | 'settings' | 'engine'): void {
    this.#stale.add(what);
    if (this.panel.visible) this.#catchUp();
  }

  /** The panel's model file was written, here or by another program: another model under the same name. */
  async modelChanged(): Promise<void> {
    const state = await fileState(this.model!);
    // a save is told of twice: by the editor at once, and by the disk
    if (state === this.#modelState) return;
    this.#modelState = state;
    this.#modelVersion++;
    this.changed('settings');
  }

  #pictureChanged(change: FileChange): void {
    this.#isDeleted = change === 'deleted';
    this.#setTitle();
    this.changed('picture');
  }

  /** Whether the tab says which folder the picture is in. */
  showFolder(shown: boolean): void {
    if (shown === this.#folderShown) return;
    this.#folderShown = shown;
    this.#setTitle();
  }

  #setTitle(): void {
    const folder = plainText(basename(dirname(this.#uri.path)));
    const found = this.#folderShown ? `${this.#name} · ${folder}` : this.#name;
    const name = this.#isDeleted ? vscode.l10n.t('{0} (deleted)', found) : found;
    const title = this.model === undefined ? name : `${name} — ${plainText(basename(this.model))}`;
    const other = this.#comparison?.what.uri;
    const compared = other === undefined ? null : fileName(vscode.Uri.parse(other, true));
    this.panel.title = compared === null || compared === this.#name ? title : `${title} ↔ ${compared}`;
  }

  #settings(): InspectionSettings {
    const settings = readSettings(this.#uri);
    if (this.pinned) return { ...settings, model: { ...settings.model, folder: undefined, ...this.pinned } };
    if (this.model === undefined) return settings;
    return { ...settings, model: { ...settings.model, id: this.model, version: this.#modelVersion } };
  }

  dispose(): void {
    this.#abandon();
    this.#progress.end();
    this.#inspection.dispose();
    this.#comparison?.dispose();
    this.#pictureWatch.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #receive(message: unknown): Promise<void> {
    return receive(panelChecks, message, this.#handlers, (answer) => this.#post(answer), this.#running);
  }

  readonly #handlers: HostHandlers<PanelConversation> = {
    event: (event) => this.#viewEvent(event),
    requests: {
      slice: async ({ runId, what }, { signal, report }) =>
        sliceForWebview(await this.#inspectionOf(runId).slice(runId, what, { signal, onProgress: report })),
      faithfulness: (take, { signal, report }) => this.#inspection.faithfulness(take, { signal, onProgress: report }),
      'weight-files': ({ runId }, { signal }) => this.#inspection.weightFiles(runId, { signal }),
      source: async ({ file, line }) => {
        const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(this.parts.extensionUri, file));
        return sourceExcerpt(new TextDecoder().decode(bytes), line);
      },
      save: async ({ suggestedName, bytes }) => {
        const file = await askWhereToSave(this.#uri, suggestedName);
        if (!file) return { saved: false };
        await vscode.workspace.fs.writeFile(file, bytes);
        void saySaved(file);
        return { saved: true };
      },
      copy: async ({ text }) => {
        await vscode.env.clipboard.writeText(text);
        return null;
      },
      'take-picture': async ({ name, bytes }) => {
        if (!isImagePath(name))
          throw new EngineError(
            'ERR_IMAGE',
            sentence('{0} is no picture of a type that can be opened.', plainText(name)),
          );
        this.parts.replace(this, await keepPicture(this.parts.storage, name, bytes));
        return null;
      },
    },
    problem: (sentence) => this.parts.log.warn(`${this.#name}: ${sentence}`),
  };

  /** The run may be of what the picture is compared with. */
  #inspectionOf(runId: number): Inspection {
    const other = this.#comparison?.inspection;
    return other?.isOf(runId) ? other : this.#inspection;
  }

  #viewEvent(event: ViewEvent): void {
    switch (event.type) {
      case 'ready':
        this.#ready(event);
        break;
      case 'retry':
        void this.#inspection.refresh();
        break;
      case 'cancel':
        this.#inspection.cancel();
        break;
      case 'mask':
        void this.#inspection.mask(event.patches);
        break;
      case 'compare':
        void vscode.commands.executeCommand(COMPARE[event.with]);
        break;
      case 'retry-other':
        void this.#comparison?.inspection.refresh();
        break;
      case 'select-model':
        void vscode.commands.executeCommand('vit.selectModel');
        break;
      case 'pin-model':
        this.pin(event.pinned);
        break;
      case 'manage-trust':
        void vscode.commands.executeCommand('workbench.trust.manage');
        break;
      case 'open-pictures':
        this.#openPictures(event.uris);
        break;
      case 'inspect-model': {
        const file = this.model === undefined ? undefined : vscode.Uri.file(this.model);
        void vscode.commands.executeCommand('vit.inspectCheckpoint', file);
        break;
      }
      case 'open-settings':
        void vscode.commands.executeCommand('vit.openSettings', event.setting);
        break;
      case 'open-source':
        void this.#openSource(event.file, event.line);
        break;
    }
  }

  /** What was dropped: pictures among it. */
  #openPictures(uris: string[]): void {
    const [first, ...others] = uris.flatMap((uri) => pictureUri(uri) ?? []);
    if (!first) return void showError(vscode.l10n.t('Nothing of what was dropped is a picture that can be opened.'));
    this.parts.replace(this, first);
    for (const other of others) this.parts.open(other);
  }

  #ready({ version, heard }: Extract<ViewEvent, { type: 'ready' }>): void {
    const heardAll = this.#listening && heard === true && version === PROTOCOL_VERSION;
    this.#isReady = true;
    if (heardAll) {
      this.#toShow = null;
      return;
    }
    this.#abandon();
    this.#listening = true;
    if (version !== PROTOCOL_VERSION) {
      const said = sentence('This panel is of another version of ViT Inspector: close it and open it again.');
      this.#postEvent({ type: 'error', error: { code: 'ERR_UNSUPPORTED', ...said }, retry: false });
      return;
    }
    this.#tellAll();
  }

  /** What a page that has just begun needs. */
  #tellAll(): void {
    this.#tellPlace();
    for (const event of this.#inspection.snapshot()) this.#postEvent(event);
    this.#postEvent({ type: 'compare', with: this.#comparison?.what ?? null });
    for (const event of this.#comparison?.snapshot() ?? []) this.#postEvent({ type: 'other', event });
    this.#tellWhatToShow();
  }

  #happened(event: HostEvent): void {
    if (event.type === 'busy') {
      if (event.what === null) this.#progress.end();
      else this.#progress.begin();
    } else if (event.type === 'error') {
      const { code, message } = event.error;
      this.parts.log.error(`${this.#name}: ${message} (${code})`);
      // a panel in sight says it itself
      if (code !== 'ERR_CANCELLED' && !this.panel.visible)
        this.parts.failures.report(say(event.error), code, () => void this.#inspection.refresh());
    } else if (event.type === 'model') {
      this.parts.modelLoaded(event.model);
    } else if (event.type === 'run') {
      const { forward_ms, decode_ms, preprocess_ms } = event.run.timings;
      const ms = [decode_ms, preprocess_ms, forward_ms].map((time) => time.toFixed(1)).join(' + ');
      this.parts.log.info(`${this.#name}: decode + preprocess + forward ${ms} ms`);
    }
    this.#postEvent(event);
  }

  #visibilityChanged(): void {
    if (!this.panel.visible) {
      // A hidden webview is taken down; it says 'ready' again when it is back.
      this.#listening = false;
      this.#isReady = false;
      this.#abandon();
      return;
    }
    if (!this.#listening) {
      // as for a new panel: it is kept until the page has loaded
      this.#listening = true;
      this.#tellAll();
    }
    this.#catchUp();
  }

  /** The webview that asked is gone. */
  #abandon(): void {
    for (const stop of this.#running.values()) stop.abort();
    this.#running.clear();
  }

  #catchUp(): void {
    // Each supersedes the one before it, and keeps what that one has closed or set.
    if (this.#stale.has('picture')) void this.#inspection.reopen();
    if (this.#stale.has('settings')) void this.#inspection.change(this.#settings());
    if (this.#stale.has('engine')) void this.#inspection.refresh();
    if (this.#stale.has('settings')) this.#comparison?.change(this.#settings());
    else if (this.#stale.has('engine')) void this.#comparison?.inspection.refresh();
    this.#stale.clear();
  }

  async #openSource(file: string, line: number): Promise<void> {
    const at = new vscode.Position(line - 1, 0);
    try {
      await vscode.window.showTextDocument(vscode.Uri.joinPath(this.parts.extensionUri, file), {
        viewColumn: vscode.ViewColumn.Beside,
        selection: new vscode.Range(at, at),
        preview: true,
      });
    } catch (error) {
      void showError(say(toErrorShape(error)));
    }
  }

  #tellWhatToShow(): void {
    if (this.#toShow) this.#postEvent({ type: 'show', state: this.#toShow });
    // what is posted to a page that loads may be lost with it, when VS Code loads it again
    if (this.#isReady) this.#toShow = null;
  }

  #postEvent(event: HostEvent): void {
    if (this.#listening) this.#post({ kind: 'event', event });
  }

  #post(message: ToView<PanelConversation>): void {
    void this.panel.webview.postMessage(message);
  }
}

/** The picture of that URI; null where it is none. */
function pictureUri(text: string): vscode.Uri | null {
  try {
    const uri = vscode.Uri.parse(text, true);
    return isImagePath(uri.path) ? uri : null;
  } catch {
    return null;
  }
}

/** Changes whenever the file is written; null when it cannot be read. */
async function fileState(path: string): Promise<string | null> {
  try {
    const { mtimeNs, size, ino } = await stat(path, { bigint: true });
    return [mtimeNs, size, ino].join('/');
  } catch {
    return null;
  }
}
