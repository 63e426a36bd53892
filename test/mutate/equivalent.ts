/** Mutants that change nothing a test could see, found by hand, each with the reason. They are sampled, named and not counted. */
import type { Mutant } from './mutant';

export interface Known {
  file: string;
  /** The line of the source as it is, without its indentation. */
  line: string;
  original: string;
  replacement: string;
  why: string;
}

const known: Known[] = [
  {
    file: 'extension/engine/depth/tokens.ts',
    line: 'Float64Array.from({ length }, (_value, d) => Math.cos(1 + d * (c + 1) * 0.7) + (d === c ? 1 : 0)),',
    original: 'c + 1',
    replacement: 'c - 1',
    why: 'where an iteration begins that ends at the same axes from anywhere',
  },
  {
    file: 'extension/bench/start.ts',
    line: 'peak_bytes: rows.some((row) => row.peak_bytes === null) ? null : middle((row) => row.peak_bytes ?? NaN),',
    original: 'rows.some((row) => row.peak_bytes === null)',
    replacement: 'rows.every(row => row.peak_bytes === null)',
    why: 'a system tells the memory of every process or of none',
  },
  {
    file: 'extension/results/embeddings.ts',
    line: 'while (end < rows.length && indices[rows[end]!] === indices[rows[end - 1]!]! + 1 && end - start < 65_536) end++;',
    original: 'end < rows.length',
    replacement: 'end >= rows.length',
    why: 'rows are read one by one: slower, and the same',
  },
  {
    file: 'extension/results/neighbours.ts',
    line: 'sum += w * w + x * x + y * y + z * z;',
    original: 'sum += w * w + x * x + y * y + z * z',
    replacement: 'sum -= w * w + x * x + y * y + z * z',
    why: 'no pair is known early to be too far apart, and each is compared in full: slower, and the same',
  },
  {
    file: 'webview/results/embeddingMap.ts',
    line: 'for (let i = 0; i < rows.length; i++) {',
    original: 'i < rows.length',
    replacement: 'i <= rows.length',
    why: 'beyond the end there are no places: what is drawn or compared there is not a number, and does nothing',
  },
  {
    file: 'webview/app/firstDrawing.ts',
    line: "this.waiting = progress === 'loading' || (progress === 'ready' && !this.ask(state));",
    original: "progress === 'loading' || (progress === 'ready' && !this.ask(state))",
    replacement: 'true',
    why: 'the panel is drawn after 300 ms in any case: later, and the same',
  },
  {
    file: 'webview/walkthrough.ts',
    line: 'if (this.pagesFor !== pagesFor) {',
    original: 'this.pagesFor !== pagesFor',
    replacement: 'true',
    why: 'the pages are made again for each run, and are the same',
  },
];

/** Why nothing can be seen of a mutant; null: it may be. */
export function equivalent({ file, start, original, replacement }: Mutant, text: string, of = known): string | null {
  const from = text.lastIndexOf('\n', start - 1) + 1;
  const line = text.slice(from, text.indexOf('\n', from)).trim();
  const is = (one: Known) =>
    one.file === file && one.line === line && one.original === original && `(${one.replacement})` === replacement;
  return of.find(is)?.why ?? null;
}
