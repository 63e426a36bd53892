/** One .npy file in an editor, a matrix at a time, read by the engine process; and the picture it is drawn on. */
import type * as vscode from 'vscode';
import { deadlines } from '../engine/deadlines';
import { EngineError, toErrorShape } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import { closeQuietly } from '../inspect/enginePort';
import type { ArrayConversation, ArrayViewEvent } from '../protocol/array';
import { arrayChecks } from '../protocol/arrayChecks';
import type { ArrayNotes } from './arrayNotes';
import { FileView, type FileParts } from './fileView';
import { readSettings } from './settings';
import { fileName, imageSource } from './source';

export interface ArrayParts extends FileParts {
  notes: ArrayNotes;
  /** Asks somebody for one. */
  choosePicture: () => Thenable<vscode.Uri | undefined>;
}

export class ArrayPanel implements vscode.Disposable {
  readonly #view: FileView<ArrayConversation>;
  #reading = new AbortController();
  #drawing = new AbortController();
  #index = 0;

  constructor(
    private readonly uri: vscode.Uri,
    panel: vscode.WebviewPanel,
    private readonly parts: ArrayParts,
  ) {
    this.#view = new FileView(uri, panel, parts, {
      script: 'array',
      checks: arrayChecks,
      handlers: { event: (event) => this.#viewEvent(event), requests: {} },
      changed: () => void this.#read(),
    });
    this.#view.tell({ type: 'reading', reading: parts.notes.readingOf(uri) });
    void this.#read();
    void this.#draw();
  }

  #viewEvent(event: ArrayViewEvent): void {
    if (event.type === 'ready') return this.#view.ready();
    if (event.type === 'choose-picture') return void this.#choosePicture();
    if (event.type === 'no-picture') return void this.#usePicture(null);
    if (event.type === 'matrix') this.#index = event.index;
    void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    try {
      const { scheme, fsPath } = this.uri;
      if (scheme !== 'file')
        throw new EngineError(
          'ERR_UNSUPPORTED',
          sentence('{0} is not on a disk: arrays are read from files there.', fileName(this.uri)),
        );
      const { id: file, confinedTo } = this.parts.query(fsPath);
      const take = { file, index: this.#index, confinedTo };
      const array = await this.parts.engine.request('array', take, { signal, deadlineMs: deadlines.describe });
      if (!signal.aborted) this.#view.tell({ type: 'array', array, refusal: null });
    } catch (error) {
      if (!signal.aborted) this.#view.tell({ type: 'array', array: null, refusal: toErrorShape(error) });
    }
  }

  async #choosePicture(): Promise<void> {
    const picture = await this.parts.choosePicture();
    if (picture) await this.#usePicture(picture);
  }

  async #usePicture(picture: vscode.Uri | null): Promise<void> {
    await this.parts.notes.choosePicture(this.uri, picture);
    await this.#draw();
  }

  /** Tells the view which picture the array is drawn on. */
  async #draw(): Promise<void> {
    this.#drawing.abort();
    this.#drawing = new AbortController();
    const { signal } = this.#drawing;
    const { engine, notes } = this.parts;
    try {
      const uri = await notes.pictureOf(this.uri);
      if (!uri) {
        if (!signal.aborted) this.#view.tell({ type: 'picture', picture: null, refusal: null });
        return;
      }
      const { memoryLimit } = readSettings(uri).model.options;
      const opened = await engine.request('open-image', { ...(await imageSource(uri)), memoryLimit }, { signal });
      // only the preview is drawn
      closeQuietly(engine, 'close-image', { imageId: opened.imageId });
      const { name, width, height, preview } = opened;
      const { mime, bytes } = preview;
      if (!signal.aborted)
        this.#view.tell({ type: 'picture', picture: { name, width, height, mime, bytes }, refusal: null });
    } catch (error) {
      if (!signal.aborted) this.#view.tell({ type: 'picture', picture: null, refusal: toErrorShape(error) });
    }
  }

  dispose(): void {
    this.#reading.abort();
    this.#drawing.abort();
    this.#view.dispose();
  }
}
