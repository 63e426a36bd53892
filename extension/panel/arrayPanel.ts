/** One .npy file in an editor, and the picture it is drawn on. */
import type * as vscode from 'vscode';
import { ArrayFile } from '../inspect/arrayFile';
import type { ArrayConversation, ArrayViewEvent } from '../protocol/array';
import { arrayChecks } from '../protocol/arrayChecks';
import type { ArrayNotes } from './arrayNotes';
import { FileView, queryOf, type FileParts } from './fileView';
import { readSettings } from './settings';
import { imageSource } from './source';

export interface ArrayParts extends FileParts {
  notes: ArrayNotes;
  /** Asks somebody for one. */
  choosePicture: () => Thenable<vscode.Uri | undefined>;
}

export class ArrayPanel implements vscode.Disposable {
  readonly #view: FileView<ArrayConversation>;
  readonly #file: ArrayFile;

  constructor(
    private readonly uri: vscode.Uri,
    panel: vscode.WebviewPanel,
    private readonly parts: ArrayParts,
  ) {
    this.#view = new FileView(uri, panel, parts, {
      script: 'array',
      checks: arrayChecks,
      handlers: { event: (event) => this.#viewEvent(event), requests: {} },
      changed: () => void this.#file.read(),
    });
    this.#file = new ArrayFile(
      parts.engine,
      () => queryOf(uri, parts),
      (event) => this.#view.tell(event),
    );
    this.#view.tell({ type: 'reading', reading: parts.notes.readingOf(uri) });
    void this.#file.read();
    void this.#draw();
  }

  #viewEvent(event: ArrayViewEvent): void {
    if (event.type === 'ready') this.#view.ready();
    else if (event.type === 'choose-picture') void this.#choosePicture();
    else if (event.type === 'no-picture') void this.#usePicture(null);
    else void this.#file.read(event.type === 'matrix' ? event.index : undefined);
  }

  async #choosePicture(): Promise<void> {
    const picture = await this.parts.choosePicture();
    if (picture) await this.#usePicture(picture);
  }

  async #usePicture(picture: vscode.Uri | null): Promise<void> {
    await this.parts.notes.choosePicture(this.uri, picture);
    await this.#draw();
  }

  #draw(): Promise<void> {
    return this.#file.draw(async () => {
      const uri = await this.parts.notes.pictureOf(this.uri);
      return uri ? { ...(await imageSource(uri)), memoryLimit: readSettings(uri).model.options.memoryLimit } : null;
    });
  }

  dispose(): void {
    this.#file.dispose();
    this.#view.dispose();
  }
}
