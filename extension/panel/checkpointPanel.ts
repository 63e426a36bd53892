/** One weight file in an editor. */
import * as vscode from 'vscode';
import { WeightFile } from '../inspect/weightFile';
import type { CheckpointConversation, CheckpointViewEvent } from '../protocol/checkpoint';
import { checkpointChecks } from '../protocol/checkpointChecks';
import { FileView, queryOf, type FileParts } from './fileView';

export class CheckpointPanel implements vscode.Disposable {
  readonly #view: FileView<CheckpointConversation>;
  readonly #file: WeightFile;

  constructor(
    private readonly uri: vscode.Uri,
    panel: vscode.WebviewPanel,
    parts: FileParts,
  ) {
    this.#view = new FileView(uri, panel, parts, {
      script: 'checkpoint',
      checks: checkpointChecks,
      handlers: { event: (event) => this.#viewEvent(event), requests: {} },
      changed: () => void this.#file.read(),
    });
    this.#file = new WeightFile(
      parts.engine,
      () => queryOf(uri, parts),
      (event) => this.#view.tell(event),
    );
    void this.#file.read();
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
        void this.#file.readValues();
        break;
      case 'retry':
        void this.#file.read();
        break;
    }
  }

  dispose(): void {
    this.#file.dispose();
    this.#view.dispose();
  }
}
