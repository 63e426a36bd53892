import type * as vscode from 'vscode';
import type { EngineClient } from '../engine/client';
import type { ArrayNotes } from '../panel/arrayNotes';
import type { Jobs } from '../panel/jobs';
import type { ModelFiles } from '../panel/modelFiles';
import type { Reports } from '../panel/reports';
import type { RecentModels } from '../panel/recentModels';
import type { Panels } from '../panel/panels';
import type { VariableFiles } from '../panel/variableFiles';

/** What commands act on. */
export interface Parts {
  context: vscode.ExtensionContext;
  panels: Panels;
  jobs: Jobs;
  engine: EngineClient;
  modelFiles: ModelFiles;
  reports: Reports;
  recent: RecentModels;
  arrays: ArrayNotes;
  variables: VariableFiles;
  log: vscode.LogOutputChannel;
}

/** Arguments come from menus, keybindings and other extensions: a command checks what it uses of them. */
export type Command = (parts: Parts, ...args: unknown[]) => unknown;
