import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCheckpoint } from '../../../extension/models/files/checkpoint';
import { ModelError, type ModelErrorCode } from '../../../extension/errors/modelError';
import { MAX_HEADER_BYTES, parseHeader, readSafetensorsHeader } from '../../../extension/models/files/safetensors';
import { file, scratch, tensors, write } from './files';

const folder = scratch();
const F32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

async function refuses(path: string, code: ModelErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(readSafetensorsHeader(path), (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, reason);
    assert.ok(error.message.startsWith(path), `names the file: ${error.message}`);
    assert.ok(!error.message.includes('\n'), 'is one sentence');
    return true;
  });
}

test('a sound header is read with absolute byte ranges, in file order', async () => {
  const path = write(
    folder,
    'sound.safetensors',
    file({ __metadata__: { format: 'pt' }, b: F32([2, 3], 8, 32), a: F32([2], 0, 8) }, 32),
  );
  const header = await readSafetensorsHeader(path);
  const start = header.bytes - 32;
  assert.deepEqual([...header.tensors.keys()], ['a', 'b']);
  assert.deepEqual(header.tensors.get('b'), {
    name: 'b',
    dtype: 'F32',
    shape: [2, 3],
    file: path,
    begin: start + 8,
    end: start + 32,
  });
  assert.deepEqual(header.metadata, { format: 'pt' });
});

test('the embedded model has the tensors its card says', async () => {
  const path = join(import.meta.dirname, '../../../models/vit-cifar10/model.safetensors');
  const header = await readSafetensorsHeader(path);
  assert.deepEqual(header.tensors.get('cls_token')?.shape.slice(0, 2), [1, 1]);
  let bytes = 0;
  for (const { begin, end } of header.tensors.values()) bytes += end - begin;
  assert.equal(bytes + 8 + readFileSync(path).readUInt32LE(0), header.bytes);
});

test('scalars and empty tensors are allowed', async () => {
  const path = write(folder, 'scalar.safetensors', file({ s: F32([], 0, 4), e: F32([0, 5], 4, 4) }, 4));
  assert.deepEqual((await readSafetensorsHeader(path)).tensors.get('e')?.shape, [0, 5]);
});

const cases: [what: string, content: Buffer, code: ModelErrorCode, reason: RegExp][] = [
  ['empty', Buffer.alloc(0), 'corrupt', /is empty/],
  ['five bytes', Buffer.from('hello'), 'corrupt', /too short .*5 bytes/],
  ['renamed text', Buffer.from('This is my model, I promise.'), 'corrupt', /is a text file/],
  ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:00\n'), 'corrupt', /git lfs pull/],
  ['a zipped pickle', Buffer.from('PK\x03\x04archive/data.pkl'), 'unsafe', /is a pickle.*convert it once/],
  ['a bare pickle', Buffer.from([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]), 'unsafe', /is a pickle/],
  ['HDF5', Buffer.from('\x89HDF\r\n\x1a\nabcdefgh', 'latin1'), 'unsupported', /HDF5/],
  ['a huge header', file('{}', 0, 1n << 60n), 'corrupt', /claims a header of/],
  ['a header just above the limit', file('{}', 0, BigInt(MAX_HEADER_BYTES) + 1n), 'corrupt', /claims a header of/],
  ['a header longer than the file', file('{}', 0, 100n), 'corrupt', /truncated: its header/],
  ['not JSON', file('{"a": ', 0), 'corrupt', /not JSON/],
  ['an array', file('[1]', 0), 'corrupt', /not a JSON object/],
  ['a key twice', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), 'corrupt', /"a" appears twice/],
  ['an inner key twice', file('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4), 'corrupt', /"dtype" appears twice/],
  ['data cut short', file({ a: F32([4], 0, 16) }, 10), 'corrupt', /truncated: tensor "a" should end at byte/],
  ['unknown dtype', file({ a: { dtype: 'Q4', shape: [1], data_offsets: [0, 4] } }, 4), 'corrupt', /unknown dtype "Q4"/],
  ['dtype from the prototype', file({ a: { dtype: 'toString', shape: [1], data_offsets: [0, 4] } }, 4), 'corrupt', /unknown dtype/],
  ['no dtype', file({ a: { shape: [1], data_offsets: [0, 4] } }, 4), 'corrupt', /tensor "a" has no dtype/],
  ['a negative size', file({ a: F32([-1], 0, 4) }, 4), 'corrupt', /impossible shape/],
  ['a fraction', file({ a: F32([1.5], 0, 6) }, 6), 'corrupt', /impossible shape/],
  ['too many dimensions', file({ a: F32(Array(20).fill(1) as number[], 0, 4) }, 4), 'corrupt', /impossible shape/],
  ['a size beyond counting', file({ a: F32([2 ** 40, 2 ** 40], 0, 4) }, 4), 'corrupt', /does not fill/],
  ['end before begin', file({ a: F32([1], 4, 0) }, 4), 'corrupt', /ends before it begins/],
  ['offsets as strings', file({ a: { dtype: 'F32', shape: [1], data_offsets: ['0', '4'] } }, 4), 'corrupt', /data_offsets/],
  ['too few bytes for its shape', file({ a: F32([2], 0, 4) }, 4), 'corrupt', /does not fill its 4 bytes/],
  ['overlap', file({ a: F32([2], 0, 8), b: F32([2], 4, 12) }, 12), 'corrupt', /"a" and "b" overlap/],
  ['a hole', file({ a: F32([1], 0, 4), b: F32([1], 8, 12) }, 12), 'corrupt', /4 bytes before tensor "b"/],
  ['a tail', file({ a: F32([1], 0, 4) }, 9), 'corrupt', /5 bytes after the last tensor/],
  ['metadata that is not text', file({ __metadata__: { a: 1 } }, 0), 'corrupt', /table of strings/],
  ['a number for a tensor', file({ a: 7 }, 0), 'corrupt', /not described by an object/],
]; // prettier-ignore

for (const [what, content, code, reason] of cases) {
  test(`refused: ${what}`, async () =>
    refuses(write(folder, `${what.replace(/\W/g, '-')}.safetensors`, content), code, reason));
}

test('refused: missing, a directory, unreadable', async () => {
  await refuses(join(folder, 'nowhere.safetensors'), 'missing', /does not exist/);
  await refuses(folder, 'unreadable', /is a directory/);
  const path = write(folder, 'secret.safetensors', tensors({ a: [1] }));
  chmodSync(path, 0);
  if (process.getuid?.() !== 0) await refuses(path, 'unreadable', /may not be read/);
});

test('no change of one byte, and no cut, makes the reader throw anything but a sentence', () => {
  const sound = file({ __metadata__: { format: 'pt' }, w: F32([2, 3], 0, 24), b: F32([3], 24, 36) }, 36);
  const length = sound.readUInt32LE(0);
  let refused = 0;
  for (let at = 8; at < 8 + length; at++) {
    for (const value of [0, 0x20, 0x22, 0x2c, 0x2d, 0x39, 0x5d, 0x7b, 0xff]) {
      const damaged = Buffer.from(sound);
      damaged[at] = value;
      try {
        const header = parseHeader('x', damaged.subarray(8, 8 + length), damaged.length);
        for (const tensor of header.tensors.values()) {
          assert.ok(tensor.begin >= 8 + length && tensor.begin <= tensor.end && tensor.end <= damaged.length);
        }
      } catch (error) {
        assert.ok(error instanceof ModelError, `byte ${at} = ${value}: ${String(error)}`);
        refused++;
      }
    }
  }
  assert.ok(refused > length * 3, `most changes are refused (${refused})`);
  for (let cut = 8 + length; cut < sound.length; cut++) {
    assert.throws(() => parseHeader('x', sound.subarray(8, 8 + length), cut), ModelError);
  }
});

test('random headers are refused or describe ranges inside the file', () => {
  // xorshift32: the same headers every time.
  let state = 0x9e3779b9;
  const random = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  const dtypes = ['F32', 'F16', 'BF16', 'I64', 'F99', 3, null];
  const offsets = () => [random(40), random(40)];
  for (let round = 0; round < 3000; round++) {
    const header: Record<string, unknown> = {};
    for (let i = random(4); i >= 0; i--) {
      header[`t${i}`] = {
        dtype: dtypes[random(7)],
        shape: Array.from({ length: random(4) }, () => random(5)),
        data_offsets: offsets(),
      };
    }
    const text = Buffer.from(JSON.stringify(header));
    const size = 8 + text.length + random(40);
    try {
      const parsed = parseHeader('x', text, size);
      let at = 8 + text.length;
      for (const tensor of parsed.tensors.values()) {
        assert.equal(tensor.begin, at);
        at = tensor.end;
      }
      assert.equal(at, size);
    } catch (error) {
      assert.ok(error instanceof ModelError, String(error));
    }
  }
});

test('shards are one checkpoint', async () => {
  const shards = join(folder, 'shards');
  write(shards, 'model-00001-of-00002.safetensors', tensors({ a: [2], b: [3] }));
  const second = write(shards, 'model-00002-of-00002.safetensors', tensors({ c: [4] }));
  const map = {
    a: 'model-00001-of-00002.safetensors',
    b: 'model-00001-of-00002.safetensors',
    c: 'model-00002-of-00002.safetensors',
  };
  const index = write(
    shards,
    'model.safetensors.index.json',
    JSON.stringify({ metadata: { total_size: 36 }, weight_map: map }),
  );
  const checkpoint = await readCheckpoint(index);
  assert.equal(checkpoint.files.length, 2);
  assert.equal(checkpoint.tensors.get('c')?.file, second);
  const bad: [Record<string, string>, RegExp][] = [
    [{ ...map, d: map.c }, /says tensor "d" is in/],
    [{ a: map.a, c: map.c }, /holds tensor "b", which/],
    [{ ...map, d: '../elsewhere.safetensors' }, /points outside its directory/],
    [{ ...map, d: 'model-00003-of-00002.safetensors' }, /does not exist/],
    [{}, /has no weight_map/],
  ];
  for (const [weightMap, reason] of bad) {
    const broken = write(shards, 'broken.safetensors.index.json', JSON.stringify({ weight_map: weightMap }));
    await assert.rejects(readCheckpoint(broken), (error) => error instanceof ModelError && reason.test(error.message));
  }
  await assert.rejects(readCheckpoint(write(folder, 'none.safetensors', file({}, 0))), /holds no tensors/);
});

test(
  'a shard that is a link is read where the index is one into the same folder, as in the cache of the hub',
  { skip: process.platform === 'win32' },
  async () => {
    const [blobs, snapshot] = [join(folder, 'hub/blobs'), join(folder, 'hub/snapshots/1')];
    mkdirSync(snapshot, { recursive: true });
    const shard = 'model-00001-of-00001.safetensors';
    const index = JSON.stringify({ weight_map: { a: shard } });
    symlinkSync(write(blobs, 'shard', tensors({ a: [2] })), join(snapshot, shard));
    const plain = write(snapshot, 'plain.safetensors.index.json', index);
    await assert.rejects(readCheckpoint(plain), (error) => {
      assert.ok(error instanceof ModelError);
      assert.equal(
        error.message,
        `${join(snapshot, shard)} is a link to a file outside the folder of ${plain}, which is not read.`,
      );
      return true;
    });
    const linked = join(snapshot, 'model.safetensors.index.json');
    symlinkSync(write(blobs, 'index', index), linked);
    assert.deepEqual([...(await readCheckpoint(linked)).tensors.keys()], ['a']);
  },
);
