/** Weights, inputs and results that are not numbers end in one sentence that names where, on both engines: never in "NaN %". */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { EngineClient } from '../../extension/engine/client';
import { openModel } from '../../extension/models/open';
import { exportOnnx } from '../../extension/onnx/export';
import { tensorsFromFiles } from '../../extension/onnx/weights';
import { pack, unpack, write } from '../unit/models/files';
import { makeClient, native, root, sample } from './support';

const folder = mkdtempSync(path.join(tmpdir(), 'vit-finite-'));
const golden = (name: string) => path.join(root, 'test/golden/cases', name);
let client: EngineClient;

before(() => {
  client = makeClient();
});
after(() => {
  client.dispose();
  rmSync(folder, { recursive: true });
});

/** A golden model with one value of one tensor replaced, in a directory of its own. */
function damaged(name: string, tensor: string, index: number, bits: number, size: 4 | 2 = 4): string {
  const entries = unpack(path.join(golden(name), 'model.safetensors'));
  const entry = entries.get(tensor)!;
  const bytes = Buffer.from(entry.bytes);
  if (size === 4) bytes.writeUInt32LE(bits, 4 * index);
  else bytes.writeUInt16LE(bits, 2 * index);
  entries.set(tensor, { ...entry, bytes });
  const as = `${name}-${tensor}-${bits}`;
  write(folder, `${as}/model.safetensors`, pack(entries));
  write(folder, `${as}/config.json`, JSON.stringify(configOf(name)));
  return path.join(folder, as);
}
const configOf = (name: string): unknown => JSON.parse(readFileSync(path.join(golden(name), 'config.json'), 'utf8'));

const NAN = 0x7fc00000;
const INFINITY = 0xff800000;

async function classify(id: string, engine: 'native' | 'onnx', attention: boolean): Promise<unknown> {
  const { loaded } = await client.request('open-model', { model: { id }, options: { ...native, engine } });
  const { imageId } = await client.request('open-image', { path: sample('car.png'), preview: false });
  const flags = { topK: 3, attention, tokens: attention };
  return client.request('run', { modelId: loaded.modelId, imageId, ...flags });
}

const cases: [model: string, tensor: string, index: number, bits: number, place: string, size?: 2][] = [
  ['timm-plain', 'blocks.1.mlp.fc1.weight', 36 * 3 + 2, NAN, '[3, 2]'],
  ['timm-plain', 'head.bias', 1, INFINITY, '[1]'],
  ['hf-vit', 'vit.encoder.layer.1.attention.attention.key.weight', 7, NAN, '[0, 7]'],
  ['seed-vit', 'backbone.blocks.0.norm1.bias', 0, INFINITY, '[0]'],
  ['hf-vit-bf16', 'vit.encoder.layer.0.output.dense.bias', 2, 0x7f80, '[2]', 2],
];

for (const [model, tensor, index, bits, place, size] of cases) {
  test(`${model}: ${tensor} is named by describe and by a run`, async () => {
    const id = damaged(model, tensor, index, bits, size);
    const name = tensor.replace(/^vit\./, '');
    const { report } = await client.request('describe-model', { model: { id }, values: true });
    assert.equal(report.runnable, false);
    const [finding] = report.findings.filter(({ severity }) => severity === 'error');
    assert.equal(finding?.code, 'not-finite');
    assert.ok(
      finding.message.includes(name) && finding.message.includes(`not a number (NaN or infinity), at ${place}`),
      finding.message,
    );
    for (const engine of ['native', 'onnx'] as const)
      for (const attention of [false, true])
        await assert.rejects(classify(id, engine, attention), (error: { code: string; message: string }) => {
          assert.equal(error.code, 'ERR_TENSOR');
          assert.ok(
            error.message.startsWith(id) && error.message.includes(name) && error.message.endsWith(`at ${place}.`),
            error.message,
          );
          return true;
        });
  });
}

test('an .onnx file: the weight is named', async () => {
  const id = damaged('timm-plain', 'blocks.1.mlp.fc1.bias', 5, NAN);
  const { name, architecture, weights } = await openModel(id, { root });
  assert.ok(architecture && weights.kind === 'tensors');
  const chunks = exportOnnx(name, architecture, tensorsFromFiles(weights.tensors), { attention: false, tokens: false });
  const file = write(folder, 'damaged.onnx', Buffer.concat(chunks));
  const { report } = await client.request('describe-model', { model: { id: file }, values: true });
  assert.equal(report.runnable, false);
  assert.match(
    report.findings.find(({ code }) => code === 'not-finite')?.message ?? '',
    /blocks\.1\.mlp\.fc1\.bias.* at \[5\]/,
  );
  await assert.rejects(classify(file, 'onnx', false), {
    code: 'ERR_TENSOR',
    message: /damaged\.onnx cannot be run: .*blocks\.1\.mlp\.fc1\.bias at \[5\]/,
  });
});

test('finite weights that overflow: the step is named', async () => {
  const entries = unpack(path.join(golden('timm-plain'), 'model.safetensors'));
  const entry = entries.get('blocks.1.mlp.fc1.weight')!;
  const bytes = Buffer.from(entry.bytes);
  for (let i = 0; i < bytes.length; i += 4) bytes.writeFloatLE(3e38, i);
  entries.set('blocks.1.mlp.fc1.weight', { ...entry, bytes });
  write(folder, 'huge/model.safetensors', pack(entries));
  write(folder, 'huge/config.json', JSON.stringify(configOf('timm-plain')));
  const id = path.join(folder, 'huge');
  const { report } = await client.request('describe-model', { model: { id }, values: true });
  assert.equal(report.runnable, true);
  await assert.rejects(classify(id, 'native', false), {
    code: 'ERR_TENSOR',
    message: /huge gives values .* first in step blocks\.1\.mlp\./,
  });
  await assert.rejects(classify(id, 'onnx', true), {
    code: 'ERR_TENSOR',
    message: /huge gives values .* first in step blocks\.1\./,
  });
});

test('an input that is not a number is named, for models and modules', async () => {
  const { loaded } = await client.request('open-model', { model: { id: golden('timm-plain') }, options: native });
  const { channels, height, width } = (await openModel(golden('timm-plain'), { root })).architecture!.image;
  const values = new Float32Array(channels * height * width);
  values[width + 3] = NaN;
  const tensor = {
    modelId: loaded.modelId,
    values,
    shape: [1, channels, height, width],
    attention: false,
    tokens: false,
  };
  await assert.rejects(client.request('run-tensor', tensor), {
    code: 'ERR_ARGUMENT',
    message: 'The input holds a value that is not a number (NaN), at [0, 0, 1, 3].',
  });
  const part = await client.request('describe-part', {
    file: write(folder, 'unfold.vit.json', '{"architecture": "Unfold", "kernel_size": 2}'),
  });
  const input = Float32Array.of(1, 2, -Infinity, 4);
  await assert.rejects(client.request('run-part', { ...part!, input, shape: [1, 1, 2, 2] }), {
    code: 'ERR_ARGUMENT',
    message: /\(-Infinity\), at \[0, 0, 1, 0\]/,
  });
});
