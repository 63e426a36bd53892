/** One weight file in an editor: what model it is and what is in it, read by the engine process. */
import * as vscode from 'vscode';
import { deadlines } from '../engine/deadlines';
import type { ModelQuery } from '../engine/requests';
import { EngineError, toErrorShape } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import type { CheckpointConversation, CheckpointViewEvent } from '../protocol/checkpoint';
import { checkpointChecks } from '../protocol/checkpointChecks';
import { FileView, type FileParts } from './fileView';
import { fileName } from './source';

/** Values of larger files are read when somebody asks for them. */
const READ_AT_ONCE = 2 * 2 ** 30;

export class CheckpointPanel implements vscode.Disposable {
  readonly #view: FileView<CheckpointConversation>;
  #reading = new AbortController();

  constructor(
    private readonly uri: vscode.Uri,
    panel: vscode.WebviewPanel,
    private readonly parts: FileParts,
  ) {
    this.#view = new FileView(uri, panel, parts, {
      script: 'checkpoint',
      checks: checkpointChecks,
      handlers: { event: (event) => this.#viewEvent(event), requests: {} },
      changed: () => void this.#read(),
    });
    void this.#read();
  }

  #viewEvent(event: CheckpointViewEvent): void {
    switch (event.type) {
      case 'ready':
        this.#view.ready();
        break;
      case 'use-model':
        void vscode.commands.executeCommand('vit.useModel', this.uri);
        break;
      case 'text-report':
        void vscode.commands.executeCommand('vit.inspectCheckpoint', this.uri);
        break;
      case 'read-values':
        void this.#readValues(this.#reading.signal);
        break;
      case 'retry':
        void this.#read();
        break;
    }
  }

  /** What can be said without the values first. */
  async #read(): Promise<void> {
    this.#reading.abort();
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    this.#view.tell({ type: 'reading', share: null, waits: false });
    const [readable, isModel] = await Promise.all([this.#tensors(false, signal), this.#describe(false, signal)]);
    if (signal.aborted || readable === null) return;
    if (readable <= READ_AT_ONCE) await this.#readValues(signal, isModel);
    else this.#view.tell({ type: 'reading', share: null, waits: true });
  }

  async #readValues(signal: AbortSignal, isModel = true): Promise<void> {
    this.#view.tell({ type: 'reading', share: 0, waits: false });
    await this.#tensors(true, signal);
    // what is odd among the values is part of the verdict
    if (isModel && !signal.aborted) await this.#describe(true, signal);
    if (!signal.aborted) this.#view.tell({ type: 'reading', share: null, waits: false });
  }

  /** Bytes of values that can be read; null when the file cannot. */
  async #tensors(values: boolean, signal: AbortSignal): Promise<number | null> {
    try {
      const { id: file, confinedTo } = this.#query();
      const found = await this.parts.engine.request(
        'file-tensors',
        { file, values, confinedTo },
        {
          signal,
          deadlineMs: deadlines.describe,
          onProgress: ({ done, total }) => this.#view.tell({ type: 'reading', share: done / total, waits: false }),
        },
      );
      if (!signal.aborted) this.#view.tell({ type: 'tensors', file: found, refusal: null });
      return found.readable;
    } catch (error) {
      if (!signal.aborted) this.#view.tell({ type: 'tensors', file: null, refusal: toErrorShape(error) });
      return null;
    }
  }

  /** False when it is no model. */
  async #describe(values: boolean, signal: AbortSignal): Promise<boolean> {
    try {
      const { report } = await this.parts.engine.request(
        'describe-model',
        { model: this.#query(), values },
        { signal, deadlineMs: values ? deadlines.readWeights : deadlines.describe },
      );
      if (!signal.aborted) this.#view.tell({ type: 'model', report, refusal: null });
      return true;
    } catch (error) {
      if (!signal.aborted) this.#view.tell({ type: 'model', report: null, refusal: toErrorShape(error) });
      return false;
    }
  }

  #query(): ModelQuery {
    const { scheme, fsPath } = this.uri;
    if (scheme === 'file') return this.parts.query(fsPath);
    throw new EngineError(
      'ERR_UNSUPPORTED',
      sentence('{0} is not on a disk: models are read from files there.', fileName(this.uri)),
    );
  }

  dispose(): void {
    this.#reading.abort();
    this.#view.dispose();
  }
}
