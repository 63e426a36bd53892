import { join } from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { choosePicture } from './commands/images';
import { modelQuery } from './commands/models';
import { EngineClient } from './engine/client';
import { ArrayPanel } from './panel/arrayPanel';
import { ArrayNotes } from './panel/arrayNotes';
import { CheckpointPanel } from './panel/checkpointPanel';
import { FileEditor } from './panel/fileEditor';
import { ModelFileEditor } from './panel/modelFileEditor';
import { ModelFiles } from './panel/modelFiles';
import { ModelPool } from './inspect/modelPool';
import { Tables } from './inspect/tables';
import { registerLanguageModelTools } from './panel/languageModelTools';
import { McpServers } from './panel/mcpServers';
import { Failures } from './panel/notices';
import { answerRenderer } from './panel/notebookWords';
import { EDITOR_TYPE, hasPanelsToRestore, Panels, VIEW_TYPE } from './panel/panels';
import { RESULTS_EDITOR, ResultsPanel } from './panel/resultsPanel';
import { Jobs } from './panel/jobs';
import { Reports } from './panel/reports';
import { RecentModels } from './panel/recentModels';
import { readSettings, SECTION } from './panel/settings';
import { ModelStatus } from './panel/statusBar';
import { VariableFiles } from './panel/variableFiles';
import { say } from './panel/words';
import { showWarning } from './panel/notifications';

/** Wires the parts. Nothing here computes, and the engine process starts with the first picture, or for the panels of a window's last time. */
export function activate(context: vscode.ExtensionContext): void {
  const { extensionPath, extensionUri } = context;
  const log = vscode.window.createOutputChannel('ViT Inspector', { log: true });
  const program = (name: string) => join(extensionPath, 'dist', name);
  const engine = new EngineClient({ processFile: program('engine.js'), log: (line) => log.info(line) });
  const models = new ModelPool(engine, modelQuery, (reason) => {
    log.warn(reason.message);
    void showWarning(vscode.l10n.t('ONNX Runtime computes instead: {0}', say(reason)));
  });
  // beside the other extensions, which VS Code activates before it restores a panel
  if (hasPanelsToRestore()) {
    const { model, atPictureSize } = readSettings();
    if (atPictureSize) engine.warm();
    else models.warm(model);
  }
  const modelFiles = new ModelFiles(engine);
  const reports = new Reports();
  const recent = new RecentModels(context.globalState);
  const status = new ModelStatus();
  const inUse = () => void recent.remember(readSettings().model.id);
  inUse();
  const panels = new Panels({
    extensionUri,
    engine,
    models,
    storage: context.globalStorageUri,
    failures: new Failures(),
    log,
    modelLoaded: (model) => status.loaded(model),
  });
  const tables = new Tables({ processFile: program('results.js'), log: (line) => log.info(`results ${line}`) });
  const jobs = new Jobs(engine, models, context.workspaceState, log);
  const manyEditors = { supportsMultipleEditorsPerDocument: true };
  const parts = { extensionUri, engine, log, query: (path: string) => modelQuery({ id: path }) };
  const resultsParts = { extensionUri, tables, panels, jobs, log };
  const results = new FileEditor((uri, panel) => new ResultsPanel(uri, panel, resultsParts));
  const checkpoints = new FileEditor((uri, panel) => new CheckpointPanel(uri, panel, parts));
  const arrays = new ArrayNotes(context.workspaceState);
  const arrayParts = {
    ...parts,
    notes: arrays,
    choosePicture: () => choosePicture(vscode.l10n.t('Choose the Picture to Draw On')),
  };
  const arrayEditor = new FileEditor((uri, panel) => new ArrayPanel(uri, panel, arrayParts));
  const variables = new VariableFiles(context.globalStorageUri);
  const servers = new McpServers(context.extension);
  const settings = vscode.workspace.onDidChangeConfiguration((change) => {
    if (!change.affectsConfiguration(SECTION)) return;
    status.settingsChanged();
    panels.changed('settings');
    servers.changed();
    inUse();
  });
  const trusted = vscode.workspace.onDidGrantWorkspaceTrust(() => {
    status.settingsChanged();
    panels.trusted();
    servers.changed();
  });
  context.subscriptions.push(
    // the engine's end is still logged
    engine,
    tables,
    log,
    status,
    panels,
    status.follow(panels),
    reports,
    new ModelFileEditor(modelFiles, log, (path) => panels.modelChanged(path)),
    settings,
    trusted,
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, panels),
    vscode.window.registerCustomEditorProvider(EDITOR_TYPE, panels, manyEditors),
    jobs,
    results,
    vscode.window.registerCustomEditorProvider(RESULTS_EDITOR, results, manyEditors),
    checkpoints,
    vscode.window.registerCustomEditorProvider('vitInspector.checkpoint', checkpoints, manyEditors),
    arrayEditor,
    vscode.window.registerCustomEditorProvider('vitInspector.array', arrayEditor, manyEditors),
    variables,
    answerRenderer(),
    servers,
    registerLanguageModelTools({ engine, tables, models, query: modelQuery, log }),
    registerCommands({ context, panels, jobs, engine, modelFiles, reports, recent, arrays, variables, log }),
  );
}
