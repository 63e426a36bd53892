/** The page of a file of results, joined to the real process that keeps its table. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Tables } from '../../../extension/inspect/tables';
import type { ResultsFile } from '../../../extension/inspect/resultsFile';
import { onlyModel } from '../../../extension/jobs/onlyModel';
import { startJob } from '../../../extension/jobs/job';
import { receive, type HostHandlers } from '../../../extension/protocol/host';
import {
  RESULTS_PROTOCOL_VERSION,
  type PicturedRow,
  type ResultsConversation,
  type ResultsHostEvent,
  type ResultsViewEvent,
} from '../../../extension/protocol/results';
import { resultsChecks } from '../../../extension/protocol/resultsChecks';
import { everything } from '../../../extension/results/query';
import type { ShownRow } from '../../../extension/results/requests';
import { ResultsWriter } from '../../../extension/results/writer';
import { makeClient, native } from '../../integration/support';
import { HostedPage, root, WebviewPage } from './webviewPage';

/** The samples under the class that each shows, and two of them under a wrong one. */
const folders: Record<string, string[]> = {
  airplane: ['aeroplane.png', 'ship.png'],
  automobile: ['car.png'],
  cat: ['cat.webp', 'frog.png'],
  frog: ['frog.png'],
  horse: ['horse-portrait.jpg'],
  ship: ['ship.png', 'harbour.jpg'],
};

export class ResultsPage extends HostedPage {
  readonly events: ResultsViewEvent[] = [];
  readonly copied: string[] = [];
  readonly #tables = new Tables({ processFile: path.join(root, 'dist/results.js') });
  readonly #file: ResultsFile;

  private constructor(
    webview: WebviewPage,
    readonly folder: string,
    readonly name: string,
  ) {
    super(webview);
    this.#file = this.#tables.open(path.join(folder, name));
  }

  /**
   * Classifies the samples in a folder of its own, `broken.png` among them where that is asked for, and opens what came of it, which `also` may
   * change before.
   */
  static async open({ also, broken }: { also?: (file: string) => void; broken?: boolean } = {}): Promise<ResultsPage> {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-page-'));
    const name = 'samples.vitresults.jsonl';
    const pictures = Object.entries(folders).flatMap(([label, names]) => {
      mkdirSync(path.join(folder, label));
      return names.map((picture) => {
        const id = `${label}/${picture}`;
        const image = path.join(folder, id);
        symlinkSync(path.join(root, 'samples', picture), image);
        return { id, image, source: { path: image } };
      });
    });
    if (broken) {
      const image = path.join(folder, 'cat', 'broken.png');
      writeFileSync(image, 'no picture');
      pictures.push({ id: 'cat/broken.png', image, source: { path: image } });
    }
    const client = makeClient();
    await startJob(client, onlyModel(client, { id: 'embedded' }, native), pictures, {
      open: (header) => ResultsWriter.open(path.join(folder, name), header),
      root: folder,
      precision: 'fp32',
      topK: 3,
      logits: false,
      embeddings: 'samples.vitresults.f32',
    }).finished;
    client.dispose();
    also?.(path.join(folder, name));
    const opened = new ResultsPage(await WebviewPage.open({ script: 'results' }), folder, name);
    await opened.webview.load(pathToFileURL(path.join(folder, name)).href);
    await opened.panel.waitFor({ state: 'ready' });
    return opened;
  }

  tell(event: ResultsHostEvent): void {
    this.webview.post({ kind: 'event', event });
  }

  files(): string[] {
    return readdirSync(this.folder);
  }

  async close(): Promise<void> {
    await this.webview.close();
    this.#file.dispose();
    this.#tables.dispose();
    rmSync(this.folder, { recursive: true });
  }

  receive(message: unknown): void {
    void receive(resultsChecks, message, this.#handlers, (answer) => this.webview.post(answer), this.running);
  }

  #pictured(row: ShownRow): PicturedRow {
    return { ...row, source: `/picture/${encodeURIComponent(row.image)}` };
  }

  async #ready(): Promise<void> {
    const { resultsId: _, ...results } = await this.#file.overview();
    this.tell({ type: 'opened', results: { ...results, name: this.name } });
    await this.#file.read((state) => this.tell({ type: 'state', state }));
    this.tell({ type: 'job', job: null });
  }

  readonly #handlers: HostHandlers<ResultsConversation> = {
    event: (event) => {
      this.events.push(event);
      if (event.type === 'ready' && event.version === RESULTS_PROTOCOL_VERSION) void this.#ready();
    },
    requests: {
      rows: async (take) => {
        const window = await this.#file.request('results-rows', take);
        return { ...window, rows: window.rows.map((row) => this.#pictured(row)) };
      },
      label: ({ source }) =>
        source.kind === 'choose' ? Promise.resolve(null) : this.#file.request('label-results', { source }),
      evaluate: (take) => this.#file.request('evaluate-results', take),
      similar: async (take) => {
        const found = await this.#file.request('similar-results', take);
        const query = { ...everything, rows: Uint32Array.from(found.map(({ row }) => row)) };
        const { rows } = await this.#file.request('results-rows', { query, from: 0, count: found.length });
        return found.flatMap(({ row, similarity }) => {
          const picture = rows.find((each) => each.row === row);
          return picture ? [{ row, similarity, picture: this.#pictured(picture) }] : [];
        });
      },
      duplicates: (take) => this.#file.request('duplicate-results', take),
      map: (take) => this.#file.request('map-results', take),
      compare: () => this.#file.request('compare-results', { file: path.join(this.folder, this.name) }),
      tag: async (take) => {
        const state = await this.#file.request('tag-results', take);
        this.tell({ type: 'state', state });
        return state;
      },
      export: async ({ query, format }) => {
        await this.#file.request('export-results', { query, format, file: path.join(this.folder, `out.${format}`) });
        return { saved: true };
      },
      copy: ({ text }) => {
        this.copied.push(text);
        return Promise.resolve(null);
      },
    },
    problem: (said) => this.problems.push(said),
  };
}
