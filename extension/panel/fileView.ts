/** The host's end of a read-only editor's webview. What is told it is kept, for a webview that starts anew when its tab is shown again. */
import type * as vscode from 'vscode';
import type { ModelQuery } from '../engine/requests';
import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import type { EnginePort } from '../inspect/enginePort';
import { receive, type HostHandlers, type Running } from '../protocol/host';
import type { Checks, Conversation } from '../protocol/rpc';
import { watchFile } from './fileWatch';
import { pageHtml, webviewRoot, type Page } from './html';
import { fileName } from './source';

/** What the panels of files share. */
export interface FileParts {
  extensionUri: vscode.Uri;
  engine: EnginePort;
  log: vscode.LogOutputChannel;
  /** The model of that path, as the engine is asked for it. */
  query: (path: string) => ModelQuery;
}

/** Throws an EngineError for a file that is not on a disk. */
export function queryOf(uri: vscode.Uri, { query }: FileParts): ModelQuery {
  if (uri.scheme === 'file') return query(uri.fsPath);
  const reason = sentence('{0} is not on a disk: models and arrays are read from files there.', fileName(uri));
  throw new EngineError('ERR_UNSUPPORTED', reason);
}

interface Options<C extends Conversation> {
  script: Page['script'];
  checks: Checks<C>;
  handlers: Omit<HostHandlers<C>, 'problem'>;
  /** The file has changed on the disk. */
  changed: () => void;
}

export class FileView<C extends Conversation> implements vscode.Disposable {
  /** The newest event of each type, in the order in which the types came first. */
  readonly #told = new Map<string, C['hostEvent']>();
  readonly #running: Running = new Map();
  readonly #disposables: vscode.Disposable[] = [];
  #listening = false;

  constructor(
    uri: vscode.Uri,
    private readonly panel: vscode.WebviewPanel,
    { extensionUri, log }: FileParts,
    { script, checks, handlers: answers, changed }: Options<C>,
  ) {
    const name = fileName(uri);
    const handlers = { ...answers, problem: (problem: string) => log.warn(`${name}: ${problem}`) };
    if (uri.scheme === 'file') this.#disposables.push(watchFile(uri, changed));
    const { webview } = panel;
    webview.options = { enableScripts: true, enableForms: false, localResourceRoots: [webviewRoot(extensionUri)] };
    this.#disposables.push(
      webview.onDidReceiveMessage((message: unknown) => {
        void receive(checks, message, handlers, (answer) => void webview.postMessage(answer), this.#running);
      }),
      panel.onDidChangeViewState(() => {
        if (panel.visible) return; // it says that it listens when it is back
        this.#listening = false;
        this.#abandon();
      }),
    );
    webview.html = pageHtml(webview, extensionUri, { script, data: { uri: uri.toString(), name } });
  }

  /** The webview has started: it is told everything. */
  ready(): void {
    this.#abandon();
    this.#listening = true;
    for (const event of this.#told.values()) this.#post(event);
  }

  /** Tells it something that replaces what was told of that type. */
  tell(event: C['hostEvent']): void {
    this.#told.set(event.type, event);
    if (this.#listening) this.#post(event);
  }

  #post(event: C['hostEvent']): void {
    void this.panel.webview.postMessage({ kind: 'event', event });
  }

  /** The webview that asked is gone. */
  #abandon(): void {
    for (const stop of this.#running.values()) stop.abort();
    this.#running.clear();
  }

  dispose(): void {
    this.#listening = false;
    this.#abandon();
    for (const disposable of this.#disposables) disposable.dispose();
  }
}
