import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reportOf } from '../../../extension/models/describe';
import { modelReport } from '../../../extension/reports/modelReport';
import { ModelError } from '../../../extension/errors/modelError';
import { atPictureSize } from '../../../extension/models/pictureSize';
import { withInputSize } from '../../../extension/models/inputSize';
import { assertRunnable } from '../../../extension/models/runnable';
import { write } from './files';
import { changed, folder, golden, json, open, refuses } from './opening';

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
  const report = reportOf(model, []);
  assert.deepEqual(report.tokens, { total: 16, prefix: ['class'], grid: [3, 5] });
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
        act_layer: 'nn.GELU',
        norm_layer: 'LayerNorm',
      };
      Object.assign(config, args, { model_args: null });
    },
  );
  const model = await open(path);
  assertRunnable(model);
  assert.deepEqual(model.architecture, (await open(golden('timm-swiglu-packed'))).architecture);
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
  // floor(side / crop_pct) of the new sides, and bilinear: timm's transforms_imagenet_eval for sides that differ
  assert.deepEqual(wide.preprocessing.resize, { kind: 'keep-ratio', height: 71, width: 115, longest: 0 });
  assert.equal(wide.preprocessing.interpolation, 'bilinear');
  assert.deepEqual(wide.architecture.position, model.architecture?.position);
  assert.equal(withInputSize(model, 32, 32), model);
  const seed = withInputSize(await open(golden('seed-vit')), 24, 40);
  assert.deepEqual(seed.architecture?.position.kind === 'sinusoid' && seed.architecture.position.grid, [6, 10]);
  assert.ok(seed.weights.kind === 'tensors' && !('pos_embed' in seed.weights.tensors));
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
          JSON.stringify(reportOf(model, []));
          modelReport(reportOf(model, []), { say: ({ message }) => message });
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

test('a CLIP tower answers with its embedding where its class does, and goes by the names of its kin', async () => {
  const { architecture } = await open(golden('hf-clip'));
  const dim = architecture?.dim ?? 0;
  const projected = (as: string, fields: object) =>
    changed(
      'hf-clip',
      as,
      (entries) => {
        const bytes = Buffer.alloc(4 * 5 * dim);
        entries.set('visual_projection.weight', { dtype: 'F32', shape: [5, dim], bytes });
      },
      (config) => Object.assign(config, fields),
    );
  const class_ = { architectures: ['CLIPVisionModelWithProjection'] };
  const embedding = await open(projected('clip-projected', class_));
  assertRunnable(embedding);
  assert.deepEqual(embedding.architecture?.projection, { length: 5, bias: false, activation: null });
  const pooled = await open(projected('clip-pooled', { architectures: ['CLIPModel'] }));
  assert.deepEqual(pooled.architecture, architecture);
  for (const model_type of [
    'chinese_clip_vision_model',
    'altclip_vision_model',
    'metaclip_2_vision_model',
    'clipseg_vision_model',
  ])
    assert.deepEqual((await open(projected(`clip-${model_type}`, { model_type }))).architecture, architecture);
});

test("a model of timm inside open_clip is what timm's name says, fed as open_clip says", async () => {
  const path = changed(
    'timm-pool-map',
    'open-clip-trunk',
    (entries) => {
      const all = [...entries].filter(([name]) => !name.startsWith('head.'));
      entries.clear();
      for (const [name, entry] of all) entries.set(`visual.trunk.${name}`, entry);
      entries.set('logit_scale', { dtype: 'F32', shape: [1], bytes: Buffer.alloc(4) });
    },
    (config) => {
      for (const field of Object.keys(config)) config[field] = null;
      config['model_cfg'] = {
        embed_dim: 36,
        vision_cfg: {
          timm_model_name: 'vit_so400m_patch16_siglip_256',
          timm_pool: 'map',
          timm_proj: 'none',
          image_size: 256,
        },
        text_cfg: {},
      };
      config['preprocess_cfg'] = {
        mean: [0.5, 0.5, 0.5],
        std: [0.5, 0.5, 0.5],
        interpolation: 'bicubic',
        resize_mode: 'squash',
      };
    },
  );
  const { architecture, preprocessing } = await open(path);
  // the tanh form of GELU is in the name alone
  assert.deepEqual(
    [architecture?.pool, architecture?.block.activation, architecture?.block.heads],
    ['map', 'gelu_tanh', 16],
  );
  assert.deepEqual(preprocessing.resize, { kind: 'exact', height: 256, width: 256 });
  assert.deepEqual(preprocessing.mean, [0.5, 0.5, 0.5]);
});

test("at a picture's own size: whole patches, 1024 of them at most or as many as it was trained with", async () => {
  const model = await open(golden('hf-vit'));
  const at = (width: number, height: number) => atPictureSize(model, { width, height }).architecture!.image;
  const side = model.architecture!.tokenizer.kind === 'patch' ? model.architecture!.tokenizer.patch[0] : 0;
  assert.deepEqual(at(10 * side + 1, 7 * side - 1), { channels: 3, height: 7 * side, width: 10 * side });
  // 1024 patches, twice as wide as high
  assert.deepEqual(at(1000 * side, 500 * side), { channels: 3, height: 23 * side, width: 45 * side });
});

test('a norm of embeddings that timm would not use is refused', async () => {
  const path = changed('timm-plain', 'embed-norm', () => undefined, (config) =>
    Object.assign(config['model_args'] as object, { embed_norm_layer: 'LayerNorm' }),
  ); // prettier-ignore
  await refuses(path, 'unsupported', /embed_norm_layer is not supported/);
});
