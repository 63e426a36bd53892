/**
 * Text from a file (the name of a tensor, a label, a model or the file itself) as it may be shown anywhere: in one line, of a bounded
 * length, without what a terminal obeys and without what changes how the text around it is read. Code points by their Unicode
 * category: Cc (C0 and C1 controls, ESC and line breaks among them), Zl and Zp, and of Cf and the ignorable ones what is invisible or
 * turns the direction of text (bidirectional overrides, zero-width characters, tags, variation fillers).
 */
export function plainText(text: string, most = 300): string {
  // a name of megabytes is not worked through
  const bounded = text.length > 4 * most ? `${text.slice(0, 2 * most)}…${text.slice(-2 * most)}` : text;
  const shown = bounded
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/[\p{Cf}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}]/gu, '')
    .trim();
  return shortened(shown, most);
}

/** Keeps both ends: a path says most at its end. Counted in code points, so that no pair is cut in two. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const points = Array.from(text);
  if (points.length <= most) return text;
  const tail = Math.floor(most / 3);
  return `${points.slice(0, most - tail - 1).join('')}…${points.slice(-tail).join('')}`;
}

/** A whole message that somebody else wrote, a library or the operating system. */
export const plainMessage = (text: string): string => plainText(text, 1000);

/** JSON for a terminal: the same values, and characters a terminal obeys as \u escapes. */
export function terminalJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\p{Cf}\p{Default_Ignorable_Code_Point}]/gu,
    (character) =>
      Array.from(
        { length: character.length },
        (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
      ).join(''),
  );
}
