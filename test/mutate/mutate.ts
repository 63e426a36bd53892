/** A sample of mutants, each put into a copy of the working tree and shown to the tests that run its place. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Random } from '../fuzz/random';
import { Compiler } from './compiles';
import { copyTree } from './copy';
import { CoverageBook, covers, type Covered } from './coverage';
import { equivalent } from './equivalent';
import { roomOf, type Group } from './groups';
import { listMutants, mutated, type Mutant } from './mutant';
import { packages, type Packages } from './packages.mjs';
import { runTest } from './runTest';

export interface Result {
  /** Its number in the sample: repeats it. */
  at: number;
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
  /** Numbers of the sample to try again; all without them. */
  again?: number[];
  /** Part of the name of files; all without it. */
  only?: string;
  /** Whether tests that need bundles, or a window, are asked about what the others did not find. */
  far: boolean;
  onResult?: (result: Result) => void;
}

export async function mutate(root: string, { group, sample, seed, again, only, far, onResult }: Trial) {
  const listed = await packages();
  const copy = copyTree(root);
  try {
    const files = sources(copy.root).filter((file) => group.takes(file) && file.includes(only ?? ''));
    const order = await shuffled(listed, copy.root, files, seed);
    const judge = new Judge(copy.root, root, group, listed, far);
    judge.builds();
    const results: Result[] = [];
    let refused = 0;
    for (const [at, mutant] of order.entries()) {
      if (results.length === sample) break;
      if (again !== undefined && !again.includes(at)) continue;
      const judged = await judge.of(mutant);
      if (judged === null) {
        refused++;
        continue;
      }
      const result = { at, mutant, room: roomOf(mutant.file), ...judged };
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

async function shuffled(listed: Packages, root: string, files: string[], seed: number): Promise<Mutant[]> {
  const all: Mutant[] = [];
  for (const file of files) all.push(...(await listMutants(listed, root, file)));
  const random = new Random(seed);
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

/** Texts are seen without being run: by the test of the translations. */
const readers = ({ original }: Mutant) => (/['"`]/.test(original) ? ['test/unit/words.test.ts'] : []);

class Judge {
  private readonly compiler: Compiler;
  private readonly book: CoverageBook;

  constructor(
    private readonly root: string,
    original: string,
    private readonly group: Group,
    listed: Packages,
    private readonly far: boolean,
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
    for (const stage of this.stages(mutant)) {
      // before the change is made: what a test covers is seen without it
      const tests = await stage.tests();
      try {
        writeFileSync(file, changed);
        if (stage.isBuilt && tests.length > 0 && !this.builds()) {
          return { verdict: 'killed', by: 'the build', seconds: seconds() };
        }
        for (const { test, limit } of tests) {
          asked++;
          const { verdict, said } = await runTest(this.root, test, limit);
          if (verdict === 'passed') continue;
          return {
            verdict: 'killed',
            by: verdict === 'failed' ? `${test}: ${said}` : `${test} ${verdict}`,
            seconds: seconds(),
          };
        }
      } finally {
        writeFileSync(file, text);
        if (stage.isBuilt && tests.length > 0) this.builds();
      }
    }
    return {
      verdict: 'survived',
      by: asked === 0 ? 'no test runs it' : `${asked} test files pass`,
      seconds: seconds(),
    };
  }

  private stages(mutant: Mutant) {
    const { group } = this;
    const far = group.far(mutant.file);
    return [
      { isBuilt: false, tests: () => this.covering(mutant, near(this.root, group), readers(mutant)) },
      ...(this.far && !group.farIsWindow
        ? [
            {
              isBuilt: true,
              tests: () =>
                this.covering(
                  mutant,
                  far.map((name) => `test/integration/${name}.test.ts`),
                ),
            },
          ]
        : []),
      ...(this.far && group.farIsWindow
        ? [{ isBuilt: true, tests: async () => far.map((name) => ({ test: `test/e2e/${name}.test.ts`, limit: 600 })) }]
        : []),
    ];
  }

  /** The tests that run the mutant's place, quick and particular ones first; `always` as well. */
  private async covering(mutant: Mutant, tests: string[], always: string[] = []) {
    const lines = mutant.original.split('\n');
    const endLine = mutant.line + lines.length - 1;
    const endColumn = lines.length > 1 ? lines.at(-1)!.length : mutant.column - 1 + mutant.original.length;
    const found: { test: string; covered: Covered }[] = [];
    for (const test of tests) {
      const covered = await this.book.of(test);
      if (always.includes(test) || covers(covered, mutant, endLine, endColumn)) found.push({ test, covered });
    }
    const cost = ({ test, covered }: (typeof found)[number]) =>
      (always.includes(test) ? 1e6 : 0) + covered.seconds * Object.keys(covered.files).length;
    return found
      .sort((a, b) => cost(a) - cost(b))
      .map(({ test, covered }) => ({ test, limit: 20 + 4 * covered.seconds }));
  }

  builds(): boolean {
    try {
      execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: this.root, stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  }
}

/** Tests that import the sources; others are about C++. */
const near = (root: string, { near }: Group) =>
  near.flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => path.posix.join(folder, file.replaceAll(path.sep, '/')))
      .filter((file) => /\/(extension|webview)\//.test(readFileSync(path.join(root, file), 'utf8')))
      .sort(),
  );
