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
import { receive, type HostHandlers } from '../../../extension/protocol/host';
import type { HostEvent, PanelConversation, SideEvent, ViewEvent } from '../../../extension/protocol/panel';
import { panelChecks } from '../../../extension/protocol/panelChecks';
import { HostedPage, root, WebviewPage, type Opening } from './webviewPage';

export interface Shown extends Omit<Opening, 'script'> {
  /** A sample's name, or an absolute path. */
  picture: string;
  /** A model's id or path; without it the embedded one. */
  model?: string;
  settings?: Partial<InspectionSettings>;
}

const fileOf = (picture: string) => path.resolve(root, 'samples', picture);

export class PanelPage extends HostedPage {
  /** What the page said without asking. */
  readonly events: ViewEvent[] = [];
  readonly saved: { name: string; bytes: Uint8Array }[] = [];
  readonly copied: string[] = [];
  readonly #engine = new EngineClient({ processFile: path.join(root, 'dist/engine.js') });
  readonly #models = new ModelPool(this.#engine);
  #inspection: Inspection | null = null;
  /** What it is compared with. */
  #other: Inspection | null = null;

  private constructor(webview: WebviewPage) {
    super(webview);
    this.#engine.warm();
  }

  static async open(shown: Shown): Promise<PanelPage> {
    const opened = new PanelPage(await WebviewPage.open({ ...shown, script: 'main' }));
    await opened.show(shown);
    return opened;
  }

  /** The page anew, as VS Code makes one, with that picture and model. */
  async show(shown: Shown): Promise<void> {
    this.#inspection?.dispose();
    this.#other?.dispose();
    this.#other = null;
    const uri = pathToFileURL(fileOf(shown.picture)).href;
    this.#inspection = this.#inspect(shown, (event) => this.tell(event));
    await this.webview.load(uri);
    await this.#inspection.refresh();
    await this.panel.ready(path.basename(shown.picture));
  }

  /** Sets another picture, or the same under another model, beside it; null ends that. */
  async compareWith(shown: Shown | null): Promise<void> {
    this.#other?.dispose();
    this.#other = null;
    const uri = shown && pathToFileURL(fileOf(shown.picture)).href;
    this.tell({ type: 'compare', with: uri === null ? null : { uri, model: shown?.model } });
    if (!shown) return;
    this.#other = this.#inspect(shown, (event) => this.tell({ type: 'other', event: event as SideEvent }));
    await this.#other.refresh();
  }

  #inspect({ picture, model = EMBEDDED, settings }: Shown, emit: (event: HostEvent) => void): Inspection {
    const file = fileOf(picture);
    return new Inspection(
      this.#engine,
      this.#models,
      { uri: pathToFileURL(file).href, source: () => Promise.resolve({ path: file }) },
      {
        model: { id: model, options: { engine: 'native', threads: 1, gemm: 'packed', precision: 'fp32' } },
        atPictureSize: false,
        topK: 5,
        ...settings,
      },
      emit,
      (work) => `${work}…`,
    );
  }

  #inspectionOf(runId: number): Inspection {
    return this.#other?.isOf(runId) ? this.#other : this.#inspection!;
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

  override async settled(): Promise<void> {
    await this.#inspection?.settled();
    await this.#other?.settled();
  }

  async close(): Promise<void> {
    this.#inspection?.dispose();
    this.#other?.dispose();
    this.#engine.dispose();
    await this.webview.close();
  }

  receive(message: unknown): void {
    void receive(panelChecks, message, this.#handlers, (answer) => this.webview.post(answer), this.running);
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
        sliceForWebview(await this.#inspectionOf(runId).slice(runId, what, { signal, onProgress: report })),
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
