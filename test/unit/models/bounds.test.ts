/** Every number of a file has a bound, and the sentence about one over it names the field, the value and the limit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outOfBounds } from '../../../extension/architecture/bounds';
import { LIMITS } from '../../../extension/architecture/limits';
import { wrongPreprocessing } from '../../../extension/architecture/preprocessingBounds';
import { MOST_NESTING, nestedTooDeep } from '../../../extension/files/jsonLimits';
import { assertInBounds } from '../../../extension/models/config/checked';
import { Fields } from '../../../extension/models/config/fields';
import { checkModelFile } from '../../../extension/models/modelFile';
import { withInputSize } from '../../../extension/models/inputSize';
import { assertRunnable } from '../../../extension/models/runnable';
import { openPart } from '../../../extension/models/parts';
import { tensors, write } from './files';
import { changed, errorsOf, folder, golden, json, open, refuses } from './opening';

const HUGE = 2147483648;

test("the articles' models: every number is bounded before anything is made of it", async () => {
  const configs: [fields: object, sentence: RegExp][] = [
    [{ img_size: [HUGE, 4, 8], patch_size: 4 }, /"img_size" should be \[channels, .*1024, 65536, 65536, not \[2147483648,4,8\]/],
    [{ img_size: [1, 1e12, 8], patch_size: 4 }, /"img_size" .*65536.*1000000000000/],
    [{ img_size: [1, 65536, 65536], patch_size: 1 }, /values of an image is 4294967296, .* to 1073741824 \(from img_size\)/],
    [{ img_size: [1, 16384, 16384], patch_size: 1 }, /the number of tokens is 268435457, .* to 1048576 \(from img_size\)/],
    [{ img_size: [1024, 512, 512], patch_size: 512 }, /values of a patch is 268435456, .* to 67108864 \(from patch_size\)/],
    [{ token_len: HUGE }, /"token_len" should be a whole number from 1 to 65536, not 2147483648/],
    [{ depth: 100000 }, /"depth" should be a whole number from 0 to 1024, not 100000/],
    [{ num_heads: 4096, token_len: 4096 }, /"num_heads" should be a whole number from 1 to 1024, not 4096/],
    [{ preds: 1e9 }, /"preds" should be a whole number from 0 to 1048576, not 1000000000/],
    [{ Encoding_hidden_chan_mul: 1e300 }, /"Encoding_hidden_chan_mul" should be a number from 0 to 1024, not 1e\+300/],
    [{ token_len: 65536, Encoding_hidden_chan_mul: 1000 }, /hidden width .* is 65536000, .* to 1048576 \(from Encoding_hidden_chan_mul\)/],
    [{ qk_scale: 1e308 }, /"qk_scale" should be a number, not 1e\+308/],
    [{ seed: 1e18 }, /"seed" should be a whole number from 0 to 10000000, not 1000000000000000000/],
    [{ architecture: 'T2T_ViT', softsplit_kernels: [HUGE, 3, 3] }, /"softsplit_kernels" .* to 65536, not \[2147483648,3,3\]/],
    [{ architecture: 'T2T_ViT', img_size: [1, 20000, 20000], softsplit_kernels: [9000, 3, 3] }, /values of soft split 1 is 81000000, .* 67108864 \(from softsplit_kernels\)/],
  ]; // prettier-ignore
  for (const [i, [fields, sentence]] of configs.entries()) {
    const text = JSON.stringify({ architecture: 'ViT_Model', img_size: [1, 100, 100], ...fields });
    await refuses(write(folder, `huge-${i}.vit.json`, text), 'config', sentence);
    if (!('seed' in fields)) assert.ok(checkModelFile(text, 'huge.vit.json').problems.length > 0, text);
  }
});

test('modules of the articles are bounded as whole models are', async () => {
  const configs = [
    { architecture: 'Attention', dim: HUGE, chan: 64 },
    { architecture: 'Attention', dim: 67108864, chan: 65536 },
    { architecture: 'NeuralNet', in_chan: 64, hidden_chan: HUGE },
    { architecture: 'Unfold', kernel_size: HUGE },
    { architecture: 'Unfold', kernel_size: 3, padding: HUGE },
    { architecture: 'Encoding', dim: 65536, hidden_chan_mul: 1000 },
    { architecture: 'ViT_Backbone', num_tokens: HUGE },
    { architecture: 'Patch_Tokenization', img_size: [HUGE, 4, 8], patch_size: 4 },
    { architecture: 'Tokens2Token', img_size: [1, 1e9, 1e9] },
  ];
  for (const [i, config] of configs.entries()) {
    const file = write(folder, `part-${i}.vit.json`, JSON.stringify(config));
    await assert.rejects(openPart(file), /part-\d\.vit\.json: .*(from 1 to|from 0 to|to \d+)/, JSON.stringify(config));
  }
});

test('every family: numbers of the config, of its inner objects and of the processor', async () => {
  const cases: [name: string, field: string, value: unknown, inner?: string][] = [
    ['timm-plain', 'embed_dim', HUGE, 'model_args'],
    ['timm-plain', 'depth', 5000, 'model_args'],
    ['timm-plain', 'num_heads', 1e9, 'model_args'],
    ['timm-plain', 'mlp_ratio', 1e9, 'model_args'],
    ['timm-plain', 'img_size', [1e9, 1e9], 'model_args'],
    ['timm-plain', 'reg_tokens', 1e9, 'model_args'],
    ['timm-plain', 'num_classes', 1e12],
    ['timm-plain', 'input_size', [HUGE, 4, 8], 'pretrained_cfg'],
    ['hf-vit', 'hidden_size', HUGE],
    ['hf-vit', 'intermediate_size', HUGE],
    ['hf-vit', 'num_channels', HUGE],
    ['hf-vit', 'image_size', 1e9],
    ['hf-vit', 'layer_norm_eps', 1e30],
    ['hf-dinov2', 'mlp_ratio', 1e9],
    ['hf-dinov2-registers', 'num_hidden_layers', 1e9],
    ['torchvision', 'mlp_dim', HUGE],
    ['torchvision', 'image_size', HUGE],
    ['t2t-official', 'token_dim', HUGE, 'model_args'],
    ['t2t-official', 'in_chans', HUGE, 'model_args'],
  ];
  for (const [name, field, value, inner] of cases) {
    const path = changed(name, `huge-${name}-${field}`, () => undefined, (config) => {
      const place = inner === undefined ? config : ((config[inner] ??= {}) as Record<string, unknown>);
      if (field === 'input_size') delete (config['model_args'] as Record<string, unknown>)['img_size'];
      place[field] = value;
    }); // prettier-ignore
    await refuses(path, 'config', new RegExp(`${field}.*(to|most) [\\d, ]+, not`));
  }
});

test('a size over its bound is named as the config names it, in every family', async () => {
  const { architecture } = await open(golden('timm-plain'));
  const cases: [wrong: object, names: string[]][] = [
    [{ dim: HUGE }, ['token_len', 'embed_dim', 'hidden_size', 'hidden_dim', 'dim', 'token_dim']],
    [{ depth: HUGE }, ['depth', 'num_hidden_layers', 'num_layers']],
    [{ classes: HUGE }, ['preds', 'num_classes', 'num_labels', 'id2label']],
    [{ prefix: { class: true, distillation: false, registers: HUGE } }, ['reg_tokens', 'num_register_tokens']],
    [{ image: { ...architecture!.image, channels: HUGE } }, ['img_size', 'image_size', 'input_size', 'num_channels', 'in_chans']],
    [{ image: { ...architecture!.image, height: HUGE } }, ['img_size', 'image_size', 'input_size', 'crop_size', 'size']],
    [{ block: { ...architecture!.block, heads: HUGE } }, ['num_heads', 'num_attention_heads']],
    [{ block: { ...architecture!.block, mlpHidden: HUGE } }, ['Encoding_hidden_chan_mul', 'hidden_chan_mul', 'mlp_ratio', 'mlp_dim', 'intermediate_size']],
    [{ block: { ...architecture!.block, norm: { kind: 'layer', eps: HUGE } } }, ['norm_eps', 'layer_norm_eps']],
  ]; // prettier-ignore
  for (const [wrong, names] of cases) {
    const found = outOfBounds({ ...architecture!, ...wrong });
    for (const name of names) {
      for (const config of [{ [name]: 1 }, { model_args: { [name]: 1 } }, { vision_config: { [name]: 1 } }]) {
        const said = { field: name, message: new RegExp(`\\(from ${name}\\)\\.$`) };
        assert.throws(() => assertInBounds(found, new Fields('config.json', config)), said);
      }
    }
    assert.throws(() => assertInBounds(found, new Fields('config.json', { another: 1 })), /to [\d.e+-]+\.$/);
  }
});

test('numbers of positions inside attention', async () => {
  const refused = async (name: string, change: (config: Record<string, unknown>) => void, message: RegExp) =>
    refuses(changed(name, `position-${name}`, () => undefined, change), 'config', message);
  const args = (config: Record<string, unknown>) => config['model_args'] as Record<string, unknown>;
  for (const theta of [0, -1, 1e13])
    await refused('hf-published-dinov3', (config) => (config['rope_theta'] = theta), /theta is .* \(from rope_theta\)/);
  const rope = { rope_theta: -3 };
  await refused('hf-published-dinov3', (config) => (config['rope_parameters'] = rope), /theta is -3, .* \(from rope_theta\)/);
  await refused('timm-pe-core', (config) => (args(config)['rope_grid_offset'] = 1e30), /offset is .* \(from rope_grid_offset\)/);
  await refused('timm-eva02', (config) => (args(config)['ref_feat_shape'] = [1e9, 4]), /ref_feat_shape/);
  await refused('timm-eva02', (config) => (args(config)['rope_type'] = 'mrope'), /one of cat, base, mixed, dinov3/);
  await refused('hf-published-beit', (config) => (config['image_size'] = 2400), /relative distances is \d+, .* \(from image_size\)/);
}); // prettier-ignore

test('sizes read off tensors are bounded too: an empty tensor can claim any shape', async () => {
  const name = 'patch_embed.proj.weight';
  await refuses(write(folder, 'wide.safetensors', tensors({ [name]: [HUGE, 3, 0, 16] })), 'config', /token length is 2147483648, .* 65536/);
  await refuses(write(folder, 'deep.safetensors', tensors({ [name]: [64, HUGE, 0, 16] })), 'config', /channels is 2147483648, .* 1024/);
  const blocks = tensors({ [name]: [64, 3, 16, 16], 'blocks.9000.norm1.weight': [64] });
  await refuses(write(folder, 'blocks.safetensors', blocks), 'config', /depth is 9001, .* 1024/);
  const head = tensors({ [name]: [64, 3, 16, 16], 'head.weight': [2 ** 40, 0] });
  await refuses(write(folder, 'head.safetensors', head), 'config', /number of classes is 1099511627776, .* 1048576/);
}); // prettier-ignore

test('another input size is bounded', async () => {
  const model = await open(golden('timm-plain'));
  assert.throws(() => withInputSize(model, 99999, 8), /cannot run at 99999x8 pixels: the image's height is 100000, .* 65536/);
  assert.throws(() => withInputSize(model, 65536, 65536), /cannot run at 65536x65536 pixels/);
}); // prettier-ignore

test('the golden models and the embedded one are in bounds', async () => {
  for (const id of [
    'embedded',
    golden('timm-plain'),
    golden('t2t-official'),
    golden('seed-t2t'),
    golden('hf-siglip'),
  ]) {
    const { architecture, preprocessing } = await open(id);
    assert.ok(architecture);
    assert.equal(outOfBounds(architecture), null);
    assert.equal(wrongPreprocessing(preprocessing), null);
  }
  assert.ok(Object.values(LIMITS).every((limit) => Number.isSafeInteger(limit) && limit > 0));
});

test('colour statistics, crops and factors that make no finite input are refused by name', async () => {
  const timm: [field: string, value: unknown][] = [
    ['std', [0, 0, 0]], ['std', [0.5, -1, 0.5]], ['std', [1e-300, 1, 1]], ['std', []], ['std', [0.5, 0.5]],
    ['mean', []], ['mean', [1e308, 0, 0]], ['mean', [0.5, 0.5]], ['mean', ['x', 'y', 'z']],
    ['crop_pct', 0], ['crop_pct', -1], ['crop_pct', 1e308], ['crop_pct', 1e-320],
  ]; // prettier-ignore
  for (const [i, [field, value]] of timm.entries()) {
    const path = changed('timm-plain', `odd-timm-${i}`, () => undefined, (config) => {
      for (const name of ['pretrained_cfg']) Object.assign((config[name] ??= {}), { [field]: value });
    }); // prettier-ignore
    await refuses(path, 'config', new RegExp(`config\\.json: "pretrained_cfg\\.${field}" should be`));
  }
  const processor: [field: string, value: unknown][] = [
    ['image_std', [0, 0, 0]], ['image_mean', [1e308, 0, 0]], ['rescale_factor', 0], ['rescale_factor', 1e308],
    ['rescale_factor', -1], ['resample', 77], ['size', 1e308], ['size', 0], ['size', -5], ['crop_size', 1.5], ['crop_size', 1e9],
  ]; // prettier-ignore
  for (const [i, [field, value]] of processor.entries()) {
    const path = changed('hf-vit', `odd-hf-${i}`, () => undefined);
    const fields = { do_center_crop: true, image_mean: [0, 0, 0], image_std: [1, 1, 1], [field]: value };
    write(folder, `odd-hf-${i}/preprocessor_config.json`, JSON.stringify(fields));
    await refuses(path, 'config', new RegExp(`preprocessor_config\\.json: "${field}" should be`));
  }
  for (const fields of [{ std: [0] }, { mean: [], std: [1] }, { mean: [1e308], std: [1] }]) {
    const config = { architecture: 'ViT_Model', img_size: [1, 8, 8], patch_size: 4, ...fields };
    await refuses(write(folder, 'odd.vit.json', JSON.stringify(config)), 'config', /"(mean|std)" should be a list of/);
  }
});

test('a file nested any number of levels deep is one sentence', async () => {
  for (const levels of [MOST_NESTING + 1, 20_000, 500_000]) {
    const deep = `{"architecture": "ViT_Model", "x": ${'['.repeat(levels)}${']'.repeat(levels)}}`;
    await refuses(write(folder, 'deep.vit.json', deep), 'config', /is nested deeper than 64 levels/);
    const { problems, architecture } = checkModelFile(deep, 'deep.vit.json');
    assert.equal(architecture, null);
    assert.match(problems[0]?.message ?? '', /nested deeper than 64 levels/);
    write(folder, 'deep/config.json', deep);
    await refuses('deep', 'config', /config\.json is nested deeper/);
  }
  // brackets in strings and comments do not nest
  assert.equal(nestedTooDeep(`{"a": "${'['.repeat(100)}\\"${'{'.repeat(100)}"} // ${'['.repeat(100)}\n/* ${'['.repeat(100)} */`), null);
}); // prettier-ignore

test('twenty thousand unknown keys are a few problems and a count', () => {
  const keys = Array.from({ length: 20_000 }, (_, i) => [`token_lenn${i}`, i]);
  const text = JSON.stringify({ architecture: 'ViT_Model', ...(Object.fromEntries(keys) as object) });
  const { problems } = checkModelFile(text, 'many.vit.json');
  assert.equal(problems.length, 8);
  assert.match(problems.at(-1)?.message ?? '', /and 19,992 more/);
});

test('a million names for classes, and thousands of tensors that do not fit, take no time by their square', async () => {
  const labels = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [i, '']));
  const path = changed('hf-vit', 'many-labels', () => undefined, (config) => void (config['id2label'] = labels)); // prettier-ignore
  const { architecture, labels: used, findings } = await open(path);
  assert.ok(architecture && architecture.classes < 100 && used === null);
  assert.ok(findings.some(({ message }) => message.startsWith('id2label names class 299999, but there are')));
  const stray = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`blocks.${i % 1000}.strange.name.${i}`, [1]]));
  const file = tensors({ 'patch_embed.proj.weight': [64, 3, 16, 16], ...stray });
  const errors = await errorsOf(write(folder, 'stray.safetensors', file));
  assert.ok(errors.length < 500, String(errors.length));
  assert.match(errors.at(-1)?.message ?? '', /49,800 further tensors or blocks have no place either/);
  await assert.rejects(async () => assertRunnable(await open('stray.safetensors')), /stray\.safetensors does not fit/);
  assert.ok(json(`${golden('hf-vit')}/config.json`)['hidden_size']);
}); // prettier-ignore
