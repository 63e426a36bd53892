/** .vit.json files in VS Code: squiggles as they are written, a lens to run them, panels that follow what is saved. */
import * as vscode from 'vscode';
import { checkModelFile, summary } from '../models/modelFile';

export const MODEL_FILES: vscode.DocumentSelector = { pattern: '**/*.vit.json' };

const isModelFile = ({ uri }: vscode.TextDocument): boolean => uri.path.endsWith('.vit.json');

/** After the last keystroke, in milliseconds. */
const PAUSE = 150;

export class ModelFileEditor implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #diagnostics = vscode.languages.createDiagnosticCollection('vit');
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #waiting = new Map<string, NodeJS.Timeout>();
  readonly #disposables: { dispose(): unknown }[];

  constructor(saved: (path: string) => void) {
    this.#disposables = [
      this.#diagnostics,
      this.#changed,
      vscode.languages.registerCodeLensProvider(MODEL_FILES, this),
      vscode.workspace.onDidOpenTextDocument((document) => this.#check(document)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.#checkSoon(document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.#diagnostics.delete(uri)),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (isModelFile(document)) saved(document.uri.fsPath);
      }),
    ];
    for (const document of vscode.workspace.textDocuments) this.#check(document);
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const top = new vscode.Range(0, 0, 0, 0);
    const { architecture, problems } = checkModelFile(document.getText(), document.uri.fsPath);
    if (architecture === null) {
      if (problems.length === 0) return [];
      const title = vscode.l10n.t('This model cannot be run yet: {0}', problems[0]!.message);
      return [new vscode.CodeLens(top, { title, command: '' })];
    }
    return [
      new vscode.CodeLens(top, {
        title: `$(play) ${vscode.l10n.t('Run This Model')}`,
        tooltip: vscode.l10n.t('Runs the model on a picture and shows every step'),
        command: 'vit.runModelFile',
        arguments: [document.uri],
      }),
      new vscode.CodeLens(top, { title: summary(architecture), command: '' }),
    ];
  }

  dispose(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #checkSoon(document: vscode.TextDocument): void {
    if (!isModelFile(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#waiting.get(key));
    const check = () => {
      this.#waiting.delete(key);
      if (!document.isClosed) this.#check(document);
    };
    this.#waiting.set(key, setTimeout(check, PAUSE));
  }

  #check(document: vscode.TextDocument): void {
    if (!isModelFile(document)) return;
    const { problems } = checkModelFile(document.getText(), document.uri.fsPath);
    const diagnostics = problems.map(({ offset, length, message }) => {
      const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
      const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Error);
      diagnostic.source = 'ViT';
      return diagnostic;
    });
    this.#diagnostics.set(document.uri, diagnostics);
    this.#changed.fire();
  }
}
