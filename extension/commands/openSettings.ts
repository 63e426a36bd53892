import * as vscode from 'vscode';
import type { Command } from './command';

/** All of the extension's settings, or the one named. */
export const openSettings: Command = ({ context }, setting) => {
  const query = typeof setting === 'string' && setting.startsWith('vit.') ? setting : `@ext:${context.extension.id}`;
  // the extension runs on the remote machine, and most of its settings are that machine's: the user's page lacks them
  const scope = vscode.env.remoteName === undefined ? 'openSettings' : 'openRemoteSettings';
  return vscode.commands.executeCommand(`workbench.action.${scope}`, { query });
};
