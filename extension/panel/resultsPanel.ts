/** One view of a results file: joins a webview to the file, which an engine process of the editor's own has open. */
import { extname } from 'node:path';
import * as vscode from 'vscode';
import { toErrorShape } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import type { ResultsFile } from '../inspect/resultsFile';
import type { Tables } from '../inspect/tables';
import { receive, type HostHandlers, type Running } from '../protocol/host';
import {
  RESULTS_PROTOCOL_VERSION,
  type JobState,
  type PicturedRow,
  type ResultsConversation,
  type ResultsHostEvent,
  type ResultsViewEvent,
} from '../protocol/results';
import { resultsChecks } from '../protocol/resultsChecks';
import type { ToView } from '../protocol/rpc';
import type { LabelSource } from '../results/labels';
import { everything, type RowQuery } from '../results/query';
import type { ResultsOverview, ResultsState, ShownRow } from '../results/requests';
import { pageHtml, webviewRoot } from './html';
import type { Panels } from './panels';
import { saySaved } from './saved';
import { askWhereToSave, fileName } from './source';

export const RESULTS_EDITOR = 'vitInspector.results';

/** How often a file in sight is asked for what came since, in milliseconds. */
const READ_EVERY_MS = 1000;

/** Pictures that browsers show. */
const SHOWABLE = new Set(['.png', '.jpg', '.jpeg', '.webp', '.gif', '.bmp', '.avif', '.svg']);

export interface ResultsParts {
  extensionUri: vscode.Uri;
  tables: Tables;
  panels: Panels;
  log: vscode.LogOutputChannel;
  /** The job that writes that file, if one does, and what can be done with it. */
  jobs: {
    stateOf(file: string): JobState | null;
    act(file: string, act: 'pause' | 'resume' | 'cancel'): void;
    onDidChange: vscode.Event<string>;
  };
}

export class ResultsPanel implements vscode.Disposable {
  readonly #file: ResultsFile;
  readonly #disposables: vscode.Disposable[] = [];
  readonly #running: Running = new Map();
  #listening = false;
  #overview: ResultsOverview | null = null;
  #state: ResultsState | null = null;
  #error: ResultsHostEvent | null = null;
  #reading = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly uri: vscode.Uri,
    private readonly panel: vscode.WebviewPanel,
    private readonly parts: ResultsParts,
  ) {
    this.#file = parts.tables.open(uri.fsPath);
    this.#disposables.push(
      panel.webview.onDidReceiveMessage((message: unknown) => void this.#receive(message)),
      panel.onDidChangeViewState(() => this.#visibilityChanged()),
      parts.jobs.onDidChange((file) => file === uri.fsPath && this.#jobChanged()),
    );
    void this.#open();
  }

  async #open(): Promise<void> {
    this.#error = null;
    try {
      this.#overview = await this.#file.overview();
      void this.#read(); // while the view loads
    } catch (error) {
      this.#failed(error);
    }
    const { webview } = this.panel;
    const roots = [webviewRoot(this.parts.extensionUri), ...this.#pictureRoots()];
    webview.options = { enableScripts: true, enableForms: false, localResourceRoots: roots };
    this.#listening = false;
    webview.html = pageHtml(webview, this.parts.extensionUri, {
      script: 'results',
      data: { uri: this.uri.toString() },
    });
  }

  /** What the webview may load pictures from: in an untrusted workspace a file cannot name a folder outside it. */
  #pictureRoots(): vscode.Uri[] {
    if (!this.#overview) return [];
    const root = vscode.Uri.file(this.#overview.root);
    return vscode.workspace.isTrusted || vscode.workspace.getWorkspaceFolder(root) ? [root] : [];
  }

  #pictured(row: ShownRow): PicturedRow {
    const file = vscode.Uri.file(row.image);
    const within = this.#pictureRoots().some(({ path }) =>
      file.path.startsWith(path.endsWith('/') ? path : `${path}/`),
    );
    const shown = within && SHOWABLE.has(extname(row.image).toLowerCase());
    return { ...row, source: shown ? this.panel.webview.asWebviewUri(file).toString() : null };
  }

  #receive(message: unknown): Promise<void> {
    return receive(resultsChecks, message, this.#handlers, (answer) => this.#post(answer), this.#running);
  }

  readonly #handlers: HostHandlers<ResultsConversation> = {
    event: (event) => this.#viewEvent(event),
    requests: {
      rows: async (take, { signal }) => {
        const window = await this.#file.request('results-rows', take, { signal });
        return { ...window, rows: window.rows.map((row) => this.#pictured(row)) };
      },
      label: async ({ source }) => {
        const chosen = source.kind === 'choose' ? await this.#chooseLabels() : source;
        return chosen && this.#file.request('label-results', { source: chosen });
      },
      evaluate: (take) => this.#file.request('evaluate-results', take),
      similar: async (take) => {
        const found = await this.#file.request('similar-results', take);
        const rows = await this.#rows(found.map(({ row }) => row));
        return found.flatMap(({ row, similarity }) => {
          const picture = rows.get(row);
          return picture ? [{ row, similarity, picture }] : [];
        });
      },
      duplicates: (take, { signal, report }) =>
        this.#file.request('duplicate-results', take, { signal, onProgress: report }),
      map: (take, { signal, report }) => this.#file.request('map-results', take, { signal, onProgress: report }),
      compare: async () => {
        const [other] =
          (await vscode.window.showOpenDialog({
            title: vscode.l10n.t('Compare With Another File of Results'),
            defaultUri: vscode.Uri.joinPath(this.uri, '..'),
            filters: { [vscode.l10n.t('Results')]: ['jsonl'] },
          })) ?? [];
        return other ? this.#file.request('compare-results', { file: other.fsPath }) : null;
      },
      tag: async (take) => this.#told(await this.#file.request('tag-results', take)),
      export: async ({ query, format }) => {
        const name = fileName(this.uri).replace(/\.vitresults\.jsonl$/, '');
        const suffix = format === 'jsonl' ? '.selection.vitresults.jsonl' : `.${format}`;
        const file = await askWhereToSave(this.uri, `${name}${suffix}`);
        if (!file) return { saved: false };
        await this.#file.request('export-results', { query, format, file: file.fsPath });
        void saySaved(file);
        return { saved: true };
      },
      copy: async ({ text }) => {
        await vscode.env.clipboard.writeText(text);
        return null;
      },
    },
    problem: (sentence) => this.parts.log.warn(`${fileName(this.uri)}: ${sentence}`),
  };

  async #rows(numbers: number[]): Promise<Map<number, PicturedRow>> {
    const query = { ...everything, rows: Uint32Array.from(numbers) };
    const { rows } = await this.#file.request('results-rows', { query, from: 0, count: numbers.length });
    return new Map(rows.map((row) => [row.row, this.#pictured(row)]));
  }

  async #chooseLabels(): Promise<LabelSource | null> {
    const [file] =
      (await vscode.window.showOpenDialog({
        title: vscode.l10n.t('Choose a List of Labels: a Column "file_name" and a Column "label"'),
        defaultUri: this.#overview ? vscode.Uri.file(this.#overview.root) : undefined,
        filters: { [vscode.l10n.t('Lists')]: ['csv', 'jsonl'] },
      })) ?? [];
    return file ? { kind: 'file', file: file.fsPath } : null;
  }

  #viewEvent(event: ResultsViewEvent): void {
    switch (event.type) {
      case 'ready':
        this.#ready(event.version);
        break;
      case 'open-row':
        void this.#openRow(event.row, event.at, event.query);
        break;
      case 'job':
        this.parts.jobs.act(this.uri.fsPath, event.act);
        break;
      case 'retry':
        void this.#open();
        break;
    }
  }

  /** Opens the picture at a place of a query; next and previous go on from there. */
  async #openRow(row: number, at: number, query: RowQuery): Promise<void> {
    const rows = await this.#rows([row]);
    const found = rows.get(row);
    if (!found) return;
    let place = at;
    const panel = this.parts.panels.open(vscode.Uri.file(found.image));
    panel.sequence = async (by) => {
      const { total } = await this.#file.request('results-rows', { query, from: 0, count: 1 });
      if (total === 0) return null;
      place = (place + by + total) % total;
      const { rows: beside } = await this.#file.request('results-rows', { query, from: place, count: 1 });
      return beside[0] ? vscode.Uri.file(beside[0].image) : null;
    };
  }

  #ready(version: number): void {
    this.#abandon();
    this.#listening = true;
    if (version !== RESULTS_PROTOCOL_VERSION) {
      const said = sentence('This panel is of another version of ViT Inspector: close it and open it again.');
      this.#tell({ type: 'error', error: { code: 'ERR_UNSUPPORTED', ...said } });
      return;
    }
    if (this.#error) this.#tell(this.#error);
    if (!this.#overview) return;
    const { resultsId: _resultsId, ...results } = this.#overview;
    this.#tell({ type: 'opened', results: { ...results, name: fileName(this.uri) } });
    if (this.#state) this.#tell({ type: 'state', state: this.#state });
    this.#jobChanged();
    void this.#read();
  }

  /** Reads on now, and again in a while for as long as the view is in sight. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    clearTimeout(this.#timer);
    this.#reading = true;
    try {
      await this.#file.read((state) => this.#told(state));
    } catch (error) {
      this.#failed(error);
      return;
    } finally {
      this.#reading = false;
    }
    if (this.#listening) this.#timer = setTimeout(() => void this.#read(), READ_EVERY_MS);
  }

  #told(state: ResultsState): ResultsState {
    const before = this.#state;
    this.#state = state;
    if (before?.version !== state.version || before.isRead !== state.isRead || before.odd !== state.odd)
      this.#tell({ type: 'state', state });
    return state;
  }

  #failed(error: unknown): void {
    const shape = toErrorShape(error);
    this.parts.log.error(`${fileName(this.uri)}: ${shape.message} (${shape.code})`);
    this.#error = { type: 'error', error: shape };
    this.#tell(this.#error);
  }

  #jobChanged(): void {
    this.#tell({ type: 'job', job: this.parts.jobs.stateOf(this.uri.fsPath) });
  }

  #visibilityChanged(): void {
    if (this.panel.visible) return; // it says 'ready' when it is back
    this.#listening = false;
    clearTimeout(this.#timer);
    this.#abandon();
  }

  /** The webview that asked is gone. */
  #abandon(): void {
    for (const stop of this.#running.values()) stop.abort();
    this.#running.clear();
  }

  #tell(event: ResultsHostEvent): void {
    if (this.#listening) this.#post({ kind: 'event', event });
  }

  #post(message: ToView<ResultsConversation>): void {
    void this.panel.webview.postMessage(message);
  }

  dispose(): void {
    this.#listening = false;
    clearTimeout(this.#timer);
    this.#abandon();
    this.#file.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
  }
}
