/** Pictures that take for ever, fill the memory or crash the decoder: one sentence each, and the engine goes on with its models. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import sharp from 'sharp';
import type { EngineClient } from '../../extension/engine/client';
import { Decoders } from '../../extension/engine/decoder/decoders';
import { decoderMemory, memoryLimit } from '../../extension/engine/memory';
import { decodeImage } from '../../extension/image/decode';
import { openModel } from '../../extension/models/open';
import { blackPng } from '../e2e/support/pictures';
import { makeClient, native, root, sample } from './support';

const never = new AbortController().signal;
const processFile = path.join(root, 'dist', 'decoder.js');

const svg = (inside: string, side = 4000) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${inside}</svg>`);
/** A few hundred bytes that ask for hours of filtering. */
const slowFilter = svg(
  `<filter id="f" x="0" y="0" width="1" height="1">${'<feMorphology operator="dilate" radius="900"/><feGaussianBlur stdDeviation="900"/>'.repeat(3)}</filter><rect width="4000" height="4000" filter="url(#f)"/>`,
);
/** Each group uses the one before ten times. */
const nestedUse = svg(
  `<defs><circle id="a0" r="40" opacity=".5" stroke="red"/>${Array.from(
    { length: 8 },
    (_, i) => `<g id="a${i + 1}" opacity=".9">${`<use href="#a${i}" x="1"/>`.repeat(10)}</g>`,
  ).join('')}</defs><use href="#a8" x="50" y="50"/>`,
  200,
);

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'vit-hostile-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, bytes: Uint8Array) => {
  const full = path.join(folder, name);
  writeFileSync(full, bytes);
  return full;
};

describe('through the engine', () => {
  let client: EngineClient;
  before(() => {
    client = makeClient();
  });
  after(() => client.dispose());

  test('a filter that never ends is refused with the time; the same engine still has its model and its pictures', async () => {
    const description = await openModel('embedded', { root });
    const { modelId } = await client.request('load-model', { description, options: native });
    const { imageId } = await client.request('open-image', { path: sample('harbour.jpg') });
    const { pid } = client;
    const slow = file('slow.svg', slowFilter);
    const hostile = client.request('open-image', { path: slow });
    // not in its way
    const beside = await client.request('open-image', { path: sample('frog.png') });
    assert.equal(beside.format, 'png');
    await assert.rejects(hostile, (error: Error & { code?: string }) => {
      assert.equal(error.code, 'ERR_IMAGE');
      assert.match(error.message, /^\S*slow\.svg takes more than \d+ seconds to decode, and is refused\.$/);
      return true;
    });
    assert.equal(client.pid, pid);
    const run = await client.request('run', { modelId, imageId, topK: 1, attention: true, tokens: false });
    assert.equal(run.predictions.length, 1);
    assert.equal((await client.request('open-image', { path: sample('cat.webp') })).format, 'webp');
  });
});

describe('decoders', () => {
  const decoders: Decoders[] = [];
  const make = (limits = {}, idleMs?: number) => {
    const made = new Decoders(processFile, limits, idleMs);
    decoders.push(made);
    return made;
  };
  after(() => decoders.forEach((one) => one.dispose()));

  test('what comes back is what is decoded in place, for every kind of pixels', async () => {
    const one = make();
    const grey = await sharp({ create: { width: 30, height: 20, channels: 3, background: '#777' } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const large = await sharp({
      create: {
        width: 5000,
        height: 4000,
        channels: 3,
        background: '#123',
        noise: { type: 'gaussian', mean: 99, sigma: 40 },
      },
    })
      .jpeg()
      .toBuffer();
    for (const source of [
      ...['harbour.jpg', 'horse-portrait.jpg', 'frog.png', 'cat.webp', 'mountain-dusk.png'].map((name) => ({
        path: sample(name),
      })),
      { name: 'grey.png', bytes: new Uint8Array(grey) },
      // in several turns through the file
      { name: 'large.jpg', bytes: new Uint8Array(large) },
    ]) {
      const [there, here] = [await one.decode(source, never), await decodeImage(source, never)];
      const { pixels, decodeMs, preview, ...facts } = there;
      assert.ok(decodeMs > 0);
      assert.ok(Buffer.from(pixels).equals(here.pixels), facts.name);
      assert.deepEqual(Buffer.from(preview.bytes).equals(here.preview.bytes), true, facts.name);
      const { pixels: _pixels, decodeMs: _ms, preview: _preview, ...expected } = here;
      assert.deepEqual(facts, expected);
    }
  });

  test('deeply nested <use> is refused with the time', async () => {
    const one = make({ milliseconds: 2000 });
    await assert.rejects(
      one.decode({ path: file('use.svg', nestedUse) }, never),
      /use\.svg takes more than 2 seconds to decode/,
    );
  });

  test('what needs too much memory is refused with the limit, and the pictures beside it are not', async () => {
    const one = make({ memory: 220 * 2 ** 20 });
    // its pixels are few enough; what the filter needs beside them is not
    const blur = svg(
      '<filter id="f"><feGaussianBlur stdDeviation="2"/><feOffset dx="1"/></filter><rect width="5500" height="5500" filter="url(#f)"/>',
      5500,
    );
    const results = await Promise.allSettled([
      one.decode({ path: sample('frog.png') }, never),
      one.decode({ path: file('wide.svg', blur), preview: false }, never),
      one.decode({ path: sample('harbour.jpg') }, never),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    assert.match(
      String((results[1] as PromiseRejectedResult).reason),
      /wide\.svg takes more than 0\.2 GB of memory to decode/,
    );
  });

  test('one rule bounds the process and the pixels: half of vit.memoryLimit, and three bytes a pixel in half of that', async () => {
    const GIB = 2 ** 30;
    assert.equal(decoderMemory(1e9), 5e8);
    assert.deepEqual([decoderMemory(1e6), decoderMemory(64e9)], [GIB / 4, GIB]);
    assert.equal(decoderMemory(undefined), decoderMemory(memoryLimit(undefined)));
    const client = makeClient();
    try {
      const wide = file('limited.png', blackPng(8000, 6000));
      const bmp = Buffer.alloc(54);
      bmp.write('BM');
      bmp.writeUInt32LE(54, 10);
      bmp.writeUInt32LE(40, 14);
      bmp.writeInt32LE(8000, 18);
      bmp.writeInt32LE(6000, 22);
      bmp.writeUInt16LE(1, 26);
      bmp.writeUInt16LE(24, 28);
      for (const picture of [wide, file('limited.bmp', bmp)]) {
        await assert.rejects(client.request('open-image', { path: picture, memoryLimit: 1e8, preview: false }), {
          code: 'ERR_IMAGE',
          message:
            /limited\.(png|bmp) has 8000 x 6000 pixels \(48 megapixels\), over the 44 megapixels that the memory limit allows/,
        });
      }
      assert.equal((await client.request('open-image', { path: wide, preview: false })).width, 8000);
    } finally {
      client.dispose();
    }
  });

  test('pixels beyond what Pillow opens are refused by the header alone', async () => {
    const one = make();
    await assert.rejects(
      one.decode({ path: file('huge.png', blackPng(16_380, 16_380)) }, never),
      /huge\.png has 16380 x 16380 pixels \(268 megapixels\), over the limit of 178 megapixels\.$/,
    );
  });

  test('a decoder that dies costs the picture that killed it; the others are decoded after all', async () => {
    const one = make({ milliseconds: 60_000 });
    const slow = one.decode({ path: file('forever.svg', slowFilter) }, never);
    slow.catch(() => undefined);
    // until it is at work
    await one.decode({ path: sample('frog.png') }, never);
    const killed = Date.now();
    assert.ok(one.pid);
    process.kill(one.pid, 'SIGABRT');
    await assert.rejects(slow, /forever\.svg ended the picture decoder by SIGABRT, and is refused\.$/);
    assert.ok(Date.now() - killed < 30_000);
    assert.equal((await one.decode({ path: sample('frog.png') }, never)).format, 'png');
  });

  test(
    'time counts from when a picture was sent, whatever is said of its size meanwhile',
    { timeout: 60_000 },
    async () => {
      const talker = file(
        'talker.cjs',
        Buffer.from(`process.send({ kind: 'ready' });
        process.on('message', ({ id }) => setInterval(() => process.send({ kind: 'size', id, pixels: 1 }), 100));`),
      );
      const one = new Decoders(talker, { milliseconds: 1000 });
      decoders.push(one);
      await assert.rejects(
        one.decode({ path: sample('frog.png') }, never),
        /frog\.png takes more than 1 seconds to decode, and is refused\.$/,
      );
    },
  );

  test('without work it ends after a while and stays away; the next picture has another; a slow one is no lack of work', async () => {
    const one = make({ milliseconds: 3000 }, 300);
    const frog = () => one.decode({ path: sample('frog.png') }, never);
    await frog();
    const first = one.pid;
    const gone = async (pid: number | undefined) => {
      assert.ok(pid);
      for (const end = Date.now() + 20_000; one.pid !== undefined;) {
        assert.ok(Date.now() < end, 'it has no work and is still there');
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    };
    await gone(first);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.equal(one.pid, undefined);
    const slow = one.decode({ path: file('slow-alone.svg', slowFilter) }, never);
    await assert.rejects(slow, /slow-alone\.svg takes more than \d+ seconds to decode/);
    assert.equal((await frog()).format, 'png');
    await gone(one.pid);
  });

  test(
    'the memory of a photograph of twenty megapixels is given back when the decoder rests',
    { skip: process.platform !== 'linux' },
    async () => {
      const photograph = path.join(folder, 'twenty-megapixels.jpg');
      await sharp(sample('harbour.jpg')).resize(5000, 4000, { fit: 'fill' }).toFile(photograph);
      const one = make();
      await one.decode({ path: sample('frog.png') }, never);
      const { pid } = one;
      const megabytes = (what: 'VmRSS' | 'VmHWM') =>
        Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
      const before = megabytes('VmRSS');
      const { pixels } = await one.decode({ path: photograph }, never);
      assert.ok(megabytes('VmHWM') > before + pixels.length / 2 ** 20);
      // of its own accord V8 looks after about nine seconds, and only once
      for (const end = Date.now() + 5000; megabytes('VmRSS') > before + 25;) {
        assert.ok(Date.now() < end, `it had ${before} MB and has ${megabytes('VmRSS')}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.equal(one.pid, pid, 'by ending the process, it is no proof');
    },
  );

  test('a cancelled picture does not go on', async () => {
    const one = make();
    const controller = new AbortController();
    const slow = one.decode({ path: file('cancelled.svg', slowFilter) }, controller.signal);
    await one.decode({ path: sample('frog.png') }, never);
    const { pid } = one;
    assert.ok(pid);
    controller.abort();
    await assert.rejects(slow, { code: 'ERR_CANCELLED' });
    for (const end = Date.now() + 20_000; one.pid === pid;) {
      assert.ok(Date.now() < end, 'it is still at work');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.equal((await one.decode({ path: sample('frog.png') }, never)).format, 'png');
  });
});

test('short of address space: an answer or one sentence, not a hang', { skip: process.platform !== 'linux' }, () => {
  for (const mebibytes of [1500, 2500, 4000]) {
    const command = `ulimit -v ${mebibytes * 1024}; exec "${process.execPath}" dist/cli.js classify samples/frog.png samples/harbour.jpg`;
    try {
      execFileSync('bash', ['-c', command], { cwd: root, encoding: 'utf8', timeout: 120_000, stdio: 'pipe' });
    } catch (error) {
      const { stderr, status, signal } = error as { stderr: string; status: number | null; signal: string | null };
      // node itself may find no room
      assert.equal(signal === 'SIGTERM', false, `${mebibytes} MiB: it hangs`);
      assert.ok(status !== null || signal !== null, stderr);
    }
  }
});
