/** What git has of a file in the last commit, by the git extension that comes with VS Code. */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { MOST_JSON_BYTES } from '../files/jsonLimits';
import { fileName } from './source';

/** The part of its API (version 1) that is used. */
interface Git {
  /** Looks for the repository that the path is in, and opens it. */
  openRepository(path: vscode.Uri): Promise<object | null>;
  getRepository(uri: vscode.Uri): object | null;
  toGitUri(uri: vscode.Uri, ref: string): vscode.Uri;
}

/** Where the file system of git has it. Throws a sentence where there is no such thing. */
export async function inLastCommit(uri: vscode.Uri): Promise<vscode.Uri> {
  const git = await openGit();
  if (!git) throw new Error(vscode.l10n.t("VS Code's git extension is not there or is turned off."));
  const isHere = uri.scheme === 'file';
  const repository = isHere && (git.getRepository(uri) ?? (await git.openRepository(vscode.Uri.joinPath(uri, '..'))));
  if (!repository) throw new Error(vscode.l10n.t('{0} is not in a git repository that is open.', fileName(uri)));
  const committed = git.toGitUri(uri, 'HEAD');
  try {
    await vscode.workspace.fs.stat(committed);
  } catch {
    throw new Error(vscode.l10n.t('{0} is not in the last commit.', fileName(uri)));
  }
  return committed;
}

async function openGit(): Promise<Git | null> {
  try {
    const extension = vscode.extensions.getExtension<{ getAPI(version: 1): Git }>('vscode.git');
    return extension ? (await extension.activate()).getAPI(1) : null;
  } catch {
    return null; // it throws where it is turned off, or finds no git
  }
}

/** A model file as it was in the last commit, as a file in that folder; the weights it names are those that lie beside the present one. */
export async function modelInLastCommit(model: string, folder: string): Promise<string> {
  const committed = await inLastCommit(vscode.Uri.file(model));
  const { size } = await vscode.workspace.fs.stat(committed);
  if (size > MOST_JSON_BYTES) throw new Error(vscode.l10n.t('{0} is too large for a model file.', basename(model)));
  const text = Buffer.from(await vscode.workspace.fs.readFile(committed)).toString('utf8');
  const absolute = text.replace(/("weights"\s*:\s*)("(?:[^"\\]|\\.)*")/, (_, name: string, path: string) => {
    const found = resolve(dirname(model), JSON.parse(path) as string);
    return name + JSON.stringify(found);
  });
  const own = join(folder, createHash('sha256').update(absolute).digest('hex').slice(0, 16));
  await mkdir(own, { recursive: true });
  const written = join(own, basename(model));
  await writeFile(written, absolute);
  return written;
}
