/** Which folder a file is in, also when links are followed: what a file names may lead nowhere else. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative } from 'node:path';
import { FileRefusal } from '../errors/fileRefusal';
import { sentence } from '../errors/sentence';
import { answered, regularFileSize } from './regularFile';

/** By the paths alone. */
export function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !/^\.\.[\\/]/.test(way) && !isAbsolute(way);
}

/** By what the operating system finds there; of what does not exist, by its path. */
export async function isReallyBelow(folders: readonly string[], path: string): Promise<boolean> {
  const [target, ...real] = await Promise.all([path, ...folders].map(realPath));
  return real.some((folder) => isBelow(folder, target!));
}

/**
 * `file` is named by `owner`, and beside it or in a folder below by its name. Throws FileRefusal where it is no regular file or a link that
 * leads elsewhere, or the operating system's error. In the hub's cache both are links into one folder.
 */
export async function assertBeside(owner: string, file: string): Promise<void> {
  await regularFileSize(file);
  if (await isReallyBelow([dirname(owner), dirname(await realPath(owner))], file)) return;
  throw new FileRefusal(
    'elsewhere',
    sentence('{0} is a link to a file outside the folder of {1}, which is not read.', file, owner),
  );
}

const realPath = (path: string): Promise<string> =>
  answered(
    path,
    realpath(path).catch(() => path),
  );
