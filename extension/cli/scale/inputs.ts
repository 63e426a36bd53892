/**
 * Pictures as the command line names them: files, folders with folders in them, patterns, lists of files, and archives. A folder of the
 * editor obeys .gitignore: jobs/folderPictures.ts.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { isBelow } from '../../files/within';
import { isImagePath } from '../../image/pictureKinds';
import type { JobPicture } from '../../jobs/picture';
import { Unreadable } from '../errors';
import { isArchive, picturesInArchive } from './archive';
import { namesFrom } from './fileList';

export interface Inputs {
  /** The folder that ids and images begin in, absolute. */
  root: string;
  /** Of an image as a row has it: what whoever gave the command can open. */
  shown: (image: string) => string;
  pictures: AsyncIterable<JobPicture>;
}

type Named = { file: string } | { folder: string } | { archive: string };

/** Throws UsageError, and Unreadable for a folder or a list that is not there. */
export async function inputsOf(names: readonly string[], list: string | undefined): Promise<Inputs> {
  const named: Named[] = [];
  for (const name of names) named.push(...(await whatIs(name)));
  const [only] = named;
  // ids of one folder begin in it, wherever it lies
  const folder = named.length === 1 && list === undefined && only && 'folder' in only ? only.folder : null;
  const root = path.resolve(folder ?? '.');
  const shown = (image: string) => (folder === null || path.isAbsolute(image) ? image : path.join(folder, image));
  return { root, shown, pictures: everything(named, list, root) };
}

/** Whether the command is about many pictures: a folder, an archive, a pattern. */
export async function areMany(names: readonly string[]): Promise<boolean> {
  for (const name of names) {
    if (isArchive(name) || (await whatIs(name)).some((each) => !('file' in each) || each.file !== name)) return true;
  }
  return false;
}

async function whatIs(name: string): Promise<Named[]> {
  const kinds: Named[] = [];
  for (const file of await filesNamed(name)) {
    // a pattern matches files alone
    const folder = file === name && (await stat(file).catch(() => null))?.isDirectory() === true;
    kinds.push(folder ? { folder: file } : isArchive(file) ? { archive: file } : { file });
  }
  return kinds;
}

/** The files that a pattern matches, by name; of what lies there, and of what is none, itself. Throws Unreadable where none match. */
export async function filesNamed(name: string): Promise<string[]> {
  if (await stat(name).catch(() => null)) return [name];
  // loaded when there is something for it
  const { glob, isDynamicPattern } = await import('tinyglobby');
  if (!isDynamicPattern(name)) return [name];
  const matches = await glob(name, { onlyFiles: true, expandDirectories: false, followSymbolicLinks: true });
  if (matches.length === 0) throw new Unreadable(`${name} matches no files.`);
  return matches.sort();
}

async function* everything(named: Named[], list: string | undefined, root: string): AsyncGenerator<JobPicture> {
  for (const each of named) {
    if ('folder' in each) yield* picturesInFolder(each.folder, root);
    else if ('archive' in each) yield* picturesInArchive(each.archive, idOf(each.archive, root));
    else yield pictureOf(each.file, root);
  }
  if (list === undefined) return;
  for await (const name of namesFrom(list)) {
    if (isArchive(name)) yield* picturesInArchive(name, idOf(name, root));
    else yield pictureOf(name, root);
  }
}

function pictureOf(file: string, root: string): JobPicture {
  const id = idOf(file, root);
  return { id, image: id, source: { path: path.resolve(file), preview: false } };
}

/** Relative to the root with '/', or absolute outside of it. */
function idOf(file: string, root: string): string {
  const full = path.resolve(file);
  return (isBelow(root, full) ? path.relative(root, full) : full).split(path.sep).join('/');
}

/** By name, folders among them; a class a folder, or a split and in it a class a folder. Hidden ones are left out. */
async function* picturesInFolder(folder: string, root: string, seen = new Set<string>()): AsyncGenerator<JobPicture> {
  // links may lead round in circles
  const real = await realpath(folder).catch(() => folder);
  if (seen.has(real)) return;
  seen.add(real);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new Unreadable(`${folder} cannot be read: ${(error as Error).message}`);
  });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const file = path.join(folder, entry.name);
    const isFolder = entry.isSymbolicLink()
      ? await stat(file).then(
          (found) => found.isDirectory(),
          () => false,
        )
      : entry.isDirectory();
    if (isFolder) yield* picturesInFolder(file, root, seen);
    else if (isImagePath(entry.name)) yield pictureOf(file, root);
  }
}
