/** The cache that all Hugging Face tools share: models--org--name/{blobs,refs,snapshots}. */
import { copyFile, mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { readRegularFile } from '../../files/regularFile';

const repoDirectory = (cacheDir: string, id: string) => join(cacheDir, `models--${id.replaceAll('/', '--')}`);

export const blobPath = (cacheDir: string, id: string, etag: string) =>
  join(repoDirectory(cacheDir, id), 'blobs', etag);

/** The directory of the model as it was last downloaded, or null. */
export async function cachedSnapshot(cacheDir: string, id: string, revision = 'main'): Promise<string | null> {
  const repo = repoDirectory(cacheDir, id);
  const commit = /^[0-9a-f]{40}$/.test(revision) ? revision : await readRef(join(repo, 'refs', revision));
  if (commit === null) return null;
  const snapshot = join(repo, 'snapshots', commit);
  try {
    return (await stat(snapshot)).isDirectory() ? snapshot : null;
  } catch {
    return null;
  }
}

async function readRef(file: string): Promise<string | null> {
  try {
    const commit = (await readRegularFile(file, 1024)).toString('utf8').trim();
    return /^[0-9a-f]{40}$/.test(commit) ? commit : null;
  } catch {
    return null;
  }
}

/** Ids of every model repository in the cache. */
export async function cachedIds(cacheDir: string): Promise<string[]> {
  try {
    const names = await readdir(cacheDir);
    return names
      .filter((name) => name.startsWith('models--'))
      .map((name) => name.slice(8).replaceAll('--', '/'))
      .sort();
  } catch {
    return [];
  }
}

/**
 * Makes finished blobs a snapshot, and the snapshot the revision's. Called once everything is there and checked,
 * so that whoever finds the snapshot finds all of it.
 */
export async function publish(
  cacheDir: string,
  id: string,
  revision: string,
  commit: string,
  files: { path: string; blob: string }[],
): Promise<string> {
  const repo = repoDirectory(cacheDir, id);
  const snapshot = join(repo, 'snapshots', commit);
  for (const { path, blob } of files) {
    const pointer = join(snapshot, path);
    await mkdir(dirname(pointer), { recursive: true });
    await rm(pointer, { force: true });
    try {
      await symlink(relative(dirname(pointer), blob), pointer);
    } catch {
      // Windows without developer mode has no symbolic links.
      await copyFile(blob, pointer);
    }
  }
  const ref = join(repo, 'refs', revision);
  await mkdir(dirname(ref), { recursive: true });
  await writeFile(`${ref}.new`, commit);
  await rename(`${ref}.new`, ref);
  return snapshot;
}
