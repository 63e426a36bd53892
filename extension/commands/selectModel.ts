import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { PRESETS, type Preset } from '../models/hub/presets';
import { EMBEDDED, type RegistryEntry } from '../models/modelId';
import type { EngineClient } from '../engine/client';
import { deadlines } from '../engine/deadlines';
import { readSettings, writeModel } from '../panel/settings';
import type { Command, Parts } from './command';
import { fetchModel, presetItem } from './downloadModel';
import { plainText } from '../errors/plainText';
import { labelText, showInformation } from '../panel/notifications';

interface Row extends vscode.QuickPickItem {
  /** The chosen model's id; null when the row was a dialog that was closed. */
  choose: () => string | null | Promise<string | null>;
}

/** Chooses the model for all panels and remembers it in the settings. */
export const selectModel: Command = async (parts) => {
  const { panels } = parts;
  const resource = panels.atHand;
  const present = readSettings(resource).model.id;
  const id = await pickModel(parts, vscode.l10n.t('Select the Model'), present);
  if (id && id !== present) await writeModel(id, resource);
  if (id && panels.isPinned) {
    void showInformation(
      vscode.l10n.t('{0} is now the model of all panels but those that keep theirs, such as this one.', plainText(id)),
    );
  } else if (id && panels.hasOwnModel) {
    void showInformation(
      vscode.l10n.t('{0} is now the model of all panels but those of a model file, such as this one.', plainText(id)),
    );
  }
};

/** The id of a model that is chosen from a list, or from a folder or a file; null when none is. */
export async function pickModel({ engine, recent }: Parts, title: string, present: string): Promise<string | null> {
  const chosen = await vscode.window.showQuickPick(await rows(engine, present, recent.list()), {
    title,
    placeHolder: vscode.l10n.t('In use: {0}', plainText(present)),
    matchOnDescription: true,
    matchOnDetail: true,
  });
  return (await chosen?.choose()) ?? null;
}

/** Models that were in use, those that are here, a few to download, and the dialogs. */
async function rows(engine: EngineClient, present: string, recent: readonly string[]): Promise<Row[]> {
  const inWorkspace = await workspaceModels();
  const paths = recent.filter((id) => isAbsolute(id));
  const take = { workspace: [...new Set([...paths, ...inWorkspace])] };
  const entries = await engine.request('list-models', take, { deadlineMs: deadlines.list });
  const rowFor = (entry: RegistryEntry): Row => {
    const row = rowOf(entry);
    return entry.id === present ? { ...row, label: `$(check) ${row.label}` } : row;
  };
  // a model that is there no more is not listed
  const known = new Map(entries.map((entry) => [entry.id, entry]));
  const before = recent.flatMap((id) => known.get(id) ?? []);
  const here = entries.filter(({ id }) => !recent.includes(id));
  const toDownload = PRESETS.filter(({ id }) => !known.has(id));
  return [
    ...section(vscode.l10n.t('recent'), before.map(rowFor)),
    ...section(vscode.l10n.t('on this machine'), here.map(rowFor)),
    ...section(vscode.l10n.t('to download from the Hugging Face hub'), toDownload.map(presetRow)),
    separator(''),
    {
      label: `$(folder-opened) ${vscode.l10n.t('Browse for a Folder…')}`,
      detail: vscode.l10n.t('config.json with model.safetensors, as timm and Hugging Face save them'),
      choose: () => browse({ canSelectFolders: true, canSelectFiles: false }),
    },
    {
      label: `$(file) ${vscode.l10n.t('Browse for a File…')}`,
      detail: '.safetensors, .onnx, .vit.json',
      choose: () => browse({ filters: { [vscode.l10n.t('Models')]: ['safetensors', 'onnx', 'json'] } }),
    },
  ];
}

const separator = (label: string): Row => ({
  label,
  kind: vscode.QuickPickItemKind.Separator,
  choose: () => null,
});

const section = (title: string, rows: Row[]): Row[] => (rows.length === 0 ? [] : [separator(title), ...rows]);

/** Chosen, it is downloaded first. Its name alone fits in a line; whose it is and what it costs stand below. */
const presetRow = (preset: Preset): Row => ({
  ...presetItem(preset, '$(cloud-download) '),
  choose: async () => {
    await fetchModel(preset.id);
    return preset.id;
  },
});

const MAX_FOUND = 50;

/** Weight files in the workspace; the config.json beside them counts (models/files/locate.ts). */
async function workspaceModels(): Promise<string[]> {
  const excluded = '**/{node_modules,.git}/**';
  const files = await vscode.workspace.findFiles('**/*.{safetensors,onnx}', excluded, MAX_FOUND);
  return files
    .filter(({ scheme }) => scheme === 'file')
    .map(({ fsPath }) => fsPath)
    .sort();
}

function rowOf({ id, name, kind, family, path }: RegistryEntry): Row {
  const choose = () => id;
  switch (kind) {
    case 'embedded':
      return {
        label: vscode.l10n.t('Embedded Model'),
        description: EMBEDDED,
        detail: vscode.l10n.t(
          'A small ViT that comes with the extension. It knows airplanes, automobiles, birds, cats, deer, dogs, frogs, horses, ships and trucks, nothing else.',
        ),
        choose,
      };
    case 'cached':
      return { label: labelText(name), description: vscode.l10n.t('downloaded'), detail: family ?? undefined, choose };
    case 'workspace':
      return {
        label: labelText(vscode.workspace.asRelativePath(path)),
        description: vscode.l10n.t('workspace'),
        detail: family ?? undefined,
        choose,
      };
  }
}

async function browse(options: vscode.OpenDialogOptions): Promise<string | null> {
  const chosen = await vscode.window.showOpenDialog({ ...options, openLabel: vscode.l10n.t('Select Model') });
  return chosen?.[0]?.fsPath ?? null;
}
