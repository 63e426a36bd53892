/** Comma-separated values as RFC 4180 has them: quoted fields may hold commas, quotes (twice) and line breaks. */

/** Rows of fields. Lines end in LF or CRLF; an empty line is none. */
export function* parseCsv(text: string): Generator<string[]> {
  const field = /"((?:[^"]|"")*)"?(,|\r?\n|$)|([^,\r\n]*)(,|\r?\n|\r|$)/y;
  let row: string[] = [];
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (!found) return; // a quote that closes before its field ends: what follows cannot be told apart
    const [, quoted, afterQuoted, plain, afterPlain] = found;
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if ((afterQuoted ?? afterPlain) === ',') {
      if (field.lastIndex === text.length) row.push('');
      else continue;
    }
    if (row.length > 1 || row[0] !== '') yield row;
    row = [];
  }
  if (row.length > 0) yield row;
}

/** A field, quoted where it has to be. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
