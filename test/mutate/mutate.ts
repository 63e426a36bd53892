/** A sample of mutants, each put into a copy of the working tree and shown to the tests that run its place. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Bundles } from './bundles';
import { Compiler } from './compiles';
import { copyTree } from './copy';
import { CoverageBook, covers, type Covered } from './coverage';
import { equivalent } from './equivalent';
import { roomOf, type Group } from './groups';
import { listMutants, mutated, type Mutant } from './mutant';
import { packages, type Packages } from './packages.mjs';
import { runTest } from './runTest';

export interface Result {
  mutant: Mutant;
  room: string;
  verdict: 'killed' | 'survived' | 'equivalent';
  /** The test that found it; why it is equivalent; how many tests did not see it. */
  by: string;
  seconds: number;
}

export interface Trial {
  group: Group;
  sample: number;
  seed: number;
  /** Parts of `file:line:column`: only the mutants whose place has one of them. */
  only?: string[];
  /** Whether tests that need bundles, or a window, are asked about what the others did not find. */
  far: boolean;
  /** Whether those are asked that need VS Code; they are unless this says no. */
  windows?: boolean;
  onResult?: (result: Result) => void;
}

export async function mutate(root: string, { group, sample, seed, only, far, windows = true, onResult }: Trial) {
  const listed = await packages();
  const copy = copyTree(root);
  try {
    const order = await shuffled(listed, copy.root, sources(copy.root).filter(group.takes), seed);
    const wanted = order.filter(({ file, line, column }) => isNamed(`${file}:${line}:${column}`, only));
    const bundles = far ? await Bundles.of(copy.root) : null;
    const judge = new Judge(copy.root, root, group, listed, bundles, windows);
    const results: Result[] = [];
    let refused = 0;
    for (const mutant of wanted) {
      if (results.length === sample) break;
      const judged = await judge.of(mutant);
      if (judged === null) {
        refused++;
        continue;
      }
      const result = { mutant, room: roomOf(mutant.file), ...judged };
      results.push(result);
      onResult?.(result);
    }
    return { results, refused, all: order.length };
  } finally {
    copy.remove();
  }
}

const sources = (root: string) =>
  ['extension', 'webview'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/')))
      .sort(),
  );

const isNamed = (place: string, only?: string[]) => only?.some((part) => place.includes(part)) ?? true;

/** In an order that a seed repeats, and that stays the same for what is not changed when other files are. */
async function shuffled(listed: Packages, root: string, files: string[], seed: number): Promise<Mutant[]> {
  const keyed: { key: string; mutant: Mutant }[] = [];
  for (const file of files) {
    const times = new Map<string, number>();
    for (const mutant of await listMutants(listed, root, file)) {
      const change = [file, mutant.kind, mutant.original, mutant.replacement].join('\0');
      const nth = times.get(change) ?? 0;
      times.set(change, nth + 1);
      keyed.push({ key: createHash('sha256').update(`${seed}\0${change}\0${nth}`).digest('hex'), mutant });
    }
  }
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ mutant }) => mutant);
}

/** Tests that see a text without running it: that of the translations, which is sure to where a sentence is made of it. */
interface Readers {
  tests: string[];
  first: boolean;
}

const readers = ({ original, start }: Mutant, text: string): Readers => ({
  tests: /['"`]/.test(original) ? ['test/unit/words.test.ts'] : [],
  first: /\b(sentence|count)\((?:[\w.]+, )?\s*$/.test(text.slice(0, start)),
});

class Judge {
  private readonly compiler: Compiler;
  private readonly book: CoverageBook;
  /** How many mutants of a room a test has found: it is asked early about the next one. */
  private readonly found = new Map<string, number>();
  /** Seconds that a window's tests may take; 0: they fail anyway. */
  private readonly limits = new Map<string, number>();

  constructor(
    private readonly root: string,
    original: string,
    private readonly group: Group,
    listed: Packages,
    /** Null: only the tests without bundles are asked. */
    private readonly bundles: Bundles | null,
    /** Whether those are asked that need VS Code. */
    private readonly windows: boolean,
  ) {
    this.compiler = new Compiler(root);
    this.book = new CoverageBook(root, listed, path.join(original, 'test-output/mutate/coverage.json'));
  }

  /** Null: TypeScript refuses it. */
  async of(mutant: Mutant): Promise<Pick<Result, 'verdict' | 'by' | 'seconds'> | null> {
    const started = Date.now();
    const file = path.join(this.root, mutant.file);
    const text = readFileSync(file, 'utf8');
    const changed = mutated(text, mutant);
    if (this.compiler.problem(mutant.file, changed) !== null) return null;
    const seconds = () => (Date.now() - started) / 1000;
    const why = equivalent(mutant, text);
    if (why !== null) return { verdict: 'equivalent', by: why, seconds: 0 };
    let asked = 0;
    for (const stage of this.stages(mutant, text)) {
      // before the change is made: what a test covers is seen without it
      const tests = await stage.tests();
      try {
        writeFileSync(file, changed);
        if (stage.bundles && tests.length > 0 && !(await stage.bundles.buildWith(mutant.file))) {
          return { verdict: 'killed', by: 'the build', seconds: seconds() };
        }
        for (const { test, limit } of tests) {
          asked++;
          const { verdict, said } = await runTest(this.root, test, limit);
          if (verdict === 'passed') continue;
          const key = keyOf(test, mutant);
          this.found.set(key, (this.found.get(key) ?? 0) + 1);
          return {
            verdict: 'killed',
            by: verdict === 'failed' ? `${test}: ${said}` : `${test} ${verdict}`,
            seconds: seconds(),
          };
        }
      } finally {
        writeFileSync(file, text);
        stage.bundles?.putBack();
      }
    }
    return {
      verdict: 'survived',
      by: asked === 0 ? 'no test runs it' : `${asked} test files pass`,
      seconds: seconds(),
    };
  }

  private stages(mutant: Mutant, text: string) {
    const { group, bundles } = this;
    const far = group.far(mutant.file).filter((test) => this.windows || !test.startsWith('test/e2e/'));
    // each window's tests are a stage of their own: those that are not needed are not even run without a mutant
    const stages = group.farIsWindow
      ? far.map((test) => () => this.windowTest(test))
      : [() => this.covering(mutant, far)];
    return [
      { bundles: null, tests: () => this.covering(mutant, near(this.root, group), readers(mutant, text)) },
      ...(bundles === null ? [] : stages.map((tests) => ({ bundles, tests }))),
    ];
  }

  /** Tests of a page or a window, if they pass without a mutant: at the second try if need be, as `npm test` allows. */
  private async windowTest(test: string) {
    let limit = this.limits.get(test);
    for (let tries = 0; limit === undefined && tries < 2; tries++) {
      const { verdict, seconds } = await runTest(this.root, test, 1200);
      if (verdict === 'passed') limit = 60 + 4 * seconds;
    }
    this.limits.set(test, limit ?? 0);
    if (!limit) process.stderr.write(`${test} fails without a mutant and is not asked\n`);
    return limit ? [{ test, limit }] : [];
  }

  /** The tests that run the mutant's place: those that found others of its room first, then the quick and particular ones; `readers` as well. */
  private async covering(mutant: Mutant, tests: string[], readers: Readers = { tests: [], first: false }) {
    const lines = mutant.original.split('\n');
    const endLine = mutant.line + lines.length - 1;
    const endColumn = lines.length > 1 ? lines.at(-1)!.length : mutant.column - 1 + mutant.original.length;
    const found: { test: string; covered: Covered }[] = [];
    for (const test of tests) {
      const covered = await this.book.of(test);
      if (covered === null) continue;
      if (readers.tests.includes(test) || covers(covered, mutant, endLine, endColumn)) found.push({ test, covered });
    }
    const cost = ({ test, covered }: (typeof found)[number]) => {
      if (readers.tests.includes(test)) return readers.first ? -1 : Infinity;
      const others = this.found.get(keyOf(test, mutant)) ?? 0;
      return (covered.seconds * Object.keys(covered.files).length) / (1 + others) ** 2;
    };
    return found
      .sort((a, b) => cost(a) - cost(b))
      .map(({ test, covered }) => ({ test, limit: 20 + 4 * covered.seconds }));
  }
}

const keyOf = (test: string, { file }: Mutant) => `${roomOf(file)} ${test}`;

/** Tests that import the sources; others are about C++. */
const near = (root: string, { near }: Group) =>
  near.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/')))
      .filter((file) => /\/(extension|webview)\//.test(readFileSync(path.join(root, file), 'utf8')))
      .sort(),
  );
