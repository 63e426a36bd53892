/** .vit.json files in VS Code: squiggles as they are written, a lens to run them, panels that follow what is saved. */
import { isModelFile, MODEL_FILE_SUFFIX } from '../models/files/modelFileName';
import * as vscode from 'vscode';
import { toErrorShape } from '../errors/engineError';
import type { ModelFileCheck } from '../engine/requests';
import type { ModelFiles } from './modelFiles';
import { plainMessage } from '../errors/plainText';
import { labelText } from './notifications';
import { say } from './words';

const MODEL_FILES: vscode.DocumentSelector = { pattern: `**/*${MODEL_FILE_SUFFIX}` };

/** After the last keystroke, in milliseconds. */
const PAUSE = 150;

export class ModelFileEditor implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #diagnostics = vscode.languages.createDiagnosticCollection('vit');
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #disposables: { dispose(): unknown }[];

  constructor(
    private readonly files: ModelFiles,
    private readonly log: vscode.LogOutputChannel,
    saved: (path: string) => void,
  ) {
    this.#disposables = [
      this.#diagnostics,
      this.#changed,
      vscode.languages.registerCodeLensProvider(MODEL_FILES, this),
      vscode.workspace.onDidOpenTextDocument((document) => void this.#check(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#checkSoon(document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#diagnostics.delete(uri)),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (isModelFile(document.uri.path)) saved(document.uri.fsPath);
      }),
    ];
    for (const document of vscode.workspace.textDocuments) void this.#check(document);
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const top = new vscode.Range(0, 0, 0, 0);
    const { summary, problems } = await this.files.check(document);
    if (summary === null) {
      if (problems.length === 0) return [];
      const title = vscode.l10n.t('This model cannot be run yet: {0}', say(problems[0]!));
      return [new vscode.CodeLens(top, { title: labelText(title), command: '' })];
    }
    return [
      new vscode.CodeLens(top, {
        title: `$(play) ${vscode.l10n.t('Run This Model')}`,
        tooltip: vscode.l10n.t('Runs the model on a picture and shows every step'),
        command: 'vit.runModelFile',
        arguments: [document.uri],
      }),
      new vscode.CodeLens(top, { title: labelText(say(summary)), command: '' }),
    ];
  }

  dispose(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #checkSoon(document: vscode.TextDocument): void {
    if (!isModelFile(document.uri.path)) return;
    const key = document.uri.toString();
    clearTimeout(this.#waiting.get(key));
    const check = () => {
      this.#waiting.delete(key);
      if (!document.isClosed) void this.#check(document);
    };
    this.#waiting.set(key, setTimeout(check, PAUSE));
  }

  async #check(document: vscode.TextDocument): Promise<void> {
    if (!isModelFile(document.uri.path)) return;
    const { version } = document;
    try {
      const { problems } = await this.files.check(document);
      if (!document.isClosed && document.version === version) this.#show(document, problems);
    } catch (error) {
      this.log.error(`${document.uri.fsPath}: ${toErrorShape(error).message}`);
    }
  }

  #show(document: vscode.TextDocument, problems: ModelFileCheck['problems']): void {
    const diagnostics = problems.map((problem) => {
      const { offset, length } = problem;
      const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
      const diagnostic = new vscode.Diagnostic(range, plainMessage(say(problem)), vscode.DiagnosticSeverity.Error);
      diagnostic.source = 'ViT';
      return diagnostic;
    });
    this.#diagnostics.set(document.uri, diagnostics);
    this.#changed.fire();
  }
}
