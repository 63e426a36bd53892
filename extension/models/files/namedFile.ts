/** Files that a .vit.json names (its picture, its weights): relative to itself, and in an untrusted workspace no further than that. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';

/**
 * The absolute path of what `file` names in its field.
 * @param confinedTo in a workspace that is not trusted, its folders: what is named has to lie below one of them or beside the file,
 * also when links are followed. A path to another machine is refused before anything touches it: on Windows looking there logs in.
 */
export async function namedFile(
  file: string,
  field: string,
  named: string,
  confinedTo: readonly string[] | undefined,
): Promise<string> {
  const path = resolve(dirname(file), named);
  if (!confinedTo) return path;
  const folders = [dirname(file), ...confinedTo];
  const elsewhere = isOnAnotherMachine(named) || !folders.some((folder) => isBelow(folder, path));
  if (elsewhere || !(await isReallyBelow(folders, path))) {
    throw new ModelError(
      'untrusted',
      sentence('{0}: "{1}" names {2}, outside this workspace, which is not trusted.', file, field, named),
    );
  }
  return path;
}

/** \\server\share, //server/share, and Windows' device paths, on every platform. */
const isOnAnotherMachine = (named: string) => /^[\\/]{2}/.test(named);

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !/^\.\.[\\/]/.test(way) && !isAbsolute(way);
}

async function isReallyBelow(folders: readonly string[], path: string): Promise<boolean> {
  const [target, ...real] = await Promise.all([path, ...folders].map((one) => realpath(one).catch(() => one)));
  return real.some((folder) => isBelow(folder, target!));
}
