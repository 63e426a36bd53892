/** What the command line writes: it arrives whole, or the exit code and one sentence say that it did not. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { readNpy } from '../../extension/files/npy';
import { writeNpy } from '../../extension/files/npyEncoding';
import { makeDirectory, WholeFile, writeWholeFile } from '../../extension/files/wholeFile';
import { assertOneLine, root, runCli, sample, type Ended } from './support';

const folder = mkdtempSync(path.join(os.tmpdir(), 'vit-output-'));
after(() => rmSync(folder, { recursive: true }));
const cli = (...args: string[]) => runCli(folder, {}, ...args);
const command = `"${process.execPath}" "${path.join(root, 'dist', 'cli.js')}"`;

function shell(line: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', line], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (ended.stderr += chunk.toString()));
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

const picture = `"${sample('car.png')}"`;
const linux = { skip: process.platform !== 'linux' && 'needs /dev/full' };

describe('the standard output', linux, () => {
  const commands = [
    `classify ${picture}`,
    `classify --json ${picture} ${picture}`,
    'describe',
    'describe --json --steps',
    '--help',
    '--version',
    'bench --model ViT-Ti --threads 1 --batch 1 --rounds 1 --profile',
  ];
  for (const line of commands) {
    test(`a full disk under "${line.replaceAll(picture, 'car.png')}" is a failure`, async () => {
      const ended = await shell(`${command} ${line} > /dev/full`);
      assert.deepEqual(ended, {
        code: 1,
        stdout: '',
        stderr: 'vit-inspector: the standard output cannot be written: the disk is full.\n',
      });
    });
  }

  test('a disk that becomes full in the middle of a file is a failure, too', async () => {
    const ended = await shell(`(ulimit -f 1; exec ${command} describe --json --steps > cut.json)`);
    assert.deepEqual(ended, {
      code: 1,
      stdout: '',
      stderr: 'vit-inspector: the standard output cannot be written: the file would be larger than is allowed here.\n',
    });
    assert.equal((await shell(`${command} describe --json --steps > whole.json`)).code, 0);
    assert.ok(JSON.parse(readFileSync(path.join(folder, 'whole.json'), 'utf8')));
  });

  test('a reader that leaves is none, and where nothing can be said the exit code still speaks', async () => {
    const left = await shell(`${command} classify ${picture} ${picture} ${picture} | true; echo "\${PIPESTATUS[0]}"`);
    assert.deepEqual([left.stdout, left.stderr], ['0\n', '']);
    assert.equal((await shell(`${command} classify no.png 2> /dev/full`)).code, 1);
    assert.equal((await shell(`${command} classify ${picture} > /dev/full 2> /dev/full`)).code, 1);
  });
});

describe('files', () => {
  test('on a full disk nothing half-written stays', { skip: process.platform === 'win32' }, async () => {
    writeFileSync(path.join(folder, 'input.npy'), writeNpy([8, 3, 128, 128], new Float32Array(8 * 3 * 128 * 128)));
    mkdirSync(path.join(folder, 'out'));
    writeFileSync(path.join(folder, 'out', 'attention.npy'), 'of before');
    // attention (8, 12, 3, 65, 65) takes megabytes, logits do not
    const ended = await shell(`ulimit -f 256; ${command} forward -i input.npy -o out`);
    assert.equal(ended.code, 1);
    assertOneLine(ended, /out\/attention\.npy cannot be written: the file would be larger than is allowed here\.$/m);
    assert.deepEqual(readdirSync(path.join(folder, 'out')).sort(), ['attention.npy', 'logits.npy']);
    assert.deepEqual(readNpy(readFileSync(path.join(folder, 'out', 'logits.npy'))).shape, [8, 10]);
    assert.equal(readFileSync(path.join(folder, 'out', 'attention.npy'), 'utf8'), 'of before');
  });

  test('where a file cannot be, one sentence says so', linux, async () => {
    writeFileSync(path.join(folder, 'file'), '');
    writeFileSync(path.join(folder, 'input.npy'), writeNpy([1, 3, 128, 128], new Float32Array(3 * 128 * 128)));
    mkdirSync(path.join(folder, 'directory'));
    const cases: [string[], RegExp][] = [
      [['preprocess', sample('car.png'), '-o', '/dev/full'], /\/dev\/full cannot be written: the disk is full\.$/m],
      [['preprocess', sample('car.png'), '-o', 'directory'], /directory is a directory, not a file\.$/m],
      [['preprocess', sample('car.png'), '-o', 'none/x.npy'], /x\.npy cannot be written: its directory does not exist\.$/m],
      [['preprocess', sample('car.png'), '-o', '/proc/x.npy'], /\/proc\/x\.npy cannot be written: /],
      [['forward', '-i', 'input.npy', '-o', '/proc/out'], /\/proc\/out cannot be written: /],
      [['forward', '-i', 'input.npy', '-o', 'file'], /file cannot be written: there is a file of that name\.$/m],
      [['forward', '-i', 'input.npy', '-o', 'file/below'], /file\/below cannot be written: /],
    ]; // prettier-ignore
    for (const [args, message] of cases) {
      const ended = await cli(...args);
      assert.equal(ended.code, 1, args.join(' '));
      assertOneLine(ended, message);
      assert.doesNotMatch(ended.stderr, /E[A-Z]{4,}/);
    }
    execFileSync('mkfifo', [path.join(folder, 'pipe')]);
    const pipe = await cli('preprocess', sample('car.png'), '-o', 'pipe');
    assertOneLine(pipe, /pipe is a named pipe that nobody reads\.$/m);
    const read = await shell(`cat pipe | wc -c & ${command} preprocess ${picture} -o pipe; wait`);
    assert.deepEqual([Number(read.stdout), read.stderr], [4 * 3 * 128 * 128 + 128, '']);
  });

  test('what is replaced keeps its links and permissions; what is given up leaves nothing', async () => {
    const target = path.join(folder, 'target');
    writeFileSync(target, 'old');
    chmodSync(target, 0o640);
    const name = path.join(folder, 'link');
    symlinkSync(target, name);
    assert.equal(await writeWholeFile(name, [Buffer.from('ne'), Buffer.from('w')]), 3);
    assert.deepEqual([readFileSync(target, 'utf8'), statSync(target).mode & 0o777], ['new', 0o640]);

    const before = readdirSync(folder);
    async function* broken() {
      yield Buffer.from('half');
      await Promise.reject(new Error('the engine died'));
    }
    await assert.rejects(writeWholeFile(target, broken()), { message: 'the engine died' });
    assert.equal(readFileSync(target, 'utf8'), 'new');
    // two at once do not meet
    const [a, b] = [await WholeFile.create(target), await WholeFile.create(target)];
    await a.append(Buffer.from('a'));
    await b.append(Buffer.from('bb'));
    await a.finish();
    assert.equal(readFileSync(target, 'utf8'), 'a');
    await b.discard();
    assert.equal(readFileSync(target, 'utf8'), 'a');
    assert.deepEqual(readdirSync(folder), before);
  });

  test('a directory is made by many at once, and not where the system makes none', async () => {
    const deep = path.join(folder, 'deep', 'a', 'b', 'c', 'd');
    await Promise.all(Array.from({ length: 50 }, () => makeDirectory(deep)));
    assert.ok(statSync(deep).isDirectory());
    await assert.rejects(makeDirectory(path.join(folder, 'input.npy', 'x')), /x cannot be written: /);
    if (process.platform === 'linux')
      await assert.rejects(makeDirectory('/proc/a/b'), /\/proc\/a\/b cannot be written: /);
  });

  test('a signal leaves nothing either', { skip: process.platform === 'win32' }, async () => {
    mkdirSync(path.join(folder, 'ended'));
    const [module, errors] = ['files/wholeFile.ts', 'cli/errors.ts'].map((file) =>
      JSON.stringify(path.join(root, 'extension', file)),
    );
    const script = path.join(folder, 'writing.mts');
    writeFileSync(
      script,
      `import { WholeFile } from ${module}; import { watchOutput } from ${errors};
       watchOutput();
       const file = await WholeFile.create('ended/x.npy'); await file.append(Buffer.from('half'));
       process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`,
    );
    const ended = await shell(
      `"${process.execPath}" --import "${path.join(root, 'node_modules/tsx/dist/loader.mjs')}" "${script}"`,
    );
    assert.equal(ended.code, 143, ended.stderr);
    assert.deepEqual(readdirSync(path.join(folder, 'ended')), []);
  });
});
