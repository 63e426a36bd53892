import { sentence, verbatim, type Sentence } from '../errors/sentence';

/** What a class is called: its label, or where the model has none for it, its number. */
export const className = (label: string | null | undefined, index: number): Sentence =>
  label ? verbatim(label) : sentence('class {0}', index);

/** Index of a class by number, by its label, or by the part of its label before the first comma where only one has it. */
export function classByName(text: string, labels: readonly string[] | null): number | null {
  const name = text.trim().toLowerCase();
  if (/^\d{1,7}$/.test(name)) return Number(name);
  if (name === '' || labels === null) return null;
  const lower = labels.map((label) => label.trim().toLowerCase());
  const exact = lower.indexOf(name);
  if (exact >= 0) return exact;
  const first = lower.flatMap((label, i) => (label.split(',')[0]!.trim() === name ? [i] : []));
  return first.length === 1 ? first[0]! : null;
}
