/**
 * A way from `folder` back to itself, as the files it leads through, or null.
 * @param all for each folder the folders it depends on, each with one file that does
 */
export function circle(all: Map<string, Map<string, string>>, folder: string): string[] | null {
  const seen = new Set<string>();
  const walk = (at: string, way: string[]): string[] | null => {
    for (const [next, file] of all.get(at) ?? []) {
      if (next === folder) return [...way, file];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = walk(next, [...way, file]);
      if (found) return found;
    }
    return null;
  };
  return walk(folder, []);
}
