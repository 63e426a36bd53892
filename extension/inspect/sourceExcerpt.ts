/** The part of a source file that is shown beside a step. */

import type { SourceExcerpt } from '../protocol/panel';

const MOST_LINES = 60;
const MOST_CHARACTERS = 200;

/**
 * The function around a line (1-based), with the comment above it: from the last line before it that begins in the first column and ends
 * nothing, to the next brace in the first column. Of a longer one, the lines around that line.
 */
export function sourceExcerpt(text: string, line: number): SourceExcerpt {
  const lines = text.split(/\r?\n/);
  const at = Math.min(line, lines.length) - 1;
  let first = at;
  while (first > 0 && !/^[\w/]/.test(lines[first]!)) first--;
  while (first > 0 && /^(\/\/|template\b)/.test(lines[first - 1]!)) first--;
  let last = at;
  while (last < lines.length - 1 && !lines[last]!.startsWith('}')) last++;
  first = Math.max(first, at - MOST_LINES / 2);
  last = Math.min(last, first + MOST_LINES - 1);
  return { first: first + 1, lines: lines.slice(first, last + 1).map((one) => one.slice(0, MOST_CHARACTERS)) };
}
