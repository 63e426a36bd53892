import * as vscode from 'vscode';
import type { EngineClient } from '../engine/client';
import { deadlines } from '../engine/deadlines';
import type { ModelQuery } from '../engine/requests';
import type { ModelChoice } from '../inspect/modelPool';
import { assertRunnable } from '../models/runnable';
import { readSettings } from '../panel/settings';

/** What the engine process is asked for: the model, and which files its files may name. */
export function modelQuery({ id, folder }: Pick<ModelChoice, 'id' | 'folder'>): ModelQuery {
  return { id, cwd: folder, confinedTo: confinedTo() };
}

/** The folders whose files may be named by a file, when the workspace is not trusted; undefined when any may. */
export function confinedTo(): string[] | undefined {
  if (vscode.workspace.isTrusted) return undefined;
  return (vscode.workspace.workspaceFolders ?? []).flatMap(({ uri }) => (uri.scheme === 'file' ? [uri.fsPath] : []));
}

/** The model of the settings (those of that resource), and what it is called; throws with a sentence when it cannot be run. */
export async function modelInUse(
  engine: EngineClient,
  resource?: vscode.Uri,
): Promise<{ model: ModelQuery; name: string }> {
  const model = modelQuery(readSettings(resource).model);
  const { report } = await engine.request(
    'describe-model',
    { model, values: false },
    { deadlineMs: deadlines.describe },
  );
  assertRunnable(report);
  return { model, name: report.name };
}
