/** Which test files run which places of the sources, in their own process and in those that they start, from what V8 counts. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutant } from './mutant';
import type { Packages } from './packages.mjs';
import { runTest, type Ran } from './runTest';

interface Range {
  startOffset: number;
  endOffset: number;
  count: number;
}

interface V8Coverage {
  result: { url: string; functions: { ranges: Range[] }[] }[];
  'source-map-cache'?: Record<string, { lineLengths: number[]; data: { sources: string[] } | null }>;
}

export interface Covered {
  seconds: number;
  /** Of each source file: its hash, and the places that were run, as numbers. */
  files: Record<string, { hash: string; places: number[] }>;
}

/** A place of a file as one number. */
const place = (line: number, column: number) => line * 10_000 + column;

const hashOf = (file: string) => createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 16);

export class CoverageBook {
  private readonly known: Record<string, Covered & { hash: string }>;
  private readonly failing = new Set<string>();

  /** `kept`: the file in which it is kept from run to run. */
  constructor(
    private readonly root: string,
    private readonly packages: Packages,
    private readonly kept: string,
  ) {
    this.known = existsSync(kept) ? (JSON.parse(readFileSync(kept, 'utf8')) as typeof this.known) : {};
  }

  /** What a test file covers; null where it fails without a mutant, which it would seem to find. */
  async of(test: string): Promise<Covered | null> {
    const known = this.known[test];
    if (known !== undefined && this.isStill(test, known)) return known;
    if (this.failing.has(test)) return null;
    const folder = mkdtempSync(path.join(tmpdir(), 'vit-coverage-'));
    try {
      const ran = await runTest(this.root, test, 1200, { NODE_V8_COVERAGE: folder });
      if (ran.verdict !== 'passed') {
        this.failing.add(test);
        process.stderr.write(`${test} fails without a mutant and is not asked: ${ran.said}\n`);
        return null;
      }
      const covered = this.read(folder, ran);
      this.known[test] = { ...covered, hash: hashOf(path.join(this.root, test)) };
      mkdirSync(path.dirname(this.kept), { recursive: true });
      writeFileSync(this.kept, JSON.stringify(this.known));
      return covered;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private isStill(test: string, { hash, files }: Covered & { hash: string }): boolean {
    const same = (file: string, hash: string) =>
      existsSync(path.join(this.root, file)) && hashOf(path.join(this.root, file)) === hash;
    return same(test, hash) && Object.entries(files).every(([file, { hash }]) => same(file, hash));
  }

  private read(folder: string, { seconds }: Ran): Covered {
    const places = new Map<string, Set<number>>();
    for (const name of readdirSync(folder)) {
      let coverage: V8Coverage;
      try {
        coverage = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as V8Coverage;
      } catch {
        continue; // its process was killed while it wrote
      }
      this.add(coverage, places);
    }
    const files = [...places].map(([file, run]) => {
      const hash = hashOf(path.join(this.root, file));
      return [file, { hash, places: [...run].sort((a, b) => a - b) }] as const;
    });
    return { seconds, files: Object.fromEntries(files) };
  }

  private add({ result, 'source-map-cache': maps = {} }: V8Coverage, places: Map<string, Set<number>>): void {
    for (const { url, functions } of result) {
      const { lineLengths, data } = maps[url] ?? {};
      if (!lineLengths || !data?.sources.some((source) => this.ownFile(source, url) !== null)) continue;
      const countAt = counter(functions.flatMap(({ ranges }) => ranges));
      const starts = [0];
      for (const length of lineLengths) starts.push(starts.at(-1)! + length + 1);
      const names = new Map<string, string | null>();
      this.packages.eachMapping(data, ({ generatedLine, generatedColumn, source, originalLine, originalColumn }) => {
        if (source === null || originalLine === null || originalColumn === null) return;
        if (!names.has(source)) names.set(source, this.ownFile(source, url));
        const file = names.get(source);
        if (!file || countAt(starts[generatedLine - 1]! + generatedColumn) === 0) return;
        if (!places.has(file)) places.set(file, new Set());
        places.get(file)!.add(place(originalLine, originalColumn));
      });
    }
  }

  /** A source of the extension or the webview, relative to the root. */
  private ownFile(source: string, of: string): string | null {
    const url = new URL(source, of);
    if (url.protocol !== 'file:') return null;
    const file = path.relative(this.root, fileURLToPath(url));
    return /^(extension|webview)\/.*\.ts$/.test(file) ? file : null;
  }
}

/** How often the code at an offset was run: the count of the innermost range around it. Ranges are nested, the outer one first. */
function counter(ranges: Range[]): (offset: number) => number {
  const sorted = [...ranges].sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const edges: { at: number; count: number }[] = [];
  const open: Range[] = [];
  const close = (upTo: number) => {
    while (open.length > 0 && open.at(-1)!.endOffset <= upTo) {
      const { endOffset } = open.pop()!;
      edges.push({ at: endOffset, count: open.at(-1)?.count ?? 0 });
    }
  };
  for (const range of sorted) {
    close(range.startOffset);
    open.push(range);
    edges.push({ at: range.startOffset, count: range.count });
  }
  close(Infinity);
  return (offset) => {
    let [low, high] = [0, edges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (edges[middle]!.at <= offset) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : edges[low - 1]!.count;
  };
}

/** Whether a test runs any of what a mutant changes: a place inside it, or where it has none, its first line. */
export function covers({ files }: Covered, mutant: Mutant, endLine: number, endColumn: number): boolean {
  const places = files[mutant.file]?.places ?? [];
  const first = place(mutant.line, mutant.column - 1);
  const last = place(endLine, endColumn);
  return places.some((at) => at >= first && at < last) || places.some((at) => Math.floor(at / 10_000) === mutant.line);
}
