/** How pictures are laid out that are compared. */
import type { Size } from '../../extension/image/geometry';

/** Columns in which `count` pictures of that aspect are the largest; of equal ones the most. */
export function bestColumns({ width, height }: Size, count: number, aspect: number): number {
  const size = (columns: number) => Math.min(width / columns / aspect, height / Math.ceil(count / columns));
  const all = Array.from({ length: count }, (_, i) => count - i);
  return all.reduce((best, columns) => (size(columns) > size(best) ? columns : best));
}
