/** npm run mutate finds what a test does not see, and only that: shown on a small tree of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { equivalent } from '../mutate/equivalent';
import { groups } from '../mutate/groups';
import { mutated, type Mutant } from '../mutate/mutant';
import { mutate } from '../mutate/mutate';
import { runTest } from '../mutate/runTest';

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'mutants-'));
after(() => rmSync(folder, { recursive: true }));
symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));

function write(file: string, ...lines: string[]): string {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), `${lines.join('\n')}\n`);
  return file;
}

test('a test file that does not end is ended', async () => {
  const hangs = write('hangs.test.mjs', "import { test } from 'node:test';", "test('one', () => new Promise(() => setInterval(() => {}, 1000)));"); // prettier-ignore
  assert.equal((await runTest(folder, hangs, 1)).verdict, 'timed out');
});

test('a change is made at its place; one that is known to change nothing is known by its line', () => {
  const text = '// before\nconst most = a < b ? b : a;\n';
  const start = text.indexOf('a < b');
  const mutant: Mutant = {
    ...{ file: 'extension/a.ts', line: 2, column: 14, kind: 'EqualityOperator' },
    ...{ start, end: start + 5, original: 'a < b', replacement: '(a <= b)' },
  };
  assert.equal(mutated(text, mutant), '// before\nconst most = (a <= b) ? b : a;\n');
  const known = {
    ...{ file: 'extension/a.ts', line: 'const most = a < b ? b : a;', original: 'a < b', replacement: 'a <= b' },
    why: 'equal ones are the same number',
  };
  assert.equal(equivalent(mutant, text, [known]), known.why);
  assert.equal(equivalent(mutant, text.replace('const', 'let'), [known]), null);
  assert.equal(equivalent({ ...mutant, replacement: '(a >= b)' }, text, [known]), null);
});

test('every source file is in one group', () => {
  const names = (file: string) => groups.filter(({ takes }) => takes(file)).map(({ name }) => name);
  assert.deepEqual(names('extension/image/bmp.ts'), ['pure']);
  assert.deepEqual(names('extension/cli.ts'), ['pure']);
  assert.deepEqual(names('extension/panel/panels.ts'), ['vscode']);
  assert.deepEqual(names('extension/extension.ts'), ['vscode']);
  assert.deepEqual(names('webview/app/state.ts'), ['webview']);
});

const lister = path.join(root, 'test/mutate/node_modules/@stryker-mutator/instrumenter');

test(
  'what the test of a small tree checks is killed; what it does not check survives',
  { skip: !existsSync(lister) && 'npm run mutate installs what it needs' },
  async () => {
    const source = write(
      'extension/same.ts',
      'export const same = (a: number) => a + 0;',
      "export const name: 'same' = 'same';",
    );
    write(
      'test/unit/same.test.ts',
      "import assert from 'node:assert/strict';",
      "import { test } from 'node:test';",
      "import { same } from '../../extension/same';",
      '// what a test that fails has left running is not waited for',
      'if (same(1) !== 1) setInterval(() => {}, 1000);',
      "test('the same number', () => assert.equal(same(1), 1));",
    );
    write('tsconfig.json', JSON.stringify({ compilerOptions: { strict: true, noEmit: true, types: [], noLib: true }, include: ['extension'] })); // prettier-ignore
    write('.gitignore', 'node_modules', 'test-output');
    execFileSync('git', ['init', '--quiet'], { cwd: folder });
    mkdirSync(path.join(folder, 'webview'));
    write('webview/none.ts', 'export {};');
    const group = { ...groups[0]!, near: ['test/unit'] };
    const { results, refused } = await mutate(folder, { group, sample: 99, seed: 1, far: false });
    const verdicts = results.map(({ mutant, verdict, by }) => `${mutant.line} ${mutant.replacement} ${verdict} ${by}`);
    assert.deepEqual(verdicts.sort(), [
      '1 (() => undefined) killed test/unit/same.test.ts: the same number',
      '1 (a - 0) survived 1 test files pass', // it changes nothing
    ]);
    assert.equal(refused, 1);
    assert.match(readFileSync(path.join(folder, source), 'utf8'), /a \+ 0/);
  },
);
