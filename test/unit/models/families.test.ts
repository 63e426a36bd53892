/** Every architecture of timm and every vision model_type of transformers either runs or is refused by its name. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PRESETS } from '../../../extension/models/hub/presets';
import { names, page, taken } from '../../../scripts/families';
import { tensors, write } from './files';
import { folder, ROOT, refuses } from './opening';

test('no name of timm is left to its tensors', () => {
  const all = names('timm');
  assert.ok(all.length > 1200);
  assert.deepEqual(all.filter((name) => taken('architecture', name) === null), []); // prettier-ignore
  const expected: Record<string, string> = {
    swin_tiny_patch4_window7_224: 'refused as a Swin Transformer',
    hiera_base_224: 'refused as a Hiera',
    maxvit_tiny_tf_224: 'refused as a MaxViT or CoAtNet',
    cait_s24_224: 'refused as a CaiT',
    convnext_base: 'refused as a ConvNeXt',
    vgg16: 'refused as a VGG',
    resnet50: 'refused as a ResNet',
    regnety_016: 'refused as a RegNet',
    mobilenetv3_large_100: 'refused as a MobileNet',
    vit_base_r50_s16_224: 'refused as a hybrid of a convolutional network and a Vision Transformer',
    vit_base_patch16_224: 'runs as timm VisionTransformer',
    deit3_base_patch16_224: 'runs as timm VisionTransformer',
  };
  for (const [name, how] of Object.entries(expected)) assert.equal(taken('architecture', name), how);
});

test('the page in docs is what the script writes', () => {
  assert.equal(readFileSync(join(ROOT, 'docs/families.md'), 'utf8'), page());
});

test('a refusal names the family by the config first, then by the tensors, with the way out', async () => {
  const shapes = { 'embeddings.patch_embeddings.projection.weight': [8, 3, 4, 4], 'embeddings.cls_token': [1, 1, 8] };
  const model = (name: string, config: object) => {
    write(folder, `${name}/config.json`, JSON.stringify(config));
    write(folder, `${name}/model.safetensors`, tensors(shapes));
    return join(folder, name);
  };
  await refuses(model('swin', { model_type: 'swin' }), 'unsupported', /looks like a Swin Transformer.*\.onnx/);
  await refuses(model('pvt', { architecture: 'pvt_v2_b0.in1k' }), 'unsupported', /looks like a PVT.*\.onnx/);
  // its tensors look like a ViT's; its forward pass is another one
  await refuses(model('yolos-like', { model_type: 'videomae' }), 'unsupported', /says model_type "videomae".*\.onnx/);
  const bare = write(folder, 'cait.safetensors', tensors({ 'blocks_token_only.0.gamma_1': [8], ...shapes }));
  await refuses(bare, 'unsupported', /looks like a CaiT/);
});

test('what is offered for download runs', () => {
  for (const { id } of PRESETS) assert.match(id, /^[\w.-]+\/[\w.-]+$/);
  for (const { id } of PRESETS.filter(({ id }) => id.startsWith('timm/'))) {
    const name = id.slice('timm/'.length).replace(/\..*/, '');
    assert.match(taken('architecture', name) ?? '', /^runs as/, id);
    assert.ok(names('timm').includes(name), id);
  }
});
