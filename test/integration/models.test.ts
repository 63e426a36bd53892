/** Models by name, asked of the engine process: what reading them costs or breaks, it costs and breaks there. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { EngineClient } from '../../extension/engine/client';
import type { EngineRequests } from '../../extension/engine/requests';
import { openModel } from '../../extension/models/open';
import { makeClient, native, root } from './support';

let client: EngineClient;
let folder: string;

before(async () => {
  client = makeClient();
  folder = await mkdtemp(path.join(tmpdir(), 'vit-models-'));
  await client.request('list-models', { workspace: [] });
});
after(async () => {
  client.dispose();
  await rm(folder, { recursive: true });
});

async function file(name: string, content: string): Promise<string> {
  const at = path.join(folder, name);
  await writeFile(at, content);
  return at;
}

test('a model is opened and loaded in one request; where its tensors lie stays behind', async () => {
  const { loaded, description } = await client.request('open-model', { model: { id: 'embedded' }, options: native });
  const { weights, ...described } = await openModel('embedded', { root });
  assert.equal(weights.kind, 'tensors');
  assert.deepEqual(description, described);
  assert.equal(loaded.layers, described.architecture?.depth);
  const { report } = await client.request('describe-model', { model: { id: 'embedded' }, values: true });
  assert.equal(report.runnable, true);
  assert.equal(report.parameters, loaded.parameters);
});

test('a model at another size, and at that of a picture', async () => {
  const inputSize = { height: 96, width: 160 };
  const { report: wide } = await client.request('describe-model', {
    model: { id: 'embedded', inputSize },
    values: false,
  });
  assert.deepEqual([wide.architecture?.image.height, wide.architecture?.image.width], [96, 160]);
  // 1.5 million patches: as many as the model may have, in the picture's shape
  const pictureSize = { width: 6000, height: 4000 };
  const { report: large } = await client.request('describe-model', {
    model: { id: 'embedded', pictureSize },
    values: false,
  });
  assert.ok(large.tokens && large.tokens.total > 900 && large.tokens.total < 1100);
});

test('relative paths count from the folder that is given', async () => {
  const model = { id: './models/vit-cifar10', cwd: root };
  const { report } = await client.request('describe-model', { model, values: false });
  assert.equal(report.path, path.join(root, 'models/vit-cifar10'));
  const elsewhere = { ...model, cwd: folder };
  await assert.rejects(client.request('describe-model', { model: elsewhere, values: false }), {
    code: 'ERR_MODEL',
    message: /does not exist\.$/,
  });
});

test('a file of seventy bytes, one nested 20,000 deep and one of 20,000 keys cost a sentence each, and not the process', async () => {
  const pid = client.pid;
  const keys = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`key${i}`, i]));
  const hostile: [text: string, sentence: RegExp][] = [
    ['{"architecture":"ViT_Model","img_size":[2147483648,4,8],"patch_size":4}', /"img_size" should be/],
    ['{"architecture":"T2T_ViT","img_size":[16777216,1000000,1000000]}', /"img_size" should be/],
    [`{"architecture":"ViT_Model","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /nested deeper than 64 levels/],
    [JSON.stringify({ architecture: 'ViT_Model', ...keys }), /key0 is no parameter of ViT_Model/],
    [' '.repeat(5 * 1024 * 1024), /longer than 4194304 characters/],
  ];
  for (const [i, [text, sentence]] of hostile.entries()) {
    const id = await file(`hostile-${i}.vit.json`, text);
    const { problems, summary } = await client.request('check-model-file', { text, file: id });
    assert.equal(summary, null);
    assert.match(problems[0]?.message ?? '', sentence);
    assert.ok(problems.length <= 8);
    if (i === 3) continue; // keys that no constructor has are squiggles only
    const model = { id };
    await assert.rejects(client.request('describe-model', { model, values: true }), { code: 'ERR_MODEL' });
    await assert.rejects(client.request('open-model', { model, options: native }), { code: 'ERR_MODEL' });
    if (i === 2) await assert.rejects(client.request('describe-part', { file: id }), { code: 'ERR_MODEL' });
  }
  assert.equal(client.pid, pid);
});

test('what a sound .vit.json is, and the picture it names', async () => {
  const text = '{"architecture": "ViT_Model", "img_size": [1, 60, 100], "patch_size": 20, "image": "dusk.png"}';
  const { summary, ...rest } = await client.request('check-model-file', { text, file: 'x.vit.json' });
  assert.deepEqual(rest, { problems: [], picture: 'dusk.png' });
  assert.equal(summary?.message, '15 patches of 20 × 20 · 16 tokens of 768 · 12 blocks · 85.3 M parameters');
});

test('models to choose from', async () => {
  const onnx = await file('not.onnx', 'text');
  const entries = await client.request('list-models', { workspace: [onnx, path.join(folder, 'gone.safetensors')] });
  assert.deepEqual(entries[0], {
    id: 'embedded',
    name: 'vit-cifar10',
    kind: 'embedded',
    path: path.join(root, 'models/vit-cifar10'),
    family: 'timm',
  });
  assert.deepEqual(
    entries.filter(({ kind }) => kind === 'workspace').map(({ id }) => id),
    [onnx],
  );
});

test('modules of the articles, and whole models, which are none', async () => {
  const unfold = await file('unfold.vit.json', '{"architecture": "Unfold", "kernel_size": 2}');
  const part = await client.request('describe-part', { file: unfold });
  assert.deepEqual(part?.part, { kind: 'soft-split', split: { kernel: 2, stride: 1, padding: 0 } });
  assert.equal(await client.request('describe-part', { file: path.join(root, 'models/vit-cifar10') }), null);
});

test('what no client of ours asks is refused, too', async () => {
  const ask = (name: string, take: unknown) => client.request(name as keyof EngineRequests, take as never);
  for (const name of ['nothing', '__proto__', 'constructor', 'hasOwnProperty', 'toString'])
    await assert.rejects(ask(name, null), { code: 'ERR_ARGUMENT', message: `There is no request ${name}.` });
  for (const name of ['describe-model', 'open-model', 'check-model-file', 'run', 'slice', 'open-image'])
    await assert.rejects(ask(name, null), { code: 'ERR_INTERNAL' });
});
