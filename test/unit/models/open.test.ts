import assert from 'node:assert/strict';
import { existsSync, copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertRunnable } from '../../../extension/models/runnable';
import { tensors, write } from './files';
import { CASES, ROOT, changed, folder, golden, json, open, refuses } from './opening';

test('the embedded model: family, sizes, preprocessing, labels', async () => {
  const model = await open('embedded');
  const config = json(join(ROOT, 'models/vit-cifar10/config.json'));
  const args = config['model_args'] as Record<string, number>;
  assert.equal(model.family, 'timm');
  assert.equal(model.architecture?.dim, args['embed_dim']);
  assert.equal(model.architecture?.block.heads, args['num_heads']);
  assert.equal(model.architecture?.classes, 10);
  assert.deepEqual(model.labels?.slice(0, 2), ['airplane', 'automobile']);
  assert.deepEqual(model.findings, []);
  assertRunnable(model);
});

test('every golden case opens without an error finding, by directory and by file', async () => {
  // A case at another size shares the files of the one it was made from.
  for (const name of readdirSync(CASES).filter((each) => existsSync(join(golden(each), 'model.safetensors')))) {
    const byDirectory = await open(golden(name));
    assertRunnable(byDirectory);
    const byFile = await open(join(golden(name), 'model.safetensors'));
    assert.deepEqual(byFile.architecture, byDirectory.architecture, name);
    assert.equal(byDirectory.weights.kind, 'tensors');
  }
});

test('families are told apart by their config', async () => {
  const families: Record<string, string> = {
    'timm-plain': 'timm', 'deit-distilled': 'timm', 'hf-vit': 'hf-vit', 'hf-deit': 'hf-deit', 'hf-dinov2': 'hf-dinov2',
    'hf-dinov2-registers': 'hf-dinov2-registers', 'hf-clip': 'hf-clip', 'hf-clip-classifier': 'hf-clip', 'hf-siglip': 'hf-siglip',
    torchvision: 'torchvision', 't2t-official': 't2t', 'seed-vit': 'seed-vit', 'seed-t2t': 'seed-t2t',
  }; // prettier-ignore
  for (const [name, family] of Object.entries(families)) assert.equal((await open(golden(name))).family, family, name);
});

test('without a config the family and the sizes are read off the tensors, and the heads are said to be assumed', async () => {
  for (const name of [
    'timm-plain',
    'hf-vit',
    'hf-deit',
    'hf-dinov2',
    'hf-dinov2-registers',
    'hf-clip',
    'hf-siglip',
    'torchvision',
    't2t-official',
  ]) {
    const known = await open(golden(name));
    copyFileSync(join(golden(name), 'model.safetensors'), write(folder, `bare/${name}.safetensors`, ''));
    const bare = await open(join(folder, 'bare', `${name}.safetensors`));
    assertRunnable(bare);
    assert.equal(bare.family, known.family, name);
    for (const field of ['dim', 'depth', 'image', 'prefix', 'tokenizer', 'pool', 'classes'] as const) {
      if (field === 'tokenizer' && name === 't2t-official') continue; // its stages are compared by the golden test
      assert.deepEqual(bare.architecture?.[field], known.architecture?.[field], `${name}: ${field}`);
    }
    const codes = bare.findings.map(({ code }) => code);
    assert.ok(codes.includes('no-config'), name);
    if (name !== 't2t-official') assert.ok(codes.includes('assumed-heads'), name);
  }
});

test("of OpenAI's and open_clip's files, which never have a config, heads and GELU are said to be assumed", async () => {
  const codes = (await open(golden('official-openai-clip'))).findings.map(({ code }) => code);
  for (const code of ['assumed-heads', 'assumed-activation']) assert.ok(codes.includes(code), code);
});

test('a classifier without its bias is said to have none', async () => {
  const path = changed('timm-plain', 'biasless', (entries) => {
    entries.delete('head.bias');
  });
  const without = await open(path);
  assertRunnable(without);
  assert.ok(without.findings.some(({ code, subject }) => code === 'no-head-bias' && subject === 'head.bias'));
  assert.ok(!(await open(golden('timm-plain'))).findings.some(({ code }) => code === 'no-head-bias'));
});

test('a wrapper prefix on every name is no obstacle', async () => {
  const path = changed('timm-plain', 'wrapped', (entries) => {
    for (const [name, entry] of [...entries]) {
      entries.delete(name);
      entries.set(`module.model.${name}`, entry);
    }
  });
  assertRunnable(await open(path));
});

test('timm names without model_args stand for their published sizes', async () => {
  const named = (architecture: string) => openNamed(architecture);
  const base = await named('vit_base_patch16_224.augreg_in21k');
  assert.deepEqual([base.dim, base.depth, base.block.heads, base.image.height], [768, 12, 12, 224]);
  const dino = await named('vit_giant_patch14_reg4_dinov2.lvd142m');
  assert.deepEqual(
    [dino.dim, dino.block.heads, dino.image.height, dino.block.mlp, dino.block.mlpHidden],
    [1536, 24, 518, 'swiglu', 8192],
  );
  const deit = await named('deit_tiny_distilled_patch16_224.fb_in1k');
  assert.deepEqual([deit.dim, deit.block.heads, deit.prefix.distillation, deit.pool], [192, 3, true, 'distilled']);
  const deit3 = await named('deit3_small_patch16_384.fb_in22k_ft_in1k');
  assert.deepEqual([deit3.dim, deit3.image.height], [384, 384]);
  const clip = await named('vit_base_patch32_clip_quickgelu_224.openai');
  assert.deepEqual(
    [clip.preNorm?.eps, clip.block.activation, clip.tokenizer.kind === 'patch' && clip.tokenizer.bias],
    [1e-5, 'quick_gelu', false],
  );
  const siglip = await named('vit_base_patch16_siglip_224.webli');
  assert.deepEqual([siglip.prefix.class, siglip.pool, siglip.mapPool?.heads], [false, 'map', 12]);
  const huge = await named('vit_huge_patch14_clip_224.laion2b');
  assert.deepEqual([huge.dim, huge.depth, huge.block.headDim], [1280, 32, 80]);
  const opt = await named('vit_giantopt_patch16_siglip_256.v2_webli');
  assert.deepEqual([opt.block.headDim, opt.block.activation], [96, 'gelu_tanh']);
  const rpn = await named('vit_base_patch16_rpn_224.sw_in1k');
  assert.deepEqual([rpn.block.order, rpn.prefix.class, rpn.pool], ['res-post', false, 'avg']);
  const flexi = await named('flexivit_small.1200ep_in1k');
  assert.deepEqual([flexi.dim, flexi.block.heads], [384, 6]);
});

/** The architecture of a name, through an .onnx file's config (no weights are needed to describe it). */
async function openNamed(architecture: string) {
  write(folder, `${architecture}/config.json`, JSON.stringify({ architecture, num_classes: 10, pretrained_cfg: {} }));
  // the smallest ONNX model: IR version 8 and a graph of one node, a Relu
  const smallest = Buffer.from([8, 8, 58, 8, 10, 6, 34, 4, ...Buffer.from('Relu')]);
  const file = write(folder, `${architecture}/model.onnx`, smallest);
  const model = await open(file);
  assert.ok(model.architecture);
  assert.equal(model.family, 'onnx');
  return model.architecture;
}

test('paths that are no model', async () => {
  await refuses('nowhere', 'missing', /nowhere does not exist/);
  await refuses('org/nowhere', 'missing', /neither a path nor a model that was downloaded/);
  write(folder, 'empty/readme.txt', 'nothing');
  await refuses('empty', 'missing', /holds no model/);
  await refuses('empty/readme.txt', 'unsupported', /is not a model/);
  write(folder, 'pickle/pytorch_model.bin', 'PK\x03\x04');
  await refuses(
    'pickle',
    'unsafe',
    /pytorch_model\.bin is a pickle.*torch\.load\('pytorch_model\.bin'.*weights_only=True.*'pytorch_model\.safetensors'/,
  );
  write(folder, 'two/a.safetensors', tensors({ a: [1] }));
  write(folder, 'two/b.safetensors', tensors({ a: [1] }));
  await refuses('two', 'missing', /several weight files \(a\.safetensors, b\.safetensors\)/);
  write(folder, 'half/config.json', '{"architecture": "vit_base_patch16_224"');
  await refuses('half', 'config', /config\.json is not valid JSON/);
  write(folder, 'colons/config.json', ':'.repeat(20));
  await refuses('colons', 'config', /config\.json is not valid JSON: Unexpected token ':', ":+"\.$/);
  // a string that does not end, its last character a backslash: in time by its length
  write(folder, 'quotes/config.json', '"\\'.repeat(1_000_000));
  await refuses('quotes', 'config', /config\.json is not valid JSON: \w/);
  write(folder, 'weightless/config.json', '{"architecture": "vit_base_patch16_224"}');
  await refuses('weightless', 'missing', /has a config\.json but no weights/);
  write(folder, 'onnx/model.onnx', 'text');
  await refuses('onnx', 'corrupt', /is not an ONNX model/);
  write(folder, 'badconfig/model.safetensors', readFileSync(join(golden('timm-plain'), 'model.safetensors')));
  write(folder, 'badconfig/config.json', JSON.stringify({ architecture: 'vit_x', model_args: { depth: 'twelve' } }));
  await refuses('badconfig', 'config', /"model_args\.depth" should be a number, not "twelve"/);
});

test('a processor that feeds another height, or another width, is believed', async () => {
  const path = changed('hf-vit', 'fed', () => undefined);
  const processor = json(join(golden('hf-vit'), 'preprocessor_config.json'));
  for (const size of [
    { height: 16, width: 24 },
    { height: 24, width: 16 },
  ]) {
    write(folder, 'fed/preprocessor_config.json', JSON.stringify({ ...processor, size }));
    const model = await open(path);
    assert.deepEqual(model.architecture?.image, { channels: 3, ...size });
    assert.deepEqual(
      model.findings.map(({ code }) => code),
      ['input-size'],
    );
  }
});

test('what gives features misses no bias of a head', async () => {
  const path = changed(
    'timm-eva02',
    'headless',
    (entries) => ['head.weight', 'head.bias'].forEach((name) => assert.ok(entries.delete(name))),
    (config) =>
      Object.assign(config, { num_classes: 0, model_args: { ...(config['model_args'] as object), num_classes: 0 } }),
  );
  const model = await open(path);
  assert.equal(model.architecture?.classes, 0);
  assert.ok(!model.findings.some(({ code }) => code === 'no-head-bias'));
});

test('a hidden width of zero is that of the tokens, as in the articles', async () => {
  const path = changed('seed-vit', 'no-hidden', () => undefined, (config) => (config['Encoding_hidden_chan_mul'] = 0)); // prettier-ignore
  const { architecture } = await open(path);
  assert.equal(architecture?.block.mlpHidden, architecture?.dim);
});
