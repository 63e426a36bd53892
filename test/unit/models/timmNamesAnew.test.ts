/** What a timm file says against the name of its model. What is expected is what timm 1.0.29 computed from such files. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { at, described, refused, type Shapes } from './described';

const plain: Shapes = { 'patch_embed.proj.weight': [64, 3, 16, 16], 'pos_embed': [1, 37, 64], 'cls_token': [1, 1, 64], 'blocks.0.mlp.fc1.weight': [256, 64], 'blocks.0.mlp.fc2.weight': [64, 256] }; // prettier-ignore
const eva: Shapes = { 'patch_embed.proj.weight': [192, 3, 16, 16], 'cls_token': [1, 1, 192], 'blocks.0.attn.q_proj.weight': [192, 192], 'blocks.0.mlp.fc1.weight': [256, 192], 'blocks.0.mlp.fc2.weight': [192, 256] }; // prettier-ignore

describe('the size of the pictures', () => {
  const size = (architecture: string, cfg: object, args: object = {}, rest: object = {}) => {
    const config = { architecture, pretrained_cfg: { input_size: [3, 96, 96], ...cfg }, model_args: args, ...rest };
    const shapes = /dinov3|eva02|rope/.test(architecture) ? eva : plain;
    return described(config, shapes).architecture.image.height;
  };

  const CASES: [string, object, object, object, number][] = [
    ['vit_base_patch16_224', { fixed_input_size: true }, {}, {}, 96],
    ['vit_base_patch16_224', { fixed_input_size: false }, {}, {}, 224],
    ['vit_base_patch16_224', {}, {}, {}, 224],
    ['vit_base_patch16_224', { fixed_input_size: true }, { img_size: 64 }, {}, 64],
    ['vit_base_patch16_224', { fixed_input_size: true }, {}, { img_size: 64 }, 64],
    ['vit_base_patch16_224', { fixed_input_size: true }, {}, { model_type: 'timm_wrapper' }, 224],
    ['vit_base_patch16_224', {}, { dynamic_img_size: true }, {}, 96],
    ['vit_base_patch16_224', {}, { dynamic_img_size: true, img_size: 64 }, {}, 64],
    ['vit_base_patch16_rope_224', { fixed_input_size: true }, {}, {}, 96],
    ['vit_base_patch16_dinov3', { input_size: [3, 160, 160] }, {}, {}, 160],
    // timm's functions of these say img_size themselves
    ['eva02_base_patch14_224', { fixed_input_size: true }, {}, {}, 224],
    ['vit_base_patch16_rope_reg1_gap_256', { fixed_input_size: true }, {}, {}, 256],
  ];
  for (const [name, cfg, args, rest, expected] of CASES)
    test(`${name} ${JSON.stringify({ ...cfg, ...args, ...rest })}: ${expected}`, () =>
      assert.equal(size(name, cfg, args, rest), expected));

  test('a RoPE-ViT with mixed frequencies and positions, without a name: the class token has no position', () => {
    const shapes = { ...eva, 'rope.freqs': [2, 12, 2, 32], pos_embed: [1, 196, 192] };
    const { position } = described({}, shapes).architecture;
    assert.deepEqual(position.kind === 'learned' && [position.covers, position.grid], ['patches', [14, 14]]);
  });

  test('padding is refused where there is something to pad', () => {
    const dinov3 = { architecture: 'vit_base_patch16_dinov3', pretrained_cfg: { input_size: [3, 250, 250] }, model_args: { dynamic_img_pad: true } }; // prettier-ignore
    refused(() => described(dinov3, eva), /dynamic_img_pad is not supported/);
    const of = (img_size: number) =>
      described({ architecture: 'vit_base_patch16_224', model_args: { img_size, dynamic_img_pad: true } }, plain);
    refused(() => of(100), /dynamic_img_pad is not supported/);
    assert.equal(of(96).architecture.image.height, 96);
  });
});

describe('norms and arguments', () => {
  const said = (architecture: string, args: object, path: string, shapes: Shapes | null = plain) =>
    at(described({ architecture, model_args: args }, shapes).architecture, path);
  const normed = { ...plain, 'patch_embed.norm.weight': [64], 'patch_embed.norm.bias': [64] };

  const CASES: [string, object, string, unknown, Shapes?][] = [
    ['vit_base_patch16_clip_224', {}, 'block.norm.eps', 1e-5],
    ['vit_base_patch16_clip_224', { norm_layer: 'layernorm' }, 'block.norm.eps', 1e-6],
    ['vit_base_patch16_clip_224', { norm_layer: null }, 'block.norm.eps', 1e-6],
    ['beit3_base_patch16_224', { norm_layer: 'layernorm' }, 'fcNorm.eps', 1e-6],
    ['beit3_base_patch16_224', { norm_layer: 'layernorm' }, 'block.norm.eps', 1e-6],
    ['vit_small_patch16_dinov3', { norm_layer: 'layernorm' }, 'block.norm.eps', 1e-6, eva],
    ['vit_small_patch16_dinov3', {}, 'block.norm.eps', 1e-5, eva],
    ['vit_base_patch16_clip_224', { embed_norm_layer: 'layernorm' }, 'tokenizer.norm.eps', 1e-6, normed],
    ['vit_base_patch16_clip_224', {}, 'tokenizer.norm.eps', 1e-5, normed],
    ['vit_base_patch16_clip_224', { norm_layer: 'layernorm' }, 'tokenizer.norm.eps', 1e-5, normed],
    ['vit_base_patch16_clip_quickgelu_224', {}, 'block.activation', 'quick_gelu'],
    ['vit_base_patch16_clip_quickgelu_224', { act_layer: null }, 'block.activation', 'gelu'],
    ['eva02_tiny_patch14_224', {}, 'rotary.reference', [16, 16], eva],
    ['eva02_tiny_patch14_224', { ref_feat_shape: null }, 'rotary.reference', null, eva],
    ['vit_base_patch16_224', { num_classes: 7 }, 'classes', 7, { ...plain, 'head.weight': [7, 64] }],
    ['vit_base_patch16_rope_mixed_224', { rope_type: 'cat' }, 'rotary.theta', 10, eva],
  ];
  for (const [name, args, path, expected, shapes] of CASES)
    test(`${name} ${JSON.stringify(args)}: ${path} ${JSON.stringify(expected)}`, () =>
      assert.deepEqual(said(name, args, path, shapes), expected));

  test('num_classes 0 in model_args: features, whatever head the file has', () => {
    const config = { architecture: 'eva02_base_patch14_224', num_classes: 7, model_args: { num_classes: 0 } };
    assert.equal(described(config, { ...eva, 'head.weight': [7, 192] }).architecture.classes, 0);
  });

  test('the config of a whole file has 10 classes, its model_args 7: 7', () => {
    const config = { architecture: 'vit_base_patch16_224', num_classes: 10, model_args: { num_classes: 7 } };
    assert.equal(described(config, { ...plain, 'head.weight': [7, 64] }).architecture.classes, 7);
  });

  test('rotation by halves goes with dinov3, by neighbours with the others', () => {
    const of = (name: string, args: object) => () => described({ architecture: name, model_args: args }, eva);
    refused(
      of('vit_small_patch16_dinov3', { rope_rotate_half: false }),
      /rope_rotate_half false with rope_type dinov3/,
    );
    refused(of('vit_small_patch16_dinov3', { rope_type: 'mixed' }), /rope_rotate_half true with rope_type mixed/);
    refused(of('vit_base_patch16_rope_224', { rope_type: 'dinov3' }), /rope_rotate_half false with rope_type dinov3/);
    refused(of('eva02_tiny_patch14_224', { rope_rotate_half: true }), /rope_rotate_half true with rope_type cat/);
    assert.equal(of('vit_small_patch16_dinov3', {})().architecture.rotary?.pairs, 'halves');
    assert.equal(of('eva02_tiny_patch14_224', {})().architecture.rotary?.pairs, 'neighbours');
  });

  test("the pooling's own MLP does not count among the blocks'", () => {
    const pool = { 'attn_pool.latent': [1, 1, 64], 'attn_pool.mlp.fc1.weight': [128, 64], 'attn_pool.mlp.fc2.weight': [64, 128] }; // prettier-ignore
    const { architecture } = described({ architecture: 'vit_base_patch16_siglip_224' }, { ...plain, ...pool });
    assert.deepEqual([architecture.block.mlpHidden, architecture.mapPool?.mlpHidden], [256, 128]);
    const other = described(
      { architecture: 'vit_pe_core_base_patch16_224' },
      { ...eva, ...pool, 'attn_pool.latent': [1, 1, 192] },
    ).architecture;
    assert.deepEqual([other.block.mlpHidden, other.mapPool?.mlpHidden], [256, 128]);
  });

  test("NaFlexVit's pooling has heads of its own", () => {
    const shapes: Shapes = { 'embeds.proj.weight': [64, 192], 'embeds.pos_embed': [1, 3, 3, 64], 'attn_pool.latent': [1, 1, 64], 'blocks.0.mlp.fc1.weight': [256, 64], 'blocks.0.mlp.fc2.weight': [64, 256] }; // prettier-ignore
    const of = (args: object) =>
      described({ architecture: 'naflexvit_base_patch16_map', model_args: { num_heads: 2, patch_size: 8, img_size: 24, ...args } }, shapes).architecture; // prettier-ignore
    assert.deepEqual([of({}).mapPool?.heads, of({ attn_pool_num_heads: 4 }).mapPool?.heads], [2, 4]);
  });
});

test('the colour of a border is rounded as Python rounds: halves to even', () => {
  const config = { architecture: 'vit_base_patch16_224', pretrained_cfg: { input_size: [3, 96, 96], crop_mode: 'border', mean: [0.3, 0.5, 0.7], std: [1, 1, 1] } }; // prettier-ignore
  assert.deepEqual(described(config, plain).preprocessing.crop?.fill, [76, 128, 178]);
});

test("MLCD's angles have the config's base", () => {
  const theta = (given: object) => described({ model_type: 'mlcd_vision_model', hidden_size: 64, num_attention_heads: 2, ...given }).architecture.rotary?.theta; // prettier-ignore
  assert.deepEqual([theta({}), theta({ rope_parameters: { rope_type: 'default', rope_theta: 100 } })], [10000, 100]);
});
