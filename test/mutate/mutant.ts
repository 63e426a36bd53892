/** A mutant: one small change of a source file that the tests should notice. StrykerJS says which there are. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ListedMutant, Packages } from './packages.mjs';

export interface Mutant {
  /** Relative to the root. */
  file: string;
  /** From 1. */
  line: number;
  column: number;
  kind: string;
  /** Offsets in the file. */
  start: number;
  end: number;
  original: string;
  replacement: string;
}

export async function listMutants(listed: Packages, root: string, file: string): Promise<Mutant[]> {
  const text = readFileSync(path.join(root, file), 'utf8');
  const starts = lineStarts(text);
  return (await listed.mutantsOf(file, text)).map(({ mutatorName: kind, location, replacement }: ListedMutant) => {
    const at = ({ line, column }: ListedMutant['location']['start']) => starts[line]! + column;
    const [start, end] = [at(location.start), at(location.end)];
    const { line, column } = location.start;
    return {
      ...{ file, line: line + 1, column: column + 1, kind, start, end },
      original: text.slice(start, end),
      replacement: isExpression(kind, replacement) ? `(${replacement})` : replacement,
    };
  });
}

/** What stands for an expression is put in parentheses, so that it stays one beside any operator. */
const isExpression = (kind: string, replacement: string) =>
  kind !== 'BlockStatement' && !/^(case\b|default:)/.test(replacement);

export const mutated = (text: string, { start, end, replacement }: Mutant) =>
  text.slice(0, start) + replacement + text.slice(end);

export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return starts;
}

/** `file:line:column kind: what → what`, on one line. */
export const describe = ({ file, line, column, kind, original, replacement }: Mutant) =>
  `${file}:${line}:${column} ${kind}: ${short(original)} → ${short(replacement)}`;

function short(code: string): string {
  const line = code.replace(/\s+/g, ' ');
  return line.length > 60 ? `${line.slice(0, 40)} … ${line.slice(-15)}` : line;
}
