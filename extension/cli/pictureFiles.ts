/** Pictures as they are named on the command line: files, and folders of them. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { isImagePath } from '../image/pictureKinds';

export interface PictureFile {
  file: string;
}

/** Folders give the pictures in them, by name, without those in folders of theirs. What is missing is found out when it is opened. */
export async function filesOf(named: readonly string[]): Promise<PictureFile[]> {
  const files: PictureFile[] = [];
  for (const name of named) {
    const folder = await stat(name).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (!folder) {
      files.push({ file: name });
      continue;
    }
    const entries = await readdir(name, { withFileTypes: true });
    const inside = entries
      .filter((entry) => isImagePath(entry.name) && !entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
    if (inside.length === 0) throw new Error(`${name} holds no pictures.`);
    files.push(...inside.map((each) => ({ file: path.join(name, each) })));
  }
  return files;
}

/** A name for what is written about each: the file's without its ending, or as little more as tells it from the others. */
export function namesFor(files: readonly PictureFile[]): string[] {
  const seen = new Set<string>();
  return files.map(({ file }) => {
    const { name, base } = path.parse(file);
    const choices = [name, base];
    for (let n = 2; choices.every((choice) => seen.has(choice.toLowerCase())); n++) choices.push(`${name}-${n}`);
    const chosen = choices.find((choice) => !seen.has(choice.toLowerCase()))!;
    seen.add(chosen.toLowerCase());
    return chosen;
  });
}
