/** Where the system starts no process. What fails must fail in the process that asked, and signal nobody else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { kill, killChild } from '../../extension/system/kill';
import { root, sample } from './support';

/** In a group of its own: what is signalled by mistake is that group. */
function shell(command: string): Promise<{ stdout: string; stderr: string; code: number | null }> {
  return new Promise((resolve) => {
    const child = spawn('bash', ['-c', command], { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (ended.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (ended.stderr += chunk.toString()));
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

const posix = { skip: process.platform === 'win32' && 'limits of a process are set with ulimit' };
const cli = `"${process.execPath}" dist/cli.js classify "${sample('car.png')}"`;

test('too few file descriptors for a process: one sentence, and the shell that asked survives', posix, async () => {
  const sentence = 'vit-inspector: The engine process could not be started: too many files are open in this process.\n';
  for (const limit of [21, 22, 23, 24]) {
    const { stdout, stderr, code } = await shell(`(ulimit -n ${limit}; ${cli}; echo "exit $?"); echo survived`);
    assert.deepEqual([stdout, stderr, code], ['exit 1\nsurvived\n', sentence, 0], `ulimit -n ${limit}`);
  }
});

test('an executable that is missing, or may not be run, is named', posix, async (t) => {
  const url = JSON.stringify(pathToFileURL(path.join(root, 'extension/engine/client.ts')).href);
  const engine = JSON.stringify(path.join(root, 'dist', 'engine.js'));
  const folder = await mkdtemp(path.join(os.tmpdir(), 'vit-start-'));
  t.after(() => rm(folder, { recursive: true }));
  const script = path.join(folder, 'asking.ts');
  await writeFile(
    script,
    `import { EngineClient } from ${url};
     process.execPath = process.argv[2]!;
     const client = new EngineClient({ processFile: ${engine} });
     void client.request('info', null).catch(({ code, message }) => console.log(code, message)).finally(() => client.dispose());`,
  );
  const asking = (execPath: string) =>
    shell(`"${process.execPath}" --import tsx "${script}" "${execPath}"; echo survived`);
  const why = 'ERR_ENGINE_START The engine process could not be started:';
  const missing = await asking('/no/such/node');
  assert.equal(missing.stdout, `${why} /no/such/node or the current directory does not exist.\nsurvived\n`);
  const denied = await asking(path.join(root, 'package.json'));
  assert.equal(denied.stdout, `${why} permission is denied.\nsurvived\n`);
});

test('only a positive number is ever signalled', () => {
  for (const pid of [undefined, 0, -1, -process.pid, NaN, 1.5]) assert.equal(kill(pid, 'SIGKILL'), false);
  const none = spawn('/no/such/program');
  none.on('error', () => undefined);
  assert.deepEqual([none.pid, killChild(none)], [undefined, false]);
});
