import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The directory with package.json above this file: the same from the sources and from a bundle in dist/. */
export function packageRoot(): string {
  let directory = path.dirname(fileURLToPath(import.meta.url));
  while (!existsSync(path.join(directory, 'package.json'))) {
    const above = path.dirname(directory);
    if (above === directory) throw new Error('The installation is incomplete: it has no package.json.');
    directory = above;
  }
  return directory;
}
