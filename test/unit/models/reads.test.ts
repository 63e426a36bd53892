/** How often a model's files are opened for its description: each once, and a graph's input is found once. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';
import { after, mock, test } from 'node:test';
import { folder, golden, open } from './opening';
import { Graph } from '../../integration/onnxGraphs';

const opened = new Map<string, number>();
const really = fs.open;
mock.method(fs, 'open', (...given: Parameters<typeof really>) => {
  const name = basename(String(given[0]));
  opened.set(name, (opened.get(name) ?? 0) + 1);
  return really(...given);
});
syncBuiltinESMExports();
after(() => {
  mock.restoreAll();
  syncBuiltinESMExports();
});

/** Opens by file name. */
async function opensOf(path: string): Promise<Record<string, number>> {
  opened.clear();
  await open(path);
  return Object.fromEntries([...opened].sort());
}

/** A graph of one weight on a picture of fixed sides. @param listed whether its weight is an input, too: before IR version 4 each is */
function graph(listed: boolean): Uint8Array {
  const made = new Graph();
  const picture = made.input('pixels', [1, 3, 48, 32]);
  const weight = made.weight([1], [2]);
  if (listed) made.input(weight, [1]);
  made.node('Mul', [picture, weight], {}, { as: 'scores' });
  made.output('scores', [1, 3, 48, 32]);
  return made.bytes();
}

test('a directory: config, processor and header once each', async () => {
  assert.deepEqual(await opensOf(golden('hf-vit')), {
    'config.json': 1,
    'model.safetensors': 1,
    'preprocessor_config.json': 1,
  });
});

test('a .vit.json once, and the weights it names once', async () => {
  mkdirSync(join(folder, 'own'));
  copyFileSync(join(golden('hf-vit'), 'model.safetensors'), join(folder, 'own/weights.safetensors'));
  writeFileSync(
    join(folder, 'own/mine.vit.json'),
    JSON.stringify({ architecture: 'ViT_Model', weights: 'weights.safetensors' }),
  );
  const opens = await opensOf(join(folder, 'own/mine.vit.json'));
  assert.deepEqual(opens, { 'mine.vit.json': 1, 'weights.safetensors': 1 });
});

test('an .onnx file once, with what lies beside it', async () => {
  mkdirSync(join(folder, 'graph'));
  writeFileSync(join(folder, 'graph/model.onnx'), graph(false));
  writeFileSync(join(folder, 'graph/model.onnx_data'), new Uint8Array(64));
  writeFileSync(join(folder, 'graph/config.json'), '{}');
  const opens = await opensOf(join(folder, 'graph/model.onnx'));
  assert.deepEqual(opens, { 'config.json': 1, 'model.onnx': 1, 'model.onnx_data': 1 });
});

for (const listed of [false, true])
  test(`the input that takes the picture is found where ${listed ? 'weights are inputs, too' : 'it is the only one'}`, async () => {
    const file = join(folder, `listed-${listed}.onnx`);
    writeFileSync(file, graph(listed));
    const { weights, preprocessing } = await open(file);
    assert.ok(weights.kind === 'onnx');
    assert.deepEqual(weights.input, {
      name: 'pixels',
      elementType: 1,
      channelsLast: false,
      channels: 3,
      height: 48,
      width: 32,
      batch: 1,
    });
    assert.deepEqual([preprocessing.crop?.height, preprocessing.crop?.width], [48, 32]);
  });
