/** Whether TypeScript takes a changed file: a mutant that it refuses never gets to a test, and is not counted. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/** Of a mutant's own making: code that nothing uses any more. */
const ALLOWED = {
  noUnusedLocals: false,
  noUnusedParameters: false,
  allowUnreachableCode: true,
  allowUnusedLabels: true,
};

export class Compiler {
  private readonly changed = new Map<string, { text: string; version: number }>();
  private readonly service: ts.LanguageService;
  private versions = 0;

  constructor(private readonly root: string) {
    const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file)) as {
      config: unknown;
    };
    const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, root, ALLOWED);
    const read = (file: string) => this.changed.get(file)?.text ?? readFileSync(file, 'utf8');
    this.service = ts.createLanguageService({
      getCompilationSettings: () => options,
      getScriptFileNames: () => fileNames,
      getScriptVersion: (file) => String(this.changed.get(file)?.version ?? 0),
      getScriptSnapshot: (file) => (ts.sys.fileExists(file) ? ts.ScriptSnapshot.fromString(read(file)) : undefined),
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (of) => ts.getDefaultLibFilePath(of),
      fileExists: (file) => ts.sys.fileExists(file),
      readFile: (file) => ts.sys.readFile(file),
      directoryExists: (folder) => ts.sys.directoryExists(folder),
      getDirectories: (folder) => ts.sys.getDirectories(folder),
    });
  }

  /** The first error of the file with that text; null: there is none. */
  problem(file: string, text: string): string | null {
    const full = path.join(this.root, file);
    const before = readFileSync(full, 'utf8');
    this.changed.set(full, { text, version: ++this.versions });
    const [first] = [...this.service.getSyntacticDiagnostics(full), ...this.service.getSemanticDiagnostics(full)];
    this.changed.set(full, { text: before, version: ++this.versions });
    return first === undefined ? null : ts.flattenDiagnosticMessageText(first.messageText, ' ');
  }
}
