import * as vscode from 'vscode';
import { PRESETS, type Preset } from '../models/hub/presets';
import { HUB_ID } from '../models/hub/settings';
import { later } from '../panel/later';
import { writeModel } from '../panel/settings';
import type { Command } from './command';
import { showInformation, withProgress } from '../panel/notifications';
import { say } from '../panel/words';

/**
 * Fetches a model from the Hugging Face hub into the cache every other tool shares, and offers to use it. An id as argument, as the
 * getting-started page gives one, is what was chosen: it is used at once.
 */
export const downloadModel: Command = async (_parts, given) => {
  if (typeof given === 'string' && HUB_ID.test(given)) {
    await fetchModel(given);
    await writeModel(given);
    return;
  }
  const id = await chooseId();
  if (id === undefined) return;
  await fetchModel(id);
  const use = vscode.l10n.t('Use This Model');
  const choice = await showInformation(vscode.l10n.t('{0} is downloaded.', id), use);
  if (choice === use) await writeModel(id);
};

/** Fetches it under a notification with Cancel. */
export const fetchModel = (id: string): Thenable<unknown> =>
  withProgress(vscode.l10n.t('ViT: downloading {0}', id), (signal, report) =>
    later().downloadModel(id, {
      signal,
      onProgress: ({ file, received, total }) => {
        const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
        report(`${file} · ${megabytes(received)} / ${megabytes(total)} MB`, (100 * received) / Math.max(1, total));
      },
    }),
  );

/** "vit_tiny_…", below it "timm · 88 MB, Apache-2.0 · ViT-Ti/16, …": before anything is downloaded. */
export function presetItem({ id, what, megabytes, licence }: Preset, icon = ''): vscode.QuickPickItem {
  const [owner = '', name = id] = id.split('/');
  const cost = vscode.l10n.t('{0} MB, {1}', megabytes, licence);
  return { label: `${icon}${name}`, detail: [owner, cost, say(what)].join(' · ') };
}

/** A well-known model, or whatever id is typed. */
function chooseId(): Promise<string | undefined> {
  const picker = vscode.window.createQuickPick<vscode.QuickPickItem & { id: string }>();
  const known = PRESETS.map((preset) => ({ ...presetItem(preset), id: preset.id }));
  picker.title = vscode.l10n.t('Download a Model from the Hugging Face Hub');
  picker.placeholder = vscode.l10n.t('Choose one, or type an id: org/name');
  picker.matchOnDetail = true;
  picker.items = known;
  picker.onDidChangeValue((value) => {
    const typed = value.trim();
    const isNew = HUB_ID.test(typed) && known.every(({ id }) => id !== typed);
    picker.items = isNew ? [{ label: typed, id: typed, detail: vscode.l10n.t('Download this one') }, ...known] : known;
  });
  return new Promise((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]?.id);
      picker.hide();
    });
    picker.onDidHide(() => {
      resolve(undefined);
      picker.dispose();
    });
    picker.show();
  });
}
