/** Which files a model may be made of: those that a .vit.json names (its picture, its weights) are relative to itself; in an untrusted workspace nothing leads out of it. */
import { dirname, resolve } from 'node:path';
import { ModelError } from '../../errors/modelError';
import { sentence } from '../../errors/sentence';
import { isBelow, isReallyBelow } from '../../files/within';

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

/**
 * Of a model in an untrusted workspace's folders none of the files found may be a link that leaves them. Throws ModelError.
 * @param path what the user pointed at
 */
export async function assertConfined(
  path: string,
  files: readonly (string | null)[],
  confinedTo: readonly string[] | undefined,
): Promise<void> {
  if (!confinedTo?.some((folder) => folder === path || isBelow(folder, path))) return;
  for (const file of files) {
    if (file === null || (await isReallyBelow(confinedTo, file))) continue;
    throw new ModelError(
      'untrusted',
      sentence('{0} is a link to a file outside this workspace, which is not trusted.', file),
    );
  }
}
