/** Lines and columns of text in a font whose characters are equally wide; those of Chinese, Japanese and Korean take two columns. */

const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/gu;

/** Columns that a text takes. */
export const widthOf = (text: string): number => Array.from(text).length + (text.match(WIDE)?.length ?? 0);

const padding = (text: string, width: number): string => ' '.repeat(Math.max(0, width - widthOf(text)));
/** The text and blanks after it, or before it, `width` columns in all. */
const left = (text: string, width: number): string => text + padding(text, width);
const right = (text: string, width: number): string => padding(text, width) + text;

/**
 * Breaks a text into lines of at most `width` columns; lines after the first begin with `indent` blanks. Words stay whole; between
 * two Chinese characters a line may end, but not before their punctuation.
 */
export function wrapped(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.split(/(?<=\S)(?=[ （])|(?<=\p{Script=Han}|[，。；：、）])(?=\p{Script=Han})/u)) {
    if (line !== '' && widthOf(line) + widthOf(piece) > width) {
      lines.push(line);
      line = ' '.repeat(indent) + piece.trimStart();
    } else line += piece;
  }
  return [...lines, line].join('\n');
}

/** Rows of a name and what it is, wrapped under each other. */
export function definitions(rows: readonly [name: string, text: string][], width = Infinity): string {
  const first = Math.max(...rows.map(([name]) => widthOf(name))) + 2;
  return rows.map(([name, text]) => wrapped(left(name, first) + text, width, first)).join('\n');
}

/** Columns two blanks apart: the first one's cells at the left, the others', which are numbers, at the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => widthOf(row[i] ?? ''))));
  const cell = (text: string, i: number) => (i === 0 ? left : right)(text, widths[i] ?? 0);
  return rows.map((row) => row.map(cell).join('  ')).join('\n');
}
