import * as vscode from 'vscode';
import type { Command } from './command';

/** All of the extension's settings, or the one named. */
export const openSettings: Command = ({ context }, setting) => {
  const query = typeof setting === 'string' && setting.startsWith('vit.') ? setting : `@ext:${context.extension.id}`;
  return vscode.commands.executeCommand('workbench.action.openSettings', query);
};
