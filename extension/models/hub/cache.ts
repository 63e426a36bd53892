/** The cache that all Hugging Face tools share: models--org--name/{blobs,refs,snapshots}. */
import { copyFile, readdir, rename, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { readRegularFile } from '../../files/regularFile';
import { makeDirectory, writeWholeFile } from '../../files/wholeFile';

type RepoKind = 'models' | 'datasets';

let counter = 0;

const repoDirectory = (cacheDir: string, id: string, kind: RepoKind = 'models') =>
  join(cacheDir, `${kind}--${id.replaceAll('/', '--')}`);

export const blobPath = (cacheDir: string, id: string, etag: string, kind: RepoKind = 'models') =>
  join(repoDirectory(cacheDir, id, kind), 'blobs', etag);

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
  kind: RepoKind = 'models',
): Promise<string> {
  const repo = repoDirectory(cacheDir, id, kind);
  const snapshot = join(repo, 'snapshots', commit);
  for (const { path, blob } of files) {
    const pointer = join(snapshot, path);
    await makeDirectory(dirname(pointer));
    // under a name of its own first: others may publish the same at the same time
    const own = `${pointer}.${process.pid}-${counter++}.part`;
    try {
      await symlink(relative(dirname(pointer), blob), own);
    } catch {
      // Windows without developer mode has no symbolic links.
      await copyFile(blob, own);
    }
    await rename(own, pointer);
  }
  const ref = join(repo, 'refs', revision);
  await makeDirectory(dirname(ref));
  await writeWholeFile(ref, [Buffer.from(commit)]);
  return snapshot;
}
