/** JSON as programs really write it. */

/** A file's text without its byte order mark; UTF-16, which some editors write, is recognised by it. */
export function decodeText(bytes: Buffer): string {
  const text = bytes[0] === 0xff && bytes[1] === 0xfe ? bytes.toString('utf16le') : bytes.toString('utf8');
  return text.replace(/^\uFEFF/, '');
}

/** JSON.parse, and Python's NaN, Infinity and -Infinity, which stand for "not given" here (null). Throws SyntaxError. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // a string that does not end takes the rest of the text, a last backslash too, so that time is by its length
    const plain = text.replace(/"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/g, (word) =>
      word.startsWith('"') ? word : 'null',
    );
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}
