/** Widths of Helvetica and Helvetica-Bold (Adobe's font metrics), one of the fonts that every PDF reader has. */

/** Thousandths of the size, of the characters from space to ~. */
const regular =
  '278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 ' +
  '1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 ' +
  '333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584';
const bold =
  '278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 ' +
  '975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 ' +
  '333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584';

const widths = { regular: regular.split(' ').map(Number), bold: bold.split(' ').map(Number) };

/** Letters beyond ASCII are taken to be as wide as most, those of East Asia to be square. */
const other = (character: string) => (character.charCodeAt(0) >= 0x2e80 ? 1000 : 556);

/** Pixels, at a size in pixels. */
export function helveticaWidth(text: string, size: number, weight: number): number {
  const table = weight >= 600 ? widths.bold : widths.regular;
  let sum = 0;
  for (const character of text) sum += table[character.charCodeAt(0) - 32] ?? other(character);
  return (sum * size) / 1000;
}

/** Of Windows code page 1252 (WinAnsiEncoding) those that are not at their own code point. */
const moved: Record<string, number> = {
  ...{ '€': 0x80, '‚': 0x82, ƒ: 0x83, '„': 0x84, '…': 0x85, '†': 0x86, '‡': 0x87, '‰': 0x89, '‹': 0x8b, '‘': 0x91 },
  ...{ '’': 0x92, '“': 0x93, '”': 0x94, '•': 0x95, '–': 0x96, '—': 0x97, '™': 0x99, '›': 0x9b },
  // a minus sign is not in it: the dash of the same width
  '−': 0x96,
};

/** The text's bytes in WinAnsiEncoding; null when it has characters that are not in it. */
export function winAnsi(text: string): number[] | null {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const own = (code >= 32 && code < 127) || (code >= 160 && code < 256) ? code : undefined;
    const byte = moved[character] ?? own;
    if (byte === undefined) return null;
    bytes.push(byte);
  }
  return bytes;
}
