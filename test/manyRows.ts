import { readFileSync } from 'node:fs';

/**
 * The lines of a results file with as many rows as asked for: those of `file` whose picture could be read, again and
 * again, without embeddings, each with an id of its own.
 */
export function manyRows(
  file: string,
  count: number,
  idOf: (row: Record<string, unknown>, place: number) => string,
): string {
  const [header, ...rows] = readFileSync(file, 'utf8').trimEnd().split('\n');
  const first = JSON.stringify({ ...(JSON.parse(header!) as object), embeddings: null });
  const pictured = rows.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ image }) => image);
  const lines = Array.from({ length: count }, (_, place) => {
    const { embedding: _embedding, ...row } = pictured[place % pictured.length]!;
    return JSON.stringify({ ...row, id: idOf(row, place) });
  });
  return [first, ...lines, ''].join('\n');
}
