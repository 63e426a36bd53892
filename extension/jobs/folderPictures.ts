/**
 * The pictures of a folder and of those below it, without what .gitignore files and settings leave out, as the explorer has them. The command
 * line takes a folder as it is on disk, links too: cli/scale/inputs.ts.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import ignore, { type Ignore } from 'ignore';
import { isImagePath } from '../image/pictureKinds';
import type { JobPicture } from './picture';

/** Folders in folders; a link that leads back up is not followed at all. */
const DEEPEST = 100;
/** Of one .gitignore file, in characters. */
const MOST_RULES = 1_000_000;

export interface FolderChoice {
  folder: string;
  /** Patterns as in .gitignore: of pictures that are taken (none: all), and of what is left out. */
  include: readonly string[];
  exclude: readonly string[];
}

/** Rules count from the folder they stand in. */
interface Rules {
  folder: string;
  rules: Ignore;
}

/** In the order of their names, folder after folder. Folders that cannot be read are left out. */
export async function* folderPictures({ folder, include, exclude }: FolderChoice): AsyncGenerator<JobPicture> {
  const included = include.length === 0 ? null : ignore().add([...include]);
  const above: Rules[] = [...(await rulesAbove(folder)), { folder, rules: ignore().add(['.git', ...exclude]) }];
  for await (const file of walk(folder, above, 0)) {
    const id = relative(folder, file).replaceAll('\\', '/');
    if (included && !included.ignores(id)) continue;
    yield { id, image: id, source: { path: file, preview: false } };
  }
}

async function* walk(folder: string, rules: readonly Rules[], depth: number): AsyncGenerator<string> {
  if (depth > DEEPEST) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const all = [...rules, ...(await rulesIn(folder))];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!isIgnored(`${path}/`, all)) yield* walk(path, all, depth + 1);
    } else if (isImagePath(entry.name) && !isIgnored(path, all)) yield path;
  }
}

/** The innermost rule that says something of a path holds. */
function isIgnored(path: string, rules: readonly Rules[]): boolean {
  for (const { folder, rules: each } of [...rules].reverse()) {
    const { ignored, unignored } = each.test(
      relative(folder, path).replaceAll('\\', '/') + (path.endsWith('/') ? '/' : ''),
    );
    if (ignored || unignored) return ignored;
  }
  return false;
}

async function rulesIn(folder: string): Promise<Rules[]> {
  const text = await readFile(join(folder, '.gitignore'), 'utf8').catch(() => null);
  return text === null ? [] : [{ folder, rules: ignore().add(text.slice(0, MOST_RULES)) }];
}

/** Those of the folders above, up to the one of the repository. */
async function rulesAbove(folder: string): Promise<Rules[]> {
  const found: Rules[] = [];
  for (let at = folder, depth = 0; depth < DEEPEST; depth++) {
    if (existsSync(join(at, '.git'))) return found;
    const parent = dirname(at);
    if (parent === at) break;
    found.unshift(...(await rulesIn(parent)));
    at = parent;
  }
  // in no repository: they are nobody's
  return [];
}
