/** Files that variables of debugged programs are saved in until their tab is closed, in the extension's own storage. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { plainText } from '../errors/plainText';

/** The oldest go, were their tab open or not. */
const MOST_KEPT = 20;

export class VariableFiles implements vscode.Disposable {
  readonly #all: vscode.Uri;
  readonly #closing: vscode.Disposable;

  /** @param storage the extension's own folder */
  constructor(storage: vscode.Uri) {
    this.#all = vscode.Uri.joinPath(storage, 'variables');
    this.#closing = vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
      for (const { input } of closed)
        if (input instanceof vscode.TabInputCustom && this.#isOurs(input.uri)) void this.remove(input.uri);
    });
  }

  /** A file for a variable, in a folder of its own that is made: any two may have one name. */
  async place(variable: string): Promise<vscode.Uri> {
    const folder = vscode.Uri.joinPath(this.#all, `${Date.now()}-${randomUUID()}`);
    await vscode.workspace.fs.createDirectory(folder);
    const kept = (await vscode.workspace.fs.readDirectory(this.#all)).map(([entry]) => entry).sort();
    for (const old of kept.slice(0, -MOST_KEPT)) await remove(vscode.Uri.joinPath(this.#all, old));
    const name = plainText(variable, 60)
      .replace(/[^\p{L}\p{N}_.-]+/gu, '_')
      .replace(/^[_.]+|[_.]+$/g, '');
    return vscode.Uri.joinPath(folder, `${name || 'variable'}.npy`);
  }

  /** With its folder. */
  async remove(file: vscode.Uri): Promise<void> {
    await remove(vscode.Uri.joinPath(file, '..'));
  }

  #isOurs(file: vscode.Uri): boolean {
    return file.toString().startsWith(`${this.#all.toString()}/`);
  }

  dispose(): void {
    this.#closing.dispose();
  }
}

async function remove(folder: vscode.Uri): Promise<void> {
  try {
    await vscode.workspace.fs.delete(folder, { recursive: true });
  } catch {
    // gone already, or held open by somebody: the oldest go another time
  }
}
