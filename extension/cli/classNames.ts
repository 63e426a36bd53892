/** Classes on the command line: what they are called, and how --class and --against name them. */
import { classByName, className } from '../architecture/className';
import { plainText } from '../errors/plainText';
import { UsageError } from './errors';

/** The label as the file has it, else `class 3`. */
export const labelOrNumber = (label: string | null | undefined, index: number): string =>
  label || className(null, index).message;

/**
 * One class for each of `count` pictures. The text is a class, the same for all, or as many as there are pictures with commas
 * between them; a label that holds commas itself is taken whole. Throws UsageError.
 */
export function classesOf(option: string, text: string, labels: readonly string[] | null, count: number): number[] {
  const whole = classByName(text, labels);
  if (whole !== null) return Array.from({ length: count }, () => whole);
  const names = text.split(',');
  const found = names.map((name) => {
    const index = classByName(name, labels);
    if (index !== null) return index;
    const known = labels === null ? '; it names no classes, so an index is needed' : '';
    throw new UsageError(`${option}: the model has no class called ${plainText(name.trim())}${known}`);
  });
  if (found.length === count) return found;
  throw new UsageError(`${option}: ${found.length} classes for ${count === 1 ? '1 picture' : `${count} pictures`}`);
}
