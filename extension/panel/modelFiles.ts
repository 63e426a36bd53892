import type * as vscode from 'vscode';
import { deadlines } from '../engine/deadlines';
import type { ModelFileCheck } from '../engine/requests';
import { MOST_JSON_BYTES } from '../files/jsonLimits';
import type { EnginePort } from '../inspect/enginePort';

/** What is wrong with the .vit.json files in editors, asked of the engine process once for every version of a text. */
export class ModelFiles {
  readonly #checks = new WeakMap<vscode.TextDocument, { version: number; check: Promise<ModelFileCheck> }>();

  constructor(private readonly engine: EnginePort) {}

  check(document: vscode.TextDocument): Promise<ModelFileCheck> {
    const { version } = document;
    const known = this.#checks.get(document);
    if (known?.version === version) return known.check;
    // one character more than is read says that there are more
    const text = document.getText().slice(0, MOST_JSON_BYTES + 1);
    const take = { text, file: document.uri.fsPath };
    const check = this.engine.request('check-model-file', take, { deadlineMs: deadlines.check });
    this.#checks.set(document, { version, check });
    // an engine that ended is asked again next time
    check.catch(() => this.#forget(document, check));
    return check;
  }

  #forget(document: vscode.TextDocument, check: Promise<ModelFileCheck>): void {
    if (this.#checks.get(document)?.check === check) this.#checks.delete(document);
  }
}
