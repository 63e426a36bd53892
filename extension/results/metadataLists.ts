/** The lists of labels that lie with pictures, as Hugging Face's ImageFolder has them: metadata.csv or metadata.jsonl in a folder. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { toErrorShape } from '../errors/engineError';
import { readLabelFile } from './labelFile';

const NAMES = ['metadata.csv', 'metadata.jsonl'];

/** Folders that are looked into: the parts of a data set are few. */
const MOST_FOLDERS = 100;

/** Those in the root and in the folders that ids begin with, as paths; the root's last. */
export async function metadataLists(root: string, ids: readonly string[]): Promise<string[]> {
  const folders = new Set<string>();
  for (const id of ids) {
    const end = id.indexOf('/');
    if (end > 0) folders.add(id.slice(0, end));
    if (folders.size === MOST_FOLDERS) break;
  }
  const files = [...folders, ''].flatMap((folder) => NAMES.map((name) => join(root, folder, name)));
  const present = await Promise.all(
    files.map((file) =>
      stat(file).then(
        (found) => found.isFile(),
        () => false,
      ),
    ),
  );
  return files.filter((_, i) => present[i]);
}

/** What they say, by id. One that has no labels (but captions, say) says nothing. */
export async function readMetadata(lists: readonly string[], root: string): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const list of lists) {
    try {
      for (const [id, label] of await readLabelFile(list, root)) all.set(id, label);
    } catch (error) {
      if (toErrorShape(error).code !== 'ERR_UNSUPPORTED') throw error;
    }
  }
  return all;
}
