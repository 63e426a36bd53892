/** Comma-separated values as RFC 4180 has them: quoted fields may hold commas, quotes (twice) and line breaks. */

/** Rows of fields. Lines end in LF, CRLF or CR; an empty line is none. A quote that closes before its field ends is part of a plain field. */
export function* parseCsv(text: string): Generator<string[]> {
  const field = /"((?:[^"]|"")*)"?(,|\r\n?|\n|$)|([^,\r\n]*)(,|\r\n?|\n|$)/y;
  let row: string[] = [];
  while (field.lastIndex < text.length) {
    const [, quoted, afterQuoted, plain, afterPlain] = field.exec(text)!;
    row.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    if ((afterQuoted ?? afterPlain) === ',') {
      if (field.lastIndex === text.length) row.push('');
      else continue;
    }
    if (row.length > 1 || row[0] !== '') yield row;
    row = [];
  }
}

/** A field, quoted where it has to be. */
export const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
