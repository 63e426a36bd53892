import { join } from 'node:path';
import * as vscode from 'vscode';
import { registerCommands } from './commands';
import { modelQuery } from './commands/models';
import { EngineClient } from './engine/client';
import { ModelFileEditor } from './panel/modelFileEditor';
import { ModelFiles } from './panel/modelFiles';
import { ModelPool } from './inspect/modelPool';
import { Failures } from './panel/notices';
import { EDITOR_TYPE, Panels, VIEW_TYPE } from './panel/panels';
import { RESULTS_EDITOR, ResultsEditor } from './panel/resultsEditor';
import { Jobs } from './panel/jobs';
import { Reports } from './panel/reports';
import { RecentModels } from './panel/recentModels';
import { readSettings, SECTION } from './panel/settings';
import { ModelStatus } from './panel/statusBar';
import { say } from './panel/words';
import { showWarning } from './panel/notifications';

/** Wires the parts. Nothing here computes, and the engine process starts with the first picture. */
export function activate(context: vscode.ExtensionContext): void {
  const { extensionPath, extensionUri } = context;
  const log = vscode.window.createOutputChannel('ViT Inspector', { log: true });
  const processFile = join(extensionPath, 'dist', 'engine.js');
  const engine = new EngineClient({ processFile, log: (line) => log.info(line) });
  const models = new ModelPool(engine, modelQuery, (reason) => {
    log.warn(reason.message);
    void showWarning(vscode.l10n.t('ONNX Runtime computes instead: {0}', say(reason)));
  });
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
    failures: new Failures(),
    log,
    modelLoaded: (model) => status.loaded(model),
  });
  // tables of results are read, sorted and compared in a process of their own: panels and jobs do not wait for it
  const tables = new EngineClient({ processFile, log: (line) => log.info(`results ${line}`) });
  const jobs = new Jobs(engine, models, context.workspaceState, log);
  const results = new ResultsEditor({ extensionUri, engine: tables, panels, jobs, log });
  const settings = vscode.workspace.onDidChangeConfiguration((change) => {
    if (!change.affectsConfiguration(SECTION)) return;
    status.settingsChanged();
    panels.changed('settings');
    inUse();
  });
  const trusted = vscode.workspace.onDidGrantWorkspaceTrust(() => {
    status.settingsChanged();
    panels.changed('settings');
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
    vscode.window.registerCustomEditorProvider(EDITOR_TYPE, panels, { supportsMultipleEditorsPerDocument: true }),
    jobs,
    results,
    vscode.window.registerCustomEditorProvider(RESULTS_EDITOR, results, { supportsMultipleEditorsPerDocument: true }),
    registerCommands({ context, panels, jobs, engine, modelFiles, reports, recent, log }),
  );
}
