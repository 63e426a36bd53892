/** The models one can choose from: the embedded one, those in the Hugging Face cache, those in the workspace. */
import { basename } from 'node:path';
import { recogniseConfig } from './families';
import { cachedIds, cachedSnapshot } from './hub/cache';
import { hubSettings } from './hub/settings';
import { embeddedModel, exists, locate } from './files/locate';
import { EMBEDDED, type RegistryEntry } from './modelId';
import { readConfig } from './open';

interface RegistryOptions {
  /** The extension's root. */
  root: string;
  /** The hub's cache; the environment's by default. */
  cacheDir?: string;
  /** Model files and directories found in the workspace. */
  workspace?: string[];
}

export async function listModels(options: RegistryOptions): Promise<RegistryEntry[]> {
  const embedded = embeddedModel(options.root);
  const entries = [await entry(EMBEDDED, basename(embedded), 'embedded', embedded)];
  const cacheDir = options.cacheDir ?? (await hubSettings()).cacheDir;
  for (const id of await cachedIds(cacheDir)) {
    const snapshot = await cachedSnapshot(cacheDir, id);
    const found = snapshot === null ? null : await entry(id, id, 'cached', snapshot);
    // The cache is shared with every other kind of model: only what says it is one of ours is offered.
    if (found?.family) entries.push(found);
  }
  for (const path of options.workspace ?? []) entries.push(await entry(path, basename(path), 'workspace', path));
  return entries.filter((found) => found !== null);
}

/** null when there is no model at that path. */
async function entry(
  id: string,
  name: string,
  kind: RegistryEntry['kind'],
  path: string,
): Promise<RegistryEntry | null> {
  try {
    const located = await locate(path);
    if (!located.config) return { id, name, kind, path, family: null };
    const family = recogniseConfig(await readConfig(located));
    return located.weights || family?.seeded ? { id, name, kind, path, family: family?.name ?? null } : null;
  } catch {
    // A broken model in a list of many is left out; opening it says why.
    return (await exists(path)) && kind === 'workspace' ? { id, name, kind, path, family: null } : null;
  }
}
