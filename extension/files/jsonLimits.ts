/** What is believed of JSON that people and tools write, before a parser meets it. */

/** Of a config, or of a .vit.json in an editor (there in characters). */
export const MOST_JSON_BYTES = 4 * 1024 * 1024;

/** Configs and headers nest less than ten deep. */
export const MOST_NESTING = 64;

/** Where a bracket opens one level too many, in characters; null when none does. Comments are allowed. Linear time. */
export function nestedTooDeep(text: string): number | null {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '/') at = endOfComment(text, at);
    else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (depth > MOST_NESTING) return at;
  }
  return null;
}

/** The closing quote; a line end closes a string that has none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"' || text[at] === '\n') return at;
  }
  return text.length;
}

/** The last character of a comment, or of the slash that begins none. */
function endOfComment(text: string, start: number): number {
  const kind = text[start + 1];
  if (kind !== '/' && kind !== '*') return start;
  const end = text.indexOf(kind === '/' ? '\n' : '*/', start + 2);
  return end < 0 ? text.length : end + Number(kind === '*');
}
