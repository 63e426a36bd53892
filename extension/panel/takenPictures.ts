/** Pictures that came without a file: dropped from another program, or pasted. They are kept in the extension's own storage. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';

/** The oldest go. */
const MOST_KEPT = 50;

/** Writes it down under its name. @param storage the extension's own folder */
export async function keepPicture(storage: vscode.Uri, name: string, bytes: Uint8Array): Promise<vscode.Uri> {
  const all = vscode.Uri.joinPath(storage, 'pictures');
  // a folder for each: any two may have one name
  const folder = vscode.Uri.joinPath(all, `${Date.now()}-${randomUUID()}`);
  await vscode.workspace.fs.createDirectory(folder);
  const file = vscode.Uri.joinPath(folder, name);
  await vscode.workspace.fs.writeFile(file, bytes);
  const kept = (await vscode.workspace.fs.readDirectory(all)).map(([entry]) => entry).sort();
  for (const old of kept.slice(0, -MOST_KEPT))
    await vscode.workspace.fs.delete(vscode.Uri.joinPath(all, old), { recursive: true });
  return file;
}
