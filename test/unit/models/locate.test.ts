/** Where the parts of a model lie, and files that are not what their names say. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { PbfWriter } from 'pbf';
import { writeNode, writeValue } from '../../../extension/onnx/schema';
import { write } from './files';
import { folder, golden, json, open, refuses } from './opening';

/** A graph of one Identity: enough to be described. */
function graph(shape: (number | string)[]): Uint8Array {
  const body = new PbfWriter();
  const identity = { name: 'n', opType: 'Identity', domain: '', inputs: ['x'], outputs: ['y'], attributes: new Map() };
  body.writeMessage(1, writeNode, identity);
  body.writeMessage(11, writeValue, { name: 'x', elementType: 1, shape });
  body.writeMessage(12, writeValue, { name: 'y', elementType: 1, shape });
  const model = new PbfWriter();
  model.writeVarintField(1, 9);
  model.writeBytesField(7, body.finish());
  return model.finish();
}

const config = json(join(golden('hf-vit'), 'config.json'));
const processor = { image_mean: [0.1, 0.2, 0.3], image_std: [0.4, 0.5, 0.6], size: { height: 32, width: 32 } };

function repository(name: string, files: Record<string, string | Uint8Array | object>): string {
  for (const [file, content] of Object.entries(files))
    write(folder, `${name}/${file}`, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content)); // prettier-ignore
  return join(folder, name);
}

test('a graph in onnx/ has its config and processor one level up, however it is pointed at', async () => {
  const at = repository('exported', {
    'config.json': config,
    'preprocessor_config.json': processor,
    'onnx/model.onnx': graph(['batch', 3, 'height', 'width']),
    'onnx/model_quantized.onnx': graph(['batch', 3, 'height', 'width']),
    'pytorch_model.bin': 'a pickle nobody needs then',
  });
  for (const path of [at, join(at, 'onnx'), join(at, 'onnx/model.onnx'), join(at, 'onnx/model_quantized.onnx')]) {
    const model = await open(path);
    assert.equal(model.weights.kind, 'onnx', path);
    assert.deepEqual(model.preprocessing.mean, [0.1, 0.2, 0.3], path);
    assert.equal(model.labels?.length, Object.keys(config['id2label'] as object).length, path);
  }
});

test('weights beside the config go before an export below it', async () => {
  const at = repository('both', { 'config.json': config, 'onnx/model.onnx': graph(['batch', 3, 32, 32]) });
  copyFileSync(join(golden('hf-vit'), 'model.safetensors'), join(at, 'model.safetensors'));
  assert.equal((await open(at)).weights.kind, 'tensors');
});

test('the sides that a graph fixes go before those of a config', async () => {
  const at = repository('fixed', { 'config.json': config, 'model.onnx': graph(['batch', 3, 64, 48]) });
  assert.deepEqual((await open(at)).architecture?.image, { channels: 3, height: 64, width: 48 });
});

test('a processor may be part of processor_config.json', async () => {
  const nested = { image_processor: { ...processor, image_processor_type: 'ViTImageProcessor' }, processor_class: 'X' };
  const at = repository('processor', { 'config.json': config, 'processor_config.json': nested });
  copyFileSync(join(golden('hf-vit'), 'model.safetensors'), join(at, 'model.safetensors'));
  assert.deepEqual((await open(at)).preprocessing.mean, [0.1, 0.2, 0.3]);
});

test('preprocessor_config.json may be a whole processor too', async () => {
  const nested = { image_processor: { ...processor, image_processor_type: 'ViTImageProcessor' }, processor_class: 'X' };
  const at = repository('nested', { 'config.json': config, 'preprocessor_config.json': nested });
  copyFileSync(join(golden('hf-vit'), 'model.safetensors'), join(at, 'model.safetensors'));
  assert.deepEqual((await open(at)).preprocessing.mean, [0.1, 0.2, 0.3]);
});

test('Git LFS pointers are named, whatever they stand for', async () => {
  const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n';
  for (const name of ['model.onnx', 'pytorch_model.bin', 'model.safetensors', 'config.json', 'model.pth']) {
    const at = repository(`lfs-${name}`, { 'config.json': config, [name]: pointer });
    await refuses(at, 'corrupt', /is a Git LFS pointer, not the file itself: run "git lfs pull"/);
    if (name !== 'config.json') await refuses(join(at, name), 'corrupt', /git lfs pull/);
  }
  const at = repository('lfs-data', { 'model.onnx': graph(['batch', 3, 32, 32]), 'model.onnx_data': pointer });
  await refuses(at, 'corrupt', /model\.onnx_data is a Git LFS pointer/);
});

test('a config as Python writes it: NaN, Infinity, a byte order mark, UTF-16', async () => {
  const text = JSON.stringify({ ...config, note: 'NaN and "Infinity" in a string stay', other: 'x' });
  const python = text.replace('"other":"x"', '"a":NaN,"b":[Infinity,-Infinity],"c":{"d": NaN}');
  const variants: Record<string, Buffer> = {
    python: Buffer.from(python),
    bom: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(python)]),
    utf16: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
  };
  for (const [name, bytes] of Object.entries(variants)) {
    const at = join(folder, `config-${name}`, 'config.json');
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, bytes);
    copyFileSync(join(golden('hf-vit'), 'model.safetensors'), join(dirname(at), 'model.safetensors'));
    assert.equal((await open(dirname(at))).family, 'hf-vit', name);
  }
  await refuses(repository('broken', { 'config.json': '{"a": NaN, "b": }' }), 'config', /is not valid JSON/);
  assert.ok(readFileSync(join(folder, 'config-python/config.json'), 'utf8').includes('NaN'));
});
