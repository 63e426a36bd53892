/** The page of a picture's panel, joined to a real inspection and the real engine. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
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
import { root, WebviewPage, type Opening, type PageHost } from './webviewPage';

export interface Shown extends Omit<Opening, 'script'> {
  /** A sample's name, or an absolute path. */
  picture: string;
  /** A model's id or path; without it the embedded one. */
  model?: string;
  settings?: Partial<InspectionSettings>;
}

export class PanelPage implements PageHost {
  /** What the page said without asking. */
  readonly events: ViewEvent[] = [];
  readonly saved: { name: string; bytes: Uint8Array }[] = [];
  readonly copied: string[] = [];
  readonly #engine = new EngineClient({ processFile: path.join(root, 'dist/engine.js') });
  readonly #models = new ModelPool(this.#engine);
  readonly #running: Running = new Map();
  #inspection: Inspection | null = null;

  private constructor(private readonly webview: WebviewPage) {
    webview.host = this;
    this.#engine.warm();
  }

  static async open(shown: Shown): Promise<PanelPage> {
    const opened = new PanelPage(await WebviewPage.open({ ...shown, script: 'main' }));
    await opened.show(shown);
    return opened;
  }

  get page() {
    return this.webview.page;
  }

  get panel() {
    return this.webview.panel;
  }

  get problems() {
    return this.webview.problems;
  }

  /** The page anew, as VS Code makes one, with that picture and model. */
  async show({ picture, model = EMBEDDED, settings }: Shown): Promise<void> {
    const file = path.resolve(root, 'samples', picture);
    const uri = pathToFileURL(file).href;
    this.#inspection?.dispose();
    this.#inspection = new Inspection(
      this.#engine,
      this.#models,
      { uri, source: () => Promise.resolve({ path: file }) },
      {
        model: { id: model, options: { engine: 'native', threads: 1, gemm: 'packed', precision: 'fp32' } },
        atPictureSize: false,
        topK: 5,
        ...settings,
      },
      (event) => this.tell(event),
      (work) => `${work}…`,
    );
    await this.webview.load(uri);
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
    this.webview.post({ kind: 'event', event });
  }

  async settled(): Promise<void> {
    await this.#inspection?.settled();
  }

  open(): number {
    return this.#running.size;
  }

  atRest(): Promise<void> {
    return this.webview.atRest();
  }

  async close(): Promise<void> {
    this.#inspection?.dispose();
    this.#engine.dispose();
    await this.webview.close();
  }

  receive(message: unknown): void {
    void receive(panelChecks, message, this.#handlers, (answer) => this.webview.post(answer), this.#running);
  }

  readonly #handlers: HostHandlers<PanelConversation> = {
    event: (event) => {
      this.events.push(event);
      if (event.type === 'ready' && event.heard !== true) {
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
}
