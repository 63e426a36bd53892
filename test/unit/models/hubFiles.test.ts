/** Where the hub's files lie, and the parts of what was not downloaded to the end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { hashOf, PartFile } from '../../../extension/models/hub/partFile';
import { HUB_ID, hubSettings } from '../../../extension/models/hub/settings';

const folder = mkdtempSync(path.join(tmpdir(), 'hub-files-'));
after(() => rmSync(folder, { recursive: true }));
const host = hostname().replace(/[^\w-]/g, '_');
/** Of a process that has ended. */
const ended = spawnSync(process.execPath, ['--version']).pid;

let number = 0;
/** A folder of its own with these files, and the blob to be downloaded into it. */
function blobIn(files: (name: string) => Record<string, string>) {
  const blobs = path.join(folder, String(number++), 'blobs');
  mkdirSync(blobs, { recursive: true });
  for (const [name, text] of Object.entries(files('b1ob'))) writeFileSync(path.join(blobs, name), text);
  return { blobs, blob: path.join(blobs, 'b1ob') };
}
async function* pieces(...texts: string[]) {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

test('a part of a process that has ended, or that was left, is gone on with', async () => {
  for (const left of [(blob: string) => `${blob}.incomplete`, (blob: string) => `${blob}.${host}-${ended}-3.part`]) {
    const { blob, blobs } = blobIn((name) => ({ [left(name)]: 'abc' }));
    const part = await PartFile.take(blob);
    assert.equal(part.received, 3);
    assert.deepEqual(readdirSync(blobs), [path.basename(part.path)]);
    const seen: number[] = [];
    await part.append(pieces('de', 'f'), 100, (received) => seen.push(received));
    assert.deepEqual([seen, part.received], [[5, 6], 6]);
    await part.finish();
    assert.deepEqual(readdirSync(blobs), ['b1ob']);
    assert.equal(readFileSync(blob, 'utf8'), 'abcdef');
  }
});

test('parts of running processes, of other machines and of other blobs are left alone', async () => {
  const others = (blob: string) => [
    `${blob}.${host}-${process.pid}-7.part`,
    `${blob}.elsewhere-${ended}-3.part`,
    `other.${host}-${ended}-3.part`,
    `${blob}.${host}-${ended}-3.part.txt`,
    `${blob}.${host}-x${ended}-3.part`,
  ];
  const { blob, blobs } = blobIn((name) => Object.fromEntries(others(name).map((other) => [other, 'theirs'])));
  const part = await PartFile.take(blob);
  assert.equal(part.received, 0);
  assert.equal(existsSync(part.path), false);
  assert.deepEqual(readdirSync(blobs).sort(), others('b1ob').sort());
});

test('what cannot be gone on with is removed; two parts of one blob are two files', async () => {
  const { blob, blobs } = blobIn(() => ({}));
  mkdirSync(path.join(blobs, 'b1ob.incomplete'));
  const [first, second] = [await PartFile.take(blob), await PartFile.take(blob)];
  assert.deepEqual([first.received, second.received, readdirSync(blobs)], [0, 0, []]);
  assert.notEqual(first.path, second.path);
  assert.ok(path.basename(first.path).startsWith(`b1ob.${host}-${process.pid}-`));
});

test('a body that is longer than it may be is not read further; a part starts again, is left or thrown away', async () => {
  const { blob, blobs } = blobIn(() => ({}));
  const part = await PartFile.take(blob);
  await part.append(pieces('abc', 'def', 'ghi'), 3, () => undefined);
  assert.deepEqual([part.received, readFileSync(part.path, 'utf8')], [6, 'abcdef']);
  await part.restart();
  assert.deepEqual([part.received, existsSync(part.path)], [0, false]);
  await part.append(pieces('x'), 3, () => undefined);
  await part.leave();
  assert.deepEqual(readdirSync(blobs), ['b1ob.incomplete']);
  const again = await PartFile.take(blob);
  await again.discard();
  assert.deepEqual(readdirSync(blobs), []);
  await again.leave(); // there is nothing to leave
});

test('a blob’s name is a hash of its content: of large files sha256, of others git’s', async () => {
  const file = path.join(folder, 'content');
  const content = Buffer.alloc(3 * 2 ** 20 + 5, 'content');
  writeFileSync(file, content);
  assert.equal(await hashOf(file, 'f'.repeat(64)), createHash('sha256').update(content).digest('hex'));
  const git = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
  assert.equal(await hashOf(file, 'f'.repeat(40)), git);
});

test('the hub’s settings are those of its own tools', async () => {
  const none = path.join(folder, 'none');
  const of = (env: Record<string, string>) => hubSettings({ HF_HOME: none, ...env });
  assert.deepEqual(await of({}), {
    endpoint: 'https://huggingface.co',
    cacheDir: path.join(none, 'hub'),
    offline: false,
    token: undefined,
  });
  for (const on of ['1', 'true', 'YES', 'On']) assert.equal((await of({ HF_HUB_OFFLINE: on })).offline, true, on);
  for (const off of ['', '0', 'no', 'untrue', '10', '01', 'yes!']) {
    assert.equal((await of({ HF_HUB_OFFLINE: off })).offline, false, off);
  }
  assert.equal((await of({ HF_ENDPOINT: 'http://mirror/hf//' })).endpoint, 'http://mirror/hf');
  assert.equal((await hubSettings({ XDG_CACHE_HOME: none })).cacheDir, path.join(none, 'huggingface', 'hub'));
  assert.equal((await of({ HUGGINGFACE_HUB_CACHE: '/a' })).cacheDir, '/a');
  assert.equal((await of({ HUGGINGFACE_HUB_CACHE: '/a', HF_HUB_CACHE: '/b' })).cacheDir, '/b');
  assert.equal((await of({ HUGGING_FACE_HUB_TOKEN: 'old' })).token, 'old');
  assert.equal((await of({ HUGGING_FACE_HUB_TOKEN: 'old', HF_TOKEN: 'new' })).token, 'new');
  writeFileSync(path.join(folder, 'token'), ' stored\n');
  assert.equal((await of({ HF_TOKEN_PATH: path.join(folder, 'token') })).token, 'stored');
  assert.equal((await hubSettings({ HF_HOME: folder })).token, 'stored');
  writeFileSync(path.join(folder, 'blank'), ' \n');
  assert.equal((await of({ HF_TOKEN_PATH: path.join(folder, 'blank') })).token, undefined);
  const problem = (await of({ HF_TOKEN_PATH: folder })).tokenProblem;
  assert.match(problem!.message, /is a directory/);
});

test('a model of the hub is two names with one slash', () => {
  for (const id of ['org/name', 'a/b', 'o-r.g_1/n.a-m_e']) assert.ok(HUB_ID.test(id), id);
  for (const id of ['name', 'org/', '/name', 'a/b/c', '../b', 'a/..', '-a/b', 'a b/c', 'a/b c', '']) {
    assert.ok(!HUB_ID.test(id), id);
  }
});
