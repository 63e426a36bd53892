import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { inspect, parameterCount, reportText } from '../../../extension/models/doctor';
import { ModelError, type ModelErrorCode } from '../../../extension/models/errors';
import { withInputSize } from '../../../extension/models/inputSize';
import { assertRunnable, openModel } from '../../../extension/models/open';
import { pack, scratch, tensors, unpack, write, type Entry } from './files';

const ROOT = resolve(import.meta.dirname, '../../..');
const CASES = join(ROOT, 'test/golden/cases');
const folder = scratch();
const open = (path: string) => openModel(path, { root: ROOT, cwd: folder });
const golden = (name: string) => join(CASES, name);
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

async function refuses(path: string, code: ModelErrorCode, reason: RegExp): Promise<void> {
  await assert.rejects(open(path), (error) => {
    assert.ok(error instanceof ModelError, String(error));
    assert.match(error.message, reason);
    assert.equal(error.code, code, error.message);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

/** A golden case whose tensors and config were changed, in a directory of its own. */
function changed(
  name: string,
  as: string,
  change: (entries: Map<string, Entry>) => void,
  config: (c: Record<string, unknown>) => void = () => undefined,
): string {
  const entries = unpack(join(golden(name), 'model.safetensors'));
  change(entries);
  write(folder, `${as}/model.safetensors`, pack(entries));
  const fields = json(join(golden(name), 'config.json'));
  config(fields);
  write(folder, `${as}/config.json`, JSON.stringify(fields));
  return join(folder, as);
}

const errorsOf = async (path: string) => (await open(path)).findings.filter(({ severity }) => severity === 'error');

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
  for (const name of readdirSync(CASES)) {
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
  const file = write(folder, `${architecture}/model.onnx`, Buffer.from([8, 8, 18, 0]));
  const model = await open(file);
  assert.ok(model.architecture);
  assert.equal(model.family, 'onnx');
  return model.architecture;
}

test('the doctor: a missing block', async () => {
  const path = changed('timm-plain', 'missing-block', (entries) => {
    for (const name of [...entries.keys()]) if (name.startsWith('blocks.1.')) entries.delete(name);
  });
  const errors = await errorsOf(path);
  assert.deepEqual(
    errors.map(({ code, subject }) => [code, subject]),
    [['missing-block', 'blocks.1']],
  );
  assert.match(errors[0]?.message ?? '', /Block 1 of 3 is missing/);
  await assert.rejects(
    async () => assertRunnable(await open(path)),
    /missing-block does not fit the architecture: Block 1 of 3 is missing/,
  );
});

test('the doctor: a missing tensor and the nearest one', async () => {
  const path = changed('timm-plain', 'misspelt', (entries) => {
    const entry = entries.get('blocks.0.attn.proj.weight') as Entry;
    entries.delete('blocks.0.attn.proj.weight');
    entries.set('blocks.0.attn.porj.weight', entry);
  });
  const errors = await errorsOf(path);
  assert.deepEqual(
    errors.map(({ code, subject }) => [code, subject]),
    [
      ['missing-tensor', 'blocks.0.attn.proj.weight'],
      ['unexpected-tensor', 'blocks.0.attn.porj.weight'],
    ],
  );
  assert.match(
    errors[0]?.message ?? '',
    /\[36, 36\] is missing; the nearest the file has is blocks\.0\.attn\.porj\.weight/,
  );
  await assert.rejects(async () => assertRunnable(await open(path)), /\(and 1 more problem\)\.$/);
});

test('the doctor: a missing bias, a missing class token, a missing Q', async () => {
  const without = (name: string, tensor: string) =>
    changed(name, `without-${tensor}`, (entries) => assert.ok(entries.delete(tensor)));
  assert.equal((await errorsOf(without('timm-plain', 'blocks.2.attn.qkv.bias')))[0]?.subject, 'blocks.2.attn.qkv.bias');
  assert.equal((await errorsOf(without('timm-plain', 'cls_token')))[0]?.subject, 'cls_token');
  assert.equal((await errorsOf(without('timm-plain', 'head.weight')))[0]?.subject, 'head.weight');
  const query = 'vit.encoder.layer.1.attention.attention.query.weight';
  const errors = await errorsOf(without('hf-vit', query));
  assert.deepEqual(
    errors.map(({ subject }) => subject),
    ['encoder.layer.1.attention.attention.query.weight'],
  );
});

test('the doctor: a transposed matrix, a wrong shape, a dtype that cannot be run', async () => {
  const transposed = changed('timm-plain', 'transposed', (entries) =>
    (entries.get('blocks.0.mlp.fc1.weight') as Entry).shape.reverse(),
  );
  const [first] = await errorsOf(transposed);
  assert.equal(first?.code, 'transposed');
  assert.match(
    first.message,
    /blocks\.0\.mlp\.fc1\.weight is transposed: its shape is \[36, 144\], the architecture needs \[144, 36\]/,
  );
  const wrong = changed('timm-plain', 'wrong-shape', (entries) =>
    entries.set('norm.bias', { dtype: 'F32', shape: [35], bytes: Buffer.alloc(140) }),
  );
  assert.match((await errorsOf(wrong))[0]?.message ?? '', /norm\.bias has shape \[35\], the architecture needs \[36\]/);
  const double = changed('timm-plain', 'double', (entries) =>
    entries.set('norm.bias', { dtype: 'F64', shape: [36], bytes: Buffer.alloc(288) }),
  );
  assert.match((await errorsOf(double))[0]?.message ?? '', /norm\.bias has dtype F64; F32, F16 and BF16 can be run/);
});

test('the doctor: wrong head counts', async () => {
  const heads = (n: number) => (c: Record<string, unknown>) =>
    void ((c['model_args'] as Record<string, number>)['num_heads'] = n);
  await refuses(
    changed('timm-plain', 'heads-5', () => undefined, heads(5)),
    'config',
    /36-wide tokens cannot be split over 5 heads/,
  );
  // With normalised queries the file itself says how wide a head is.
  const errors = await errorsOf(changed('timm-qk-norm', 'heads-4', () => undefined, heads(4)));
  assert.match(errors[0]?.message ?? '', /q_norm\.weight has shape \[10\], the architecture needs \[5\]/);
});

test('the doctor: a head count that fits the tensors and no published model', async () => {
  const config = { architecture: 'ViT_Model', token_len: 768, img_size: [1, 8, 8], patch_size: 8, depth: 0 };
  assert.deepEqual(
    inspect(await open(write(folder, 'articles.vit.json', JSON.stringify(config)))).findings.map(({ code }) => code),
    ['seeded-weights'],
  );
  const block = { norm1: [768], norm2: [768] };
  const shapes: Record<string, number[]> = {
    cls_token: [1, 1, 768],
    pos_embed: [1, 2, 768],
    'patch_embed.proj.weight': [768, 3, 8, 8],
    'patch_embed.proj.bias': [768],
    'norm.weight': [768],
    'norm.bias': [768],
  };
  for (const [name, shape] of Object.entries(block))
    for (const leaf of ['weight', 'bias']) shapes[`blocks.0.${name}.${leaf}`] = shape;
  for (const [name, rows, columns] of [
    ['attn.qkv', 2304, 768],
    ['attn.proj', 768, 768],
    ['mlp.fc1', 8, 768],
    ['mlp.fc2', 768, 8],
  ] as const) {
    shapes[`blocks.0.${name}.weight`] = [rows, columns];
    shapes[`blocks.0.${name}.bias`] = [rows];
  }
  write(folder, 'six-heads/model.safetensors', tensors(shapes));
  write(
    folder,
    'six-heads/config.json',
    JSON.stringify({ architecture: 'vit_custom', model_args: { num_heads: 6 }, mean: [0, 0, 0], std: [1, 1, 1] }),
  );
  const model = await open('six-heads');
  assertRunnable(model);
  assert.match(model.findings[0]?.message ?? '', /^Tokens 768 long are published with 12 heads, here there are 6/);
});

test('the doctor: a config that says another size than the file', async () => {
  const path = changed(
    'timm-plain',
    'wider',
    () => undefined,
    (c) => void ((c['model_args'] as Record<string, number>)['embed_dim'] = 48),
  );
  const errors = await errorsOf(path);
  assert.ok(errors.length > 20);
  assert.ok(errors.every(({ code }) => code === 'shape'));
});

test('Swin, ConvNeXt and others are refused by their name', async () => {
  const swin = {
    'patch_embed.proj.weight': [96, 3, 4, 4],
    'layers.0.blocks.0.attn.relative_position_bias_table': [169, 3],
    'layers.0.downsample.norm.weight': [384],
  };
  const convnext = { 'stem.0.weight': [96, 3, 4, 4], 'stages.0.blocks.0.conv_dw.weight': [96, 1, 7, 7] };
  const performer = { 'tokens_to_token.attention1.kqv.weight': [192, 147], 'tokens_to_token.attention1.w': [32, 64] };
  await refuses(
    write(folder, 'swin.safetensors', tensors(swin)),
    'unsupported',
    /swin\.safetensors looks like a Swin Transformer/,
  );
  await refuses(write(folder, 'convnext.safetensors', tensors(convnext)), 'unsupported', /looks like a ConvNeXt/);
  await refuses(write(folder, 'performer.safetensors', tensors(performer)), 'unsupported', /Performer token stages/);
  await refuses(
    write(folder, 'other.safetensors', tensors({ 'layers.0.weight': [2, 2] })),
    'unsupported',
    /no Vision Transformer known here: its tensors begin layers\.0\.weight/,
  );
});

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
  write(folder, 'weightless/config.json', '{"architecture": "vit_base_patch16_224"}');
  await refuses('weightless', 'missing', /has a config\.json but no weights/);
  write(folder, 'onnx/model.onnx', 'text');
  await refuses('onnx', 'corrupt', /is not an ONNX model/);
  write(folder, 'badconfig/model.safetensors', readFileSync(join(golden('timm-plain'), 'model.safetensors')));
  write(folder, 'badconfig/config.json', JSON.stringify({ architecture: 'vit_x', model_args: { depth: 'twelve' } }));
  await refuses('badconfig', 'config', /"model_args\.depth" should be a number, not "twelve"/);
});

test("the articles' configs without weights are drawn from a seed; comments are allowed in .vit.json", async () => {
  const file = write(
    folder,
    'mine.vit.json',
    '{\n  // the article\'s mountain\n  "architecture": "ViT_Model", "img_size": [1, 60, 100], "patch_size": 20, "seed": 7,\n}',
  );
  const model = await open(file);
  assert.deepEqual(model.weights, { kind: 'seed', seed: 7 });
  assert.equal(model.name, 'mine');
  assert.deepEqual(model.noWeightDecay, ['cls_token']);
  const report = inspect(model);
  assert.deepEqual(report.tokens, { total: 16, prefix: ['class'], grid: [3, 5] });
  const shape = (step: string) => report.shapes.find((entry) => entry.step === step)?.shape;
  assert.deepEqual(shape('patches'), [1, 15, 400]);
  assert.deepEqual(shape('patch_embed'), [1, 15, 768]);
  assert.deepEqual(shape('head'), [1, 1]);
  await refuses(
    write(folder, 'bad.vit.json', '{\n "architecture": "ViT_Model",\n "depth" 3 }'),
    'config',
    /ColonExpected in line 3/,
  );
  // Patch_Tokenization's own defaults: 60 is not divisible by 50.
  const indivisible = write(folder, 'default.vit.json', '{"architecture": "ViT_Model", "img_size": [1, 60, 100]}');
  await refuses(indivisible, 'config', /^Height of image must be evenly divisible by patch size\./);
  await refuses(
    write(folder, 'act.vit.json', '{"architecture": "ViT_Model", "act_layer": "PReLU"}'),
    'config',
    /"act_layer" should be one of CELU, .*not "PReLU"/,
  );
});

test('labels: a text file beside the weights, and too few of them', async () => {
  const path = changed('seed-vit-heads', 'labelled', () => undefined);
  write(folder, 'labelled/labels.txt', '\uFEFFcat\r\ndog\r\nship\r\ncar\r\ntree\r\n\r\n');
  assert.deepEqual((await open(path)).labels, ['cat', 'dog', 'ship', 'car', 'tree']);
  write(folder, 'labelled/labels.txt', 'cat\ndog');
  const model = await open(path);
  assert.equal(model.labels, null);
  assert.deepEqual(
    model.findings.map(({ message }) => message),
    ['2 class names for 5 classes: they are not used.'],
  );
});

test('names of classes are taken as people write them, and arguments beside model_args too', async () => {
  const path = changed(
    'timm-swiglu-packed',
    'loosely',
    () => undefined,
    (config) => {
      const args = {
        ...(config['model_args'] as object),
        mlp_layer: 'swiglu_packed',
        act_layer: 'nn.SiLU',
        norm_layer: 'LayerNorm',
      };
      Object.assign(config, args, { model_args: null });
    },
  );
  const model = await open(path);
  assertRunnable(model);
  assert.deepEqual(model.architecture, (await open(golden('timm-swiglu-packed'))).architecture);
});

test("the articles' T2T shapes: 3286, 848, 216 tokens by default, and 2500, 650, 175 of the notebook", async () => {
  const stages = async (config: object) => {
    const report = inspect(
      await open(write(folder, 't2t.vit.json', JSON.stringify({ architecture: 'T2T_ViT', ...config }))),
    );
    return report.shapes.filter(({ step }) => step.startsWith('soft_split')).map(({ shape }) => shape);
  };
  assert.deepEqual(await stages({}), [
    [1, 3286, 961],
    [1, 848, 576],
    [1, 216, 576],
  ]);
  assert.deepEqual(await stages({ img_size: [1, 400, 100], softsplit_kernels: [7, 3, 3] }), [
    [1, 2500, 49],
    [1, 650, 576],
    [1, 175, 576],
  ]);
});

test('a .vit.json can name its weights', async () => {
  const config = {
    ...json(join(golden('seed-vit'), 'config.json')),
    weights: join(golden('seed-vit'), 'model.safetensors'),
  };
  const model = await open(write(folder, 'trained.vit.json', JSON.stringify(config)));
  assertRunnable(model);
  assert.equal(model.weights.kind, 'tensors');
});

test('another input size: rounded to patches, picture resized in proportion', async () => {
  const model = await open(golden('timm-plain'));
  const wide = withInputSize(model, 61, 100);
  assert.deepEqual(wide.architecture?.image, { channels: 3, height: 64, width: 104 });
  assert.deepEqual(wide.preprocessing.crop, { height: 64, width: 104, fill: [0, 0, 0] });
  assert.deepEqual(wide.preprocessing.resize, { kind: 'keep-ratio', height: 70, width: 113, longest: 0 });
  assert.deepEqual(wide.architecture.position, model.architecture?.position);
  assert.equal(withInputSize(model, 32, 32), model);
  const seed = withInputSize(await open(golden('seed-vit')), 24, 40);
  assert.deepEqual(seed.architecture?.position.kind === 'sinusoid' && seed.architecture.position.grid, [6, 10]);
  assert.ok(seed.weights.kind === 'tensors' && !('pos_embed' in seed.weights.tensors));
});

test('the report counts parameters as PyTorch does and reads as text', async () => {
  const model = await open('embedded');
  assert.ok(model.architecture);
  const stored = [...unpack(join(ROOT, 'models/vit-cifar10/model.safetensors')).values()];
  const numbers = stored.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
  assert.equal(parameterCount(model.architecture), numbers);
  const text = reportText(inspect(model));
  assert.match(text, new RegExp(`${numbers.toLocaleString('en-US')} parameters`));
  assert.match(text, /tokens +65: class \+ 8 x 8 patches/);
  assert.match(text, /This model can be run\./);
  assert.deepEqual(JSON.parse(JSON.stringify(inspect(model))), inspect(model));
});

test("Hugging Face's processors, of every age, as one preprocessing", async () => {
  const processed = async (name: string, processor: object, config: object = {}) => {
    const folderName = `processor-${Object.keys(processor).length}-${name}`;
    write(folder, `${folderName}/preprocessor_config.json`, JSON.stringify(processor));
    write(
      folder,
      `${folderName}/config.json`,
      JSON.stringify({ ...json(join(golden(name), 'config.json')), ...config }),
    );
    write(folder, `${folderName}/model.safetensors`, readFileSync(join(golden(name), 'model.safetensors')));
    return open(folderName);
  };
  const vit = await processed('hf-vit', {
    feature_extractor_type: 'ViTFeatureExtractor',
    size: 16,
    resample: 2,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
  });
  assert.deepEqual(vit.preprocessing.resize, { kind: 'exact', height: 16, width: 16 });
  assert.deepEqual(
    [vit.preprocessing.crop, vit.preprocessing.interpolation, vit.preprocessing.mean],
    [null, 'bilinear', [0.5, 0.5, 0.5]],
  );
  const deit = await processed('hf-deit', {
    feature_extractor_type: 'DeiTFeatureExtractor',
    size: 18,
    crop_size: 16,
    do_center_crop: true,
    resample: 3,
  });
  assert.deepEqual(deit.preprocessing.resize, { kind: 'exact', height: 18, width: 18 });
  assert.deepEqual(deit.preprocessing.crop, { height: 16, width: 16, fill: [0, 0, 0], rounding: 'floor' });
  const clip = await processed('hf-clip', {
    feature_extractor_type: 'CLIPFeatureExtractor',
    size: 16,
    crop_size: 16,
    do_center_crop: true,
    resample: 3,
  });
  assert.deepEqual(clip.preprocessing.resize, { kind: 'shorter-side', size: 16 });
  const raw = await processed('hf-vit', { do_resize: false, do_rescale: false, do_normalize: false, a: 1, b: 2, c: 3 });
  assert.deepEqual(
    [raw.preprocessing.resize, raw.preprocessing.rescale, raw.preprocessing.std],
    [{ kind: 'none' }, 1, [1, 1, 1]],
  );
});

test('DINOv2 is fed smaller pictures than it was trained on: positions are resampled, and it is said', async () => {
  const path = changed('hf-dinov2', 'dinov2-fed', () => undefined);
  write(
    folder,
    'dinov2-fed/preprocessor_config.json',
    JSON.stringify({
      size: { shortest_edge: 9 },
      do_center_crop: true,
      crop_size: { height: 8, width: 8 },
      image_mean: [0, 0, 0],
      image_std: [1, 1, 1],
    }),
  );
  const model = await open(path);
  assert.deepEqual(model.architecture?.image, { channels: 3, height: 8, width: 8 });
  assert.deepEqual(model.architecture.position.kind === 'learned' && model.architecture.position.grid, [4, 4]);
  assert.deepEqual(
    model.findings.map(({ code }) => code),
    ['input-size', 'ignored-tensors'],
  );
  assertRunnable(model);
});

test('a tower inside a two-tower config uses its defaults', async () => {
  const path = changed(
    'hf-siglip',
    'two-towers',
    (entries) => entries.set('logit_scale', { dtype: 'F32', shape: [1], bytes: Buffer.alloc(4) }),
    (config) => {
      const { layer_norm_eps: _eps, hidden_act: _act, ...vision } = config;
      for (const field of Object.keys(config)) config[field] = null;
      Object.assign(config, { model_type: 'siglip', text_config: {}, vision_config: vision });
    },
  );
  const model = await open(path);
  assertRunnable(model);
  assert.deepEqual([model.architecture?.block.norm.eps, model.architecture?.block.activation], [1e-6, 'gelu_tanh']);
});

test('no value of any config field makes opening a model throw anything but a sentence', async () => {
  const odd = [
    null,
    -1,
    0,
    0.5,
    1e9,
    Number.MAX_SAFE_INTEGER,
    'x',
    '',
    [],
    [1],
    [0, 0, 0],
    [1e9, 1e9],
    {},
    { a: 1 },
    true,
    false,
  ];
  const names = [
    'timm-pool-map',
    'timm-swiglu-packed',
    'hf-vit',
    'hf-dinov2-swiglu',
    'hf-siglip',
    'torchvision',
    't2t-official',
    'seed-vit',
    'seed-t2t',
  ];
  let refused = 0;
  for (const name of names) {
    const path = changed(name, `fuzz-${name}`, () => undefined);
    const config = json(join(path, 'config.json'));
    const inner = Object.entries(config).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.keys(value).map((field) => [key, field] as const)
        : [],
    );
    for (const [key, field] of [...Object.keys(config).map((key) => [key, null] as const), ...inner]) {
      for (const value of odd) {
        const mutated = structuredClone(config);
        if (field === null) mutated[key] = value;
        else (mutated[key] as Record<string, unknown>)[field] = value;
        write(folder, `fuzz-${name}/config.json`, JSON.stringify(mutated));
        try {
          const model = await open(path);
          JSON.stringify(inspect(model));
          reportText(inspect(model));
        } catch (error) {
          assert.ok(
            error instanceof ModelError,
            `${name} ${key}.${field} = ${JSON.stringify(value)}: ${error instanceof Error ? error.stack : String(error)}`,
          );
          assert.ok(!error.message.includes('\n'));
          refused++;
        }
      }
    }
  }
  assert.ok(refused > 300, `nonsense is refused (${refused})`);
});
