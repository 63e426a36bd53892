/** Reading an architecture off tensor names and shapes, where a config is silent. */
import { ConfigError } from '../../errors/configError';
import type { StoredTensor } from '../files/safetensors';
import type { Fields } from './fields';
import type { Tensors } from './family';
import { sentence } from '../../errors/sentence';

/** The first tensor whose name matches. */
export function pick(tensors: Tensors | null, pattern: RegExp): StoredTensor | undefined {
  for (const [name, tensor] of tensors ?? []) if (pattern.test(name)) return tensor;
  return undefined;
}

export const rows = (tensors: Tensors | null, name: string): number | undefined => tensors?.get(name)?.shape[0];

/** The size along `axis` that most tensors of the pattern have: one odd block among many does not decide. */
export function commonSize(tensors: Tensors | null, pattern: RegExp, axis: 0 | 1): number | undefined {
  const votes = new Map<number, number>();
  for (const [name, { shape }] of tensors ?? []) {
    const size = pattern.test(name) ? shape[axis] : undefined;
    if (size !== undefined) votes.set(size, (votes.get(size) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** One more than the largest `{i}` among the names that start with `pattern`. */
export function depthOf(tensors: Tensors | null, pattern: string): number | undefined {
  if (!tensors) return undefined;
  const regex = new RegExp(`^${pattern.replace(/[.]/g, '\\.').replace('{i}', '(\\d{1,4})')}`);
  let depth: number | undefined;
  for (const name of tensors.keys()) {
    const index = regex.exec(name)?.[1];
    if (index !== undefined) depth = Math.max(depth ?? 0, Number(index) + 1);
  }
  return depth;
}

/** The square grid that, with one of `prefixes` extra rows, has `count` rows. */
export function inferGrid(count: number, prefixes: number[]): [number, number] | undefined {
  for (const extra of prefixes) {
    const side = Math.round(Math.sqrt(count - extra));
    if (side > 0 && side * side === count - extra) return [side, side];
  }
  return undefined;
}

/** The grid that a table of positions was trained for: the configured one if it has that many rows, else the square that does. */
export function gridOfRows(
  rowsOfTable: number | undefined,
  prefixes: number,
  grid: [number, number],
): [number, number] {
  if (rowsOfTable === undefined || rowsOfTable - prefixes === grid[0] * grid[1]) return grid;
  return inferGrid(rowsOfTable, [prefixes]) ?? grid;
}

/** Whether a picture of so many patches may be: one at most three times as wide as high. */
export function isOblong(patches: number): boolean {
  for (let side = Math.ceil(Math.sqrt(patches / 3)); side * side <= patches; side++)
    if (side > 0 && patches % side === 0) return true;
  return false;
}

/** Width of one head. */
export function divide(config: Fields, dim: number, heads: number): number {
  if (dim % heads !== 0) {
    throw new ConfigError(
      'config',
      config.source,
      sentence('{0}-wide tokens cannot be split over {1} heads', dim, heads),
      'num_heads',
    );
  }
  return dim / heads;
}
