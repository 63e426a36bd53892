/** A picture that is opened for one model: its input is made where the picture is decoded, and its pixels stay there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import type { EngineClient } from '../../extension/engine/client';
import { writeNpy } from '../../extension/files/npyEncoding';
import { makeClient, native, root, sample } from './support';

const golden = (...names: string[]) => path.join(root, 'test/golden', ...names);

let client: EngineClient;
let folder: string;
before(async () => {
  client = makeClient();
  folder = await mkdtemp(path.join(os.tmpdir(), 'vit-prepared-'));
});
after(async () => {
  client.dispose();
  await rm(folder, { recursive: true });
});

const pictures = [
  sample('harbour.jpg'),
  sample('cat.webp'),
  ...['palette.png', 'orientation-6.jpg', 'grey-16.png'].map((name) => golden('images', name)),
];
/** Finer than 8 bits, for a model that takes it as it is. */
async function exactPicture(side: number): Promise<string> {
  const file = path.join(folder, `${side}.npy`);
  const values = Float32Array.from({ length: side * side * 3 }, (_, i) => (i % 1009) / 1009);
  await writeFile(file, writeNpy([side, side, 3], values));
  return file;
}

for (const id of ['embedded', golden('cases', 'hf-siglip'), golden('cases', 'seed-vit')]) {
  test(`${path.basename(id)}: the input is the one that is made of the pixels, bit for bit`, async () => {
    const model = { id };
    for (const file of [...pictures, await exactPicture(32), await exactPicture(224)]) {
      const inputs = [];
      for (const inputOf of [undefined, { model }]) {
        const { imageId } = await client.request('open-image', { path: file, preview: false, inputOf });
        const { preprocess_ms: _ms, ...input } = await client.request('preprocess', { imageId, model });
        inputs.push(input);
      }
      assert.deepEqual(inputs[1], inputs[0], file);
    }
  });
}

test('it runs under that model, and no other takes it for its own', async () => {
  const { loaded } = await client.request('open-model', { model: { id: 'embedded' }, options: native });
  const { modelId } = loaded;
  const source = { path: sample('car.png'), preview: false };
  const ask = { topK: 5, attention: false, tokens: false };
  const run = async (inputOf?: { modelId: number }) => {
    const { imageId } = await client.request('open-image', { ...source, inputOf });
    const { predictions, geometry } = await client.request('run', { modelId, imageId, ...ask });
    return { imageId, answer: { predictions, geometry } };
  };
  const [whole, prepared] = [await run(), await run({ modelId })];
  assert.deepEqual(prepared.answer, whole.answer);
  const other = { model: { id: golden('cases', 'hf-siglip') } };
  await client.request('preprocess', { imageId: whole.imageId, ...other });
  await assert.rejects(client.request('preprocess', { imageId: prepared.imageId, ...other }), {
    code: 'ERR_ARGUMENT',
    message: 'car.png was opened for another model; open it again.',
  });
});

test('what is wrong with the model or with the picture is said when it is opened', async () => {
  const missing = client.request('open-image', { path: sample('car.png'), inputOf: { model: { id: '/no/such' } } });
  await assert.rejects(missing, { code: 'ERR_MODEL' });
  const gone = client.request('open-image', { path: sample('car.png'), inputOf: { modelId: 12345 } });
  await assert.rejects(gone, { code: 'ERR_GONE' });
  const text = client.request('open-image', {
    path: path.join(root, 'README.md'),
    inputOf: { model: { id: 'embedded' } },
  });
  await assert.rejects(text, { code: 'ERR_IMAGE' });
});

/** Most memory that the engine of a command ever held, in MB: its mark, looked at while it runs. */
async function engineOf(...args: string[]): Promise<number> {
  const cli = spawn(process.execPath, [path.join(root, 'dist/cli.js'), ...args], { stdio: 'ignore' });
  const read = (file: string) => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return ''; // ended
    }
  };
  let most = 0;
  const watch = setInterval(() => {
    const [engine = ''] = read(`/proc/${cli.pid}/task/${cli.pid}/children`).split(' ');
    most = Math.max(most, Number(/^VmHWM:\s+(\d+)/m.exec(read(`/proc/${engine}/status`))?.[1] ?? 0) / 1024);
  }, 2);
  const code = await new Promise((resolve) => cli.on('close', resolve));
  clearInterval(watch);
  assert.equal(code, 0);
  return most;
}

test(
  'the engine of a command holds as much for 12 megapixels as for few',
  { skip: process.platform !== 'linux' && 'reads /proc' },
  async () => {
    const large = path.join(folder, 'large.jpg');
    await sharp(sample('harbour.jpg')).resize(4000, 3000, { fit: 'fill' }).toFile(large);
    const few = await engineOf('classify', sample('harbour.jpg'));
    for (const verb of [['classify'], ['preprocess', '-o', path.join(folder, 'input.npy')]]) {
      const many = await engineOf(...verb, large);
      // its pixels are 36 MB
      assert.ok(many < few + 12, `${verb[0]}: ${many.toFixed(0)} MB, and ${few.toFixed(0)} MB for a small one`);
    }
  },
);
