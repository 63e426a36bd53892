/** Named pipes, sockets, devices and directories where a file belongs: refused at once, in a sentence that says what lies there. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { decodeImage } from '../../extension/image/decode';
import { answered, readRegularFile, regularFileSize } from '../../extension/files/regularFile';
import { hubSettings } from '../../extension/models/hub/settings';
import { downloadModel } from '../../extension/models/hub/client';
import { openModel } from '../../extension/models/open';
import { assertOneLine, root, runCli, sample } from './support';

const golden = path.join(root, 'test', 'golden', 'cases', 'timm-plain');
let folder: string;
const servers: Server[] = [];
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-files-'));
});
after(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

/** Makes something at `file` that is no regular file; the words it is refused with. */
const things: Record<string, { make: (file: string) => unknown; words: string }> = {
  pipe: {
    make: (file) => execFileSync('mkfifo', [file]),
    words: 'is a named pipe, not a regular file',
  },
  'link to a pipe': {
    make: (file) => {
      execFileSync('mkfifo', [`${file}.pipe`]);
      symlinkSync(`${file}.pipe`, file);
    },
    words: 'is a named pipe, not a regular file',
  },
  socket: {
    make: (file) => new Promise<void>((resolve) => servers.push(createServer().listen(file, resolve))),
    words: 'is a socket, not a regular file',
  },
  'link to /dev/zero': {
    make: (file) => symlinkSync('/dev/zero', file),
    words: 'is a device, not a regular file',
  },
  directory: { make: (file) => mkdirSync(file), words: 'is a directory, not a file' },
};

let made = 0;
/** A fresh directory, `build` has filled it. */
function place(build: (directory: string) => void): string {
  const directory = path.join(folder, String(made++));
  mkdirSync(directory);
  build(directory);
  return directory;
}

const copyOf = (directory: string, without: string): void =>
  cpSync(golden, directory, { recursive: true, filter: (file) => path.basename(file) !== without });

const shardIndex = JSON.stringify({ weight_map: { a: 'model-1-of-1.safetensors' } });
/** A model with a hole in it: the file that is missing, and what to open. */
const holes: [name: string, missing: string, build: (directory: string) => void, open?: string][] = [
  ['config', 'config.json', (directory) => copyOf(directory, 'config.json')],
  ['weights', 'model.safetensors', (directory) => copyOf(directory, 'model.safetensors')],
  ['weights by name', 'w.safetensors', (directory) => copyOf(directory, 'model.safetensors'), 'w.safetensors'],
  ['processor', 'preprocessor_config.json', (directory) => copyOf(directory, 'preprocessor_config.json')],
  ['labels', 'labels.txt', (directory) => copyOf(directory, 'labels.txt')],
  ['index of shards', 'model.safetensors.index.json', (directory) => copyOf(directory, 'model.safetensors')],
  [
    'shard',
    'model-1-of-1.safetensors',
    (directory) => {
      copyOf(directory, 'model.safetensors');
      writeFileSync(path.join(directory, 'model.safetensors.index.json'), shardIndex);
    },
  ],
  ['ONNX file', 'model.onnx', (directory) => copyOf(directory, 'model.safetensors')],
  ["model file of the articles' classes", 'a.vit.json', () => undefined, 'a.vit.json'],
  [
    'weights it names',
    'w.safetensors',
    (directory) =>
      writeFileSync(
        path.join(directory, 'a.vit.json'),
        JSON.stringify({ architecture: 'ViT_Model', weights: 'w.safetensors' }),
      ),
    'a.vit.json',
  ],
];

describe('what is no regular file is refused', { skip: process.platform === 'win32', timeout: 60_000 }, () => {
  for (const [kind, { make, words }] of Object.entries(things)) {
    for (const [name, missing, build, open = ''] of holes) {
      // a directory of that name is a model directory to open
      if (kind === 'directory' && ['weights by name', "model file of the articles' classes"].includes(name)) continue;
      test(`${kind} as ${name}`, async () => {
        const directory = place(build);
        const file = path.join(directory, missing);
        await make(file);
        await assert.rejects(openModel(path.join(directory, open), { root }), (error: Error) => {
          assert.equal(error.message, `${file} ${words}.`);
          return true;
        });
      });
    }

    test(`${kind} as picture, as token file, and as size`, async () => {
      const file = path.join(
        place(() => undefined),
        'it',
      );
      await make(file);
      await assert.rejects(decodeImage({ path: file }, new AbortController().signal), {
        code: 'ERR_IMAGE',
        message: `${file} ${words}.`,
      });
      const settings = await hubSettings({ HF_TOKEN_PATH: file, HF_HOME: folder, HF_ENDPOINT: 'http://127.0.0.1:1' });
      await assert.rejects(downloadModel('org/model', { settings }), { message: `${file} ${words}.` });
      await assert.rejects(regularFileSize(file), { message: `${file} ${words}.` });
    });
  }

  test('the command line, asked for every such file at once', async () => {
    const directory = place((made) => execFileSync('mkfifo', ['a', 'b', 'c', 'd', 'e'], { cwd: made }));
    const ended = await runCli(directory, {}, 'classify', 'a', 'b', 'c', 'd', 'e', sample('car.png'));
    assert.equal(ended.code, 1);
    assert.deepEqual(
      ended.stderr.trim().split('\n'),
      ['a', 'b', 'c', 'd', 'e'].map(
        (name) => `vit-inspector: ${path.join(directory, name)} is a named pipe, not a regular file.`,
      ),
    );
    assert.match(ended.stdout, /automobile/);
    const forward = await runCli(directory, {}, 'forward', '-i', 'a', '-o', 'out');
    assert.equal(forward.code, 1);
    assertOneLine(forward, /a is a named pipe, not a regular file\.$/m);
  });
});

describe('reading a regular file', () => {
  test('it is read whole, up to the limit and not beyond, whatever size it claims', async () => {
    const file = path.join(folder, 'bytes');
    writeFileSync(file, Buffer.alloc(100_000, 7));
    assert.equal((await readRegularFile(file, 100_000)).length, 100_000);
    await assert.rejects(readRegularFile(file, 99_999), {
      kind: 'too-large',
      message: `${file} is larger than 99,999 bytes, the most that is read of such a file.`,
    });
    if (process.platform !== 'linux') return;
    // the kernel says 0 bytes, and there are more
    assert.match((await readRegularFile('/proc/self/status', 65_536)).toString(), /^Name:/);
    await assert.rejects(readRegularFile('/proc/self/status', 10), { kind: 'too-large' });
  });

  test('what gives no answer is given up in a sentence, and closed when it comes after all', async () => {
    const late: number[] = [];
    let arrive: (value: number) => void = () => undefined;
    const slow = new Promise<number>((resolve) => (arrive = resolve));
    await assert.rejects(
      answered('/net/a.png', slow, (value) => late.push(value), 20),
      {
        kind: 'no-answer',
        message: '/net/a.png gave no answer for 0.02 seconds: the disk or network it lies on is too slow or gone.',
      },
    );
    arrive(7);
    await slow;
    assert.deepEqual(late, [7]);
  });

  test('copies that are regular still open', async () => {
    const directory = place((made) => copyOf(made, ''));
    copyFileSync(path.join(golden, 'config.json'), path.join(directory, 'again.json'));
    assert.equal((await openModel(directory, { root })).family, 'timm');
  });
});
