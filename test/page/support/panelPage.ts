/**
 * The page of a picture's panel in a real browser, joined to a real inspection and the real engine. VS Code only passes messages between the
 * two, which this does in its place: a test of the page takes seconds, not the minutes that a whole VS Code takes.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Frame, type Page } from 'playwright-core';
import { findBrowser } from '../../../scripts/lib/system.mjs';
import { EngineClient } from '../../../extension/engine/client';
import { EngineError } from '../../../extension/errors/engineError';
import { sentence } from '../../../extension/errors/sentence';
import { sliceForWebview } from '../../../extension/inspect/events';
import { Inspection, type InspectionSettings } from '../../../extension/inspect/inspection';
import { ModelPool } from '../../../extension/inspect/modelPool';
import { sourceExcerpt } from '../../../extension/inspect/sourceExcerpt';
import { EMBEDDED } from '../../../extension/models/modelId';
import { receive, type HostHandlers, type Running } from '../../../extension/protocol/host';
import type { HostEvent, PanelConversation, ViewEvent } from '../../../extension/protocol/panel';
import { panelChecks } from '../../../extension/protocol/panelChecks';
import type { ToView } from '../../../extension/protocol/rpc';
import { Panel } from '../../e2e/support/panel';

export const root = path.resolve(import.meta.dirname, '../../..');

/** Where VS Code would have the page; nothing is loaded from there but what is built in dist/webview. */
const ADDRESS = 'https://panel.invalid/';

/** What the page is given of VS Code: a way to post, and what it saved. */
const vsCodeApi = `globalThis.acquireVsCodeApi = () => ({
  postMessage: (message) => void postToHost(message),
  getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? undefined,
  setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
})`;

class PagePanel extends Panel {
  override get view() {
    return this.page;
  }

  override frame(): Promise<Frame> {
    return Promise.resolve(this.page.mainFrame());
  }
}

export interface Shown {
  /** A sample's name, or an absolute path. */
  picture: string;
  /** A model's id or path; without it the embedded one. */
  model?: string;
  settings?: Partial<InspectionSettings>;
  viewport?: { width: number; height: number };
}

export class PanelPage {
  /** What the page said without asking. */
  readonly events: ViewEvent[] = [];
  readonly saved: { name: string; bytes: Uint8Array }[] = [];
  readonly copied: string[] = [];
  readonly problems: string[] = [];
  readonly panel: Panel;
  readonly #running: Running = new Map();
  #inspection: Inspection | null = null;
  /** Messages to the page. */
  #said = 0;

  private constructor(
    private readonly browser: Browser,
    readonly page: Page,
    private readonly engine: EngineClient,
    private readonly models: ModelPool,
  ) {
    this.panel = new PagePanel(page);
    page.on('pageerror', (error) => this.problems.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.problems.push(message.text());
    });
  }

  static async open(shown: Shown): Promise<PanelPage> {
    const engine = new EngineClient({ processFile: path.join(root, 'dist/engine.js') });
    engine.warm();
    const executablePath = findBrowser() ?? undefined;
    const browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--no-first-run', '--disable-gpu'],
    });
    const page = await browser.newPage({ viewport: shown.viewport ?? { width: 1100, height: 800 } });
    const opened = new PanelPage(browser, page, engine, new ModelPool(engine));
    await page.exposeBinding('postToHost', (_, message: unknown) => void opened.#receive(message));
    await page.addInitScript({ content: vsCodeApi });
    await page.route('**/*', (route) => {
      const name = new URL(route.request().url()).pathname.slice(1);
      if (name === '') return route.fulfill({ contentType: 'text/html', body: html(opened.#uri) });
      return route.fulfill({ path: path.join(root, 'dist/webview', name) });
    });
    await opened.show(shown);
    return opened;
  }

  #uri = '';

  /** The page anew, as VS Code makes one, with that picture and model. */
  async show({ picture, model = EMBEDDED, settings, viewport }: Shown): Promise<void> {
    if (viewport) await this.page.setViewportSize(viewport);
    const file = path.resolve(root, 'samples', picture);
    this.#uri = pathToFileURL(file).href;
    this.#inspection?.dispose();
    this.#inspection = new Inspection(
      this.engine,
      this.models,
      { uri: this.#uri, source: () => Promise.resolve({ path: file }) },
      {
        model: { id: model, options: { engine: 'native', threads: 1, gemm: 'packed', precision: 'fp32' } },
        atPictureSize: false,
        topK: 5,
        ...settings,
      },
      (event) => this.tell(event),
      (work) => `${work}…`,
    );
    // a new panel has nothing saved
    if (this.page.url() === ADDRESS) await this.page.evaluate(() => sessionStorage.clear());
    await this.page.goto(ADDRESS);
    await this.#inspection.refresh();
    await this.panel.ready(path.basename(picture));
  }

  /** The page again, with what it saved and nothing else: what VS Code does when its tab comes back. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.panel.ready();
  }

  /** What the host says to the page. */
  tell(event: HostEvent): void {
    this.#post({ kind: 'event', event });
  }

  /** Waits until nothing on the page has changed for a while, it has no question open, and no run is going on. */
  async atRest(): Promise<void> {
    for (let said = -1; said !== this.#said || this.#running.size > 0;) {
      await this.#inspection?.settled();
      said = this.#said;
      await this.page.evaluate(
        () =>
          new Promise<void>((done) => {
            let quiet = setTimeout(done, 100);
            const all = { subtree: true, childList: true, attributes: true, characterData: true };
            new MutationObserver(() => {
              clearTimeout(quiet);
              quiet = setTimeout(done, 100);
            }).observe(document, all);
          }),
      );
    }
  }

  async close(): Promise<void> {
    this.#inspection?.dispose();
    this.engine.dispose();
    await this.browser.close();
  }

  #receive(message: unknown): Promise<void> {
    return receive(panelChecks, message, this.#handlers, (answer) => this.#post(answer), this.#running);
  }

  readonly #handlers: HostHandlers<PanelConversation> = {
    event: (event) => {
      this.events.push(event);
      if (event.type === 'ready') {
        this.tell({ type: 'place', pinned: null, restricted: false });
        for (const said of this.#inspection?.snapshot() ?? []) this.tell(said);
        this.tell({ type: 'compare', with: null });
      } else if (event.type === 'mask') void this.#inspection?.mask(event.patches);
      else if (event.type === 'retry') void this.#inspection?.refresh();
    },
    requests: {
      slice: async ({ runId, what }, { signal, report }) =>
        sliceForWebview(await this.#inspection!.slice(runId, what, { signal, onProgress: report })),
      faithfulness: (take, { signal, report }) => this.#inspection!.faithfulness(take, { signal, onProgress: report }),
      'weight-files': ({ runId }, { signal }) => this.#inspection!.weightFiles(runId, { signal }),
      source: ({ file, line }) => Promise.resolve(sourceExcerpt(readFileSync(path.join(root, file), 'utf8'), line)),
      save: ({ suggestedName, bytes }) => {
        this.saved.push({ name: suggestedName, bytes });
        return Promise.resolve({ saved: true });
      },
      copy: ({ text }) => {
        this.copied.push(text);
        return Promise.resolve(null);
      },
      'take-picture': () => Promise.reject(new EngineError('ERR_IMAGE', sentence('The request was cancelled.'))),
    },
    problem: (said) => this.problems.push(said),
  };

  #post(message: ToView<PanelConversation>): void {
    this.#said++;
    void this.page
      .evaluate((sent: unknown) => postMessage(sent, '*'), message as unknown)
      // the page has gone
      .catch(() => undefined);
  }
}

const html = (uri: string) => `<!DOCTYPE html>
<html lang="en" style="${colors}">
<head><meta charset="UTF-8"><title>ViT Inspector</title>
<link rel="stylesheet" href="/codicon.css"><link rel="stylesheet" href="/main.css"></head>
<body class="vscode-dark" data-uri="${uri}"><script src="/main.js"></script></body>
</html>`;

/** Of VS Code's dark theme, what canvases are drawn with. */
const colors = Object.entries({
  'editor-background': '#1f1f1f',
  foreground: '#cccccc',
  descriptionForeground: '#9d9d9d',
  focusBorder: '#0078d4',
  'font-family': 'sans-serif',
  'editor-font-family': 'monospace',
})
  .map(([name, value]) => `--vscode-${name}: ${value}`)
  .join('; ');
