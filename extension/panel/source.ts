import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { ImageSource } from '../engine/requests';
import { EngineError } from '../errors/engineError';
import { sentence } from '../errors/sentence';
import { plainText } from '../errors/plainText';

const MAX_BYTES = 256 * 1024 * 1024;

/** A file's path, or its bytes where the file system is virtual. Throws a sentence that names the picture. */
export async function imageSource(uri: vscode.Uri): Promise<ImageSource> {
  if (uri.scheme === 'file') return { path: uri.fsPath };
  const name = fileName(uri);
  try {
    const { size, type } = await vscode.workspace.fs.stat(uri);
    if (!(type & vscode.FileType.File)) throw new EngineError('ERR_IMAGE', sentence('{0} is not a file.', name));
    if (size <= MAX_BYTES) return { name, bytes: await vscode.workspace.fs.readFile(uri) };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('ERR_IMAGE', sentence('{0} cannot be read: {1}', name, reason));
  }
  throw new EngineError('ERR_IMAGE', sentence('{0} is larger than 256 MB.', name));
}

/** Beside the picture, or in the workspace where pictures come from a file system that cannot be written. */
export function askWhereToSave(picture: vscode.Uri, name: string): Thenable<vscode.Uri | undefined> {
  const writable = vscode.workspace.fs.isWritableFileSystem(picture.scheme) !== false;
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const directory = writable ? vscode.Uri.joinPath(picture, '..') : (folder?.uri ?? vscode.Uri.file(homedir()));
  const extension = name.slice(name.lastIndexOf('.') + 1);
  return vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(directory, name),
    filters: { [extension.toUpperCase()]: [extension] },
  });
}

/** For people: a file may be called anything. */
export function fileName(uri: vscode.Uri): string {
  return plainText(uri.path.slice(uri.path.lastIndexOf('/') + 1));
}
