/**
 * What a name of timm stands for: of each kind of name the arguments that its model function has (timm/models/vision_transformer.py,
 * deit.py and eva.py), less those that the tensors show.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaArguments } from '../../../extension/models/families/timm/evaVariants';
import { variantArguments } from '../../../extension/models/families/timm/variants';

type Args = Record<string, unknown>;

const VISION_TRANSFORMERS: Record<string, Args> = {
  vit_tiny_patch16_224: { embed_dim: 192, depth: 12, num_heads: 3 },
  vit_small_patch32_224: { embed_dim: 384, depth: 12, num_heads: 6 },
  vit_base_patch32_224: { embed_dim: 768, depth: 12, num_heads: 12 },
  vit_large_patch32_224: { embed_dim: 1024, depth: 24, num_heads: 16 },
  vit_huge_patch14_224: { embed_dim: 1280, depth: 32, num_heads: 16 },
  vit_giant_patch14_224: { embed_dim: 1408, depth: 40, num_heads: 16, mlp_ratio: 48 / 11 },
  vit_gigantic_patch14_224: { embed_dim: 1664, depth: 48, num_heads: 16, mlp_ratio: 64 / 13 },
  vit_medium_patch16_gap_240: { embed_dim: 512, depth: 12, num_heads: 8, class_token: false, global_pool: 'avg' },
  vit_betwixt_patch16_gap_256: { embed_dim: 640, depth: 12, num_heads: 10, class_token: false, global_pool: 'avg' },
  vit_base_patch16_gap_224: { embed_dim: 768, depth: 12, num_heads: 16, class_token: false, global_pool: 'avg' },
  vit_huge_patch14_gap_224: { embed_dim: 1280, depth: 32, num_heads: 16, class_token: false, global_pool: 'avg' },
  vit_giant_patch16_gap_224: { embed_dim: 1408, depth: 40, num_heads: 16, mlp_ratio: 48 / 11, class_token: false, global_pool: 'avg' },
  vit_xsmall_patch16_clip_224: { embed_dim: 256, depth: 10, num_heads: 4, pre_norm: true, norm_eps: 1e-5 },
  vit_medium_patch32_clip_224: { embed_dim: 512, depth: 12, num_heads: 8, pre_norm: true, norm_eps: 1e-5 },
  vit_betwixt_patch32_clip_224: { embed_dim: 640, depth: 12, num_heads: 10, pre_norm: true, norm_eps: 1e-5 },
  vit_base_patch32_clip_224: { embed_dim: 768, depth: 12, num_heads: 12, pre_norm: true, norm_eps: 1e-5 },
  vit_base_patch16_plus_clip_240: { embed_dim: 896, depth: 12, num_heads: 14, pre_norm: true, norm_eps: 1e-5 },
  vit_large_patch14_clip_224: { embed_dim: 1024, depth: 24, num_heads: 16, pre_norm: true, norm_eps: 1e-5 },
  vit_huge_patch14_clip_224: { embed_dim: 1280, depth: 32, num_heads: 16, pre_norm: true, norm_eps: 1e-5 },
  vit_giant_patch14_clip_224: { embed_dim: 1408, depth: 40, num_heads: 16, mlp_ratio: 48 / 11, pre_norm: true, norm_eps: 1e-5 },
  vit_gigantic_patch14_clip_224: { embed_dim: 1664, depth: 48, num_heads: 16, mlp_ratio: 64 / 13, pre_norm: true, norm_eps: 1e-5 },
  vit_base_patch32_clip_quickgelu_224: { embed_dim: 768, depth: 12, num_heads: 12, pre_norm: true, norm_eps: 1e-5, act_layer: 'quick_gelu' },
  vit_large_patch14_clip_quickgelu_224: { embed_dim: 1024, depth: 24, num_heads: 16, pre_norm: true, norm_eps: 1e-5, act_layer: 'quick_gelu' },
  vit_huge_patch14_clip_quickgelu_224: { embed_dim: 1280, depth: 32, num_heads: 16, pre_norm: true, norm_eps: 1e-5, act_layer: 'quick_gelu' },
  vit_gigantic_patch14_clip_quickgelu_224: { embed_dim: 1664, depth: 48, num_heads: 16, mlp_ratio: 64 / 13, pre_norm: true, norm_eps: 1e-5, act_layer: 'quick_gelu' },
  vit_base_patch32_plus_256: { embed_dim: 896, depth: 12, num_heads: 14 },
  vit_base_patch16_rpn_224: { embed_dim: 768, depth: 12, num_heads: 12, block_fn: 'ResPostBlock', class_token: false, global_pool: 'avg' },
  vit_small_patch16_36x1_224: { embed_dim: 384, depth: 36, num_heads: 6 },
  vit_small_patch16_18x2_224: { embed_dim: 384, depth: 18, num_heads: 6, block_fn: 'ParallelThingsBlock' },
  vit_base_patch16_18x2_224: { embed_dim: 768, depth: 18, num_heads: 12, block_fn: 'ParallelThingsBlock' },
  eva_large_patch14_196: { embed_dim: 1024, depth: 24, num_heads: 16, global_pool: 'avg' },
  vit_giant_patch14_dinov2: { embed_dim: 1536, depth: 40, num_heads: 24, mlp_ratio: 5.33334, mlp_layer: 'SwiGLUPacked', act_layer: 'silu' },
  vit_so400m_patch14_reg1_tipsv2: { embed_dim: 1152, depth: 27, num_heads: 16, mlp_ratio: 4304 / 1152 },
  vit_base_patch32_siglip_256: { embed_dim: 768, depth: 12, num_heads: 12, class_token: false, global_pool: 'map', act_layer: 'gelu_tanh' },
  vit_base_patch16_siglip_224: { embed_dim: 768, depth: 12, num_heads: 12, class_token: false, global_pool: 'map' },
  vit_large_patch16_siglip_256: { embed_dim: 1024, depth: 24, num_heads: 16, class_token: false, global_pool: 'map' },
  vit_large_patch16_siglip_512: { embed_dim: 1024, depth: 24, num_heads: 16, class_token: false, global_pool: 'map', act_layer: 'gelu_tanh' },
  vit_so400m_patch14_siglip_224: { embed_dim: 1152, depth: 27, num_heads: 16, mlp_ratio: 3.7362, class_token: false, global_pool: 'map' },
  vit_so400m_patch16_siglip_256: { embed_dim: 1152, depth: 27, num_heads: 16, mlp_ratio: 3.7362, class_token: false, global_pool: 'map', act_layer: 'gelu_tanh' },
  vit_giantopt_patch16_siglip_256: { embed_dim: 1536, depth: 40, num_heads: 16, class_token: false, global_pool: 'map', act_layer: 'gelu_tanh' },
  vit_base_patch32_siglip_gap_256: { embed_dim: 768, depth: 12, num_heads: 12, class_token: false, global_pool: 'avg', fc_norm: false, act_layer: 'gelu_tanh' },
  vit_base_patch16_siglip_gap_224: { embed_dim: 768, depth: 12, num_heads: 12, class_token: false, global_pool: 'avg', fc_norm: false },
  vit_large_patch16_siglip_gap_256: { embed_dim: 1024, depth: 24, num_heads: 16, class_token: false, global_pool: 'avg', fc_norm: false },
  vit_large_patch16_siglip_gap_512: { embed_dim: 1024, depth: 24, num_heads: 16, class_token: false, global_pool: 'avg', fc_norm: false, act_layer: 'gelu_tanh' },
  vit_so400m_patch14_siglip_gap_224: { embed_dim: 1152, depth: 27, num_heads: 16, mlp_ratio: 3.7362, class_token: false, global_pool: 'avg', fc_norm: false },
  vit_so400m_patch16_siglip_gap_256: { embed_dim: 1152, depth: 27, num_heads: 16, mlp_ratio: 3.7362, class_token: false, global_pool: 'avg', fc_norm: false, act_layer: 'gelu_tanh' },
  vit_giantopt_patch16_siglip_gap_256: { embed_dim: 1536, depth: 40, num_heads: 16, class_token: false, global_pool: 'avg', fc_norm: false, act_layer: 'gelu_tanh' },
  vit_wee_patch16_reg1_gap_256: { embed_dim: 256, depth: 14, num_heads: 4, mlp_ratio: 5, class_token: false, global_pool: 'avg' },
  vit_pwee_patch16_reg1_gap_256: { embed_dim: 256, depth: 16, num_heads: 4, mlp_ratio: 5, class_token: false, global_pool: 'avg' },
  vit_little_patch16_reg1_gap_256: { embed_dim: 320, depth: 14, num_heads: 5, mlp_ratio: 5.6, class_token: false, global_pool: 'avg' },
  vit_mediumd_patch16_reg4_gap_256: { embed_dim: 512, depth: 20, num_heads: 8, class_token: false, global_pool: 'avg' },
  vit_base_patch16_reg4_gap_256: { embed_dim: 768, depth: 12, num_heads: 12, class_token: false, global_pool: 'avg' },
  vit_so150m_patch16_reg4_map_256: { embed_dim: 896, depth: 18, num_heads: 14, mlp_ratio: 2.572, class_token: false, global_pool: 'map' },
  vit_so150m_patch16_reg4_gap_256: { embed_dim: 896, depth: 18, num_heads: 14, mlp_ratio: 2.572, class_token: false, global_pool: 'avg' },
  vit_so150m2_patch16_reg1_gap_256: { embed_dim: 832, depth: 21, num_heads: 13, mlp_ratio: 34 / 13, class_token: false, global_pool: 'avg' },
  vit_intern300m_patch14_448: { embed_dim: 1024, depth: 24, num_heads: 16, final_norm: false },
  aimv2_large_patch14_224: { embed_dim: 1024, depth: 24, num_heads: 8, class_token: false, fc_norm: false, global_pool: 'avg', qkv_bias: false, proj_bias: false, norm_layer: 'rmsnorm', norm_eps: 1e-5, mlp_layer: 'SwiGLU', act_layer: 'silu' },
  aimv2_huge_patch14_224: { embed_dim: 1536, depth: 24, num_heads: 12, class_token: false, fc_norm: false, global_pool: 'avg', qkv_bias: false, proj_bias: false, norm_layer: 'rmsnorm', norm_eps: 1e-5, mlp_layer: 'SwiGLU', act_layer: 'silu' },
  aimv2_1b_patch14_224: { embed_dim: 2048, depth: 24, num_heads: 16, class_token: false, fc_norm: false, global_pool: 'avg', qkv_bias: false, proj_bias: false, norm_layer: 'rmsnorm', norm_eps: 1e-5, mlp_layer: 'SwiGLU', act_layer: 'silu' },
  aimv2_3b_patch14_224: { embed_dim: 3072, depth: 24, num_heads: 24, class_token: false, fc_norm: false, global_pool: 'avg', qkv_bias: false, proj_bias: false, norm_layer: 'rmsnorm', norm_eps: 1e-5, mlp_layer: 'SwiGLU', act_layer: 'silu' },
  test_vit: { embed_dim: 64, depth: 6, num_heads: 2, mlp_ratio: 3 },
  test_vit2: { embed_dim: 64, depth: 8, num_heads: 2, mlp_ratio: 3 },
  test_vit3: { embed_dim: 96, depth: 9, num_heads: 3, mlp_ratio: 2, pool_include_prefix: true },
  test_vit4: { embed_dim: 96, depth: 9, num_heads: 3, mlp_ratio: 3 },
  beit3_base_patch16_224: { embed_dim: 768, depth: 12, num_heads: 12, norm_eps: 1e-5, global_pool: 'avg' },
  beit3_large_patch16_224: { embed_dim: 1024, depth: 24, num_heads: 16, norm_eps: 1e-5, global_pool: 'avg' },
  beit3_giant_patch14_224: { embed_dim: 1408, depth: 40, num_heads: 16, mlp_ratio: 4.3637, norm_eps: 1e-5, global_pool: 'avg' },
  deit_tiny_distilled_patch16_224: { embed_dim: 192, depth: 12, num_heads: 3, distilled: true },
  deit_small_distilled_patch16_224: { embed_dim: 384, depth: 12, num_heads: 6, distilled: true },
  deit_base_distilled_patch16_224: { embed_dim: 768, depth: 12, num_heads: 12, distilled: true },
  deit3_medium_patch16_224: { embed_dim: 512, depth: 12, num_heads: 8 },
}; // prettier-ignore

const EVA: Record<string, Args> = {
  eva_giant_patch14_224: { num_heads: 16 },
  eva02_tiny_patch14_224: { num_heads: 3, use_rot_pos_emb: true, ref_feat_shape: [16, 16] },
  eva02_small_patch14_224: { num_heads: 6, use_rot_pos_emb: true, ref_feat_shape: [16, 16] },
  eva02_base_patch14_224: { num_heads: 12, use_rot_pos_emb: true, ref_feat_shape: [16, 16] },
  eva02_large_patch14_224: { num_heads: 16, use_rot_pos_emb: true, ref_feat_shape: [16, 16] },
  eva_giant_patch14_clip_224: { num_heads: 16, global_pool: 'token' },
  eva02_base_patch16_clip_224: { num_heads: 12, use_rot_pos_emb: true, ref_feat_shape: [16, 16], global_pool: 'token' },
  eva02_large_patch14_clip_224: { num_heads: 16, use_rot_pos_emb: true, ref_feat_shape: [16, 16], global_pool: 'token' },
  eva02_enormous_patch14_clip_224: { num_heads: 16, use_post_norm: true, global_pool: 'token' },
  vit_medium_patch16_rope_reg1_gap_256: { num_heads: 8, use_rot_pos_emb: true, ref_feat_shape: [16, 16] },
  vit_betwixt_patch16_rope_reg4_gap_256: { num_heads: 10, use_rot_pos_emb: true, ref_feat_shape: [16, 16] },
  vit_pe_core_tiny_patch16_384: { num_heads: 3, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, global_pool: 'map', attn_pool_num_heads: 8, ref_feat_shape: [24, 24] },
  vit_pe_core_small_patch16_384: { num_heads: 6, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, global_pool: 'map', attn_pool_num_heads: 8, ref_feat_shape: [24, 24] },
  vit_pe_core_base_patch16_224: { num_heads: 12, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, global_pool: 'map', attn_pool_num_heads: 8, ref_feat_shape: [14, 14] },
  vit_pe_core_large_patch14_336: { num_heads: 16, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, global_pool: 'map', attn_pool_num_heads: 8, ref_feat_shape: [24, 24] },
  vit_pe_core_gigantic_patch14_448: { num_heads: 16, use_rot_pos_emb: true, rope_grid_offset: 0, rope_grid_indexing: 'xy', norm_eps: 1e-5, global_pool: 'map', attn_pool_num_heads: 8, ref_feat_shape: [32, 32] },
  vit_pe_lang_large_patch14_448: { num_heads: 16, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, use_post_transformer_norm: false, use_fc_norm: false, ref_feat_shape: [32, 32] },
  vit_pe_lang_gigantic_patch14_448: { num_heads: 16, use_rot_pos_emb: true, rope_grid_offset: 0, rope_grid_indexing: 'xy', norm_eps: 1e-5, use_post_transformer_norm: false, use_fc_norm: false, ref_feat_shape: [32, 32] },
  vit_pe_spatial_tiny_patch16_512: { num_heads: 3, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, use_post_transformer_norm: false, use_fc_norm: false, ref_feat_shape: [32, 32] },
  vit_pe_spatial_small_patch16_512: { num_heads: 6, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, use_post_transformer_norm: false, use_fc_norm: false, ref_feat_shape: [32, 32] },
  vit_pe_spatial_base_patch16_512: { num_heads: 12, use_rot_pos_emb: true, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5, use_post_transformer_norm: false, use_fc_norm: false, ref_feat_shape: [32, 32] },
  vit_small_patch16_rope_224: { num_heads: 6, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_temperature: 100 },
  vit_base_patch16_rope_224: { num_heads: 12, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_temperature: 100 },
  vit_large_patch16_rope_224: { num_heads: 16, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_temperature: 100 },
  vit_small_patch16_rope_mixed_224: { num_heads: 6, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_type: 'mixed', rope_temperature: 10 },
  vit_base_patch16_rope_mixed_224: { num_heads: 12, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_type: 'mixed', rope_temperature: 10 },
  vit_large_patch16_rope_mixed_224: { num_heads: 16, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_type: 'mixed', rope_temperature: 10 },
  vit_small_patch16_rope_ape_224: { num_heads: 6, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_temperature: 100, no_embed_class: true },
  vit_base_patch16_rope_ape_224: { num_heads: 12, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_temperature: 100, no_embed_class: true },
  vit_large_patch16_rope_ape_224: { num_heads: 16, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_temperature: 100, no_embed_class: true },
  vit_small_patch16_rope_mixed_ape_224: { num_heads: 6, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_type: 'mixed', rope_temperature: 10, no_embed_class: true },
  vit_base_patch16_rope_mixed_ape_224: { num_heads: 12, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_type: 'mixed', rope_temperature: 10, no_embed_class: true },
  vit_large_patch16_rope_mixed_ape_224: { num_heads: 16, use_rot_pos_emb: true, rope_grid_indexing: 'xy', global_pool: 'token', rope_type: 'mixed', rope_temperature: 10, no_embed_class: true },
  vit_tiny_patch16_dinov3_qkvb: { num_heads: 3, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5 },
  vit_small_patch16_dinov3: { num_heads: 6, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5 },
  vit_base_patch16_dinov3: { num_heads: 12, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5 },
  vit_large_patch16_dinov3: { num_heads: 16, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5 },
  vit_huge_plus_patch16_dinov3: { num_heads: 20, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5 },
  vit_7b_patch16_dinov3: { num_heads: 32, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5 },
  vit_base_patch16_lingbot: { num_heads: 12, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5, global_pool: 'token' },
  vit_giant_patch16_lingbot: { num_heads: 24, use_rot_pos_emb: true, rope_type: 'dinov3', dynamic_img_size: true, rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5, global_pool: 'token' },
}; // prettier-ignore

/** The sizes of patches and pictures that stand in the name itself. */
function sizesIn(name: string): Args {
  const number = (pattern: RegExp): number | undefined => Number(pattern.exec(name)?.[1]) || undefined;
  const dinov2 = name.endsWith('_dinov2') ? 518 : undefined;
  const [patch, image] = [number(/_patch(8|14|16|32)/), number(/_(\d\d\d)$/) ?? dinov2];
  return { ...(patch ? { patch_size: patch } : {}), ...(image ? { img_size: image } : {}) };
}

/** A ratio counts as far as it makes another network: timm prints it with few digits. */
function withWidth({ embed_dim, mlp_ratio, ...others }: Args): Args {
  return { ...others, embed_dim, ...(mlp_ratio ? { hidden: Math.round(Number(mlp_ratio) * Number(embed_dim)) } : {}) };
}

test('a name of timm stands for the arguments of its model function', () => {
  for (const [name, args] of Object.entries(VISION_TRANSFORMERS)) {
    assert.deepEqual(withWidth(variantArguments(name)), withWidth({ ...args, ...sizesIn(name) }), name);
    assert.deepEqual(evaArguments(name), {}, name);
  }
  for (const [name, args] of Object.entries(EVA)) assert.deepEqual(evaArguments(name), { ...args, ...sizesIn(name) }, name);
}); // prettier-ignore

test('the tag behind a name says nothing about the model, whatever words are in it', () => {
  for (const tag of ['.augreg_in21k_ft_in1k', '.my_gap_clip_dinov2_96', '.run_huge_384']) {
    assert.deepEqual(variantArguments(`vit_base_patch16_224${tag}`), variantArguments('vit_base_patch16_224'), tag);
    assert.deepEqual(variantArguments(`vit_small_patch14_dinov2${tag}`), variantArguments('vit_small_patch14_dinov2'));
    assert.deepEqual(evaArguments(`eva02_base_patch14_224${tag}`), evaArguments('eva02_base_patch14_224'), tag);
    assert.deepEqual(evaArguments(`vit_small_patch16_dinov3${tag}`), evaArguments('vit_small_patch16_dinov3'), tag);
  }
});

test('names that only hold such a name are none of them', () => {
  for (const name of ['my_vit_base_patch16_224', 'vitx_base_patch16_224', 'deit4_base_patch16_224', 'swin_base_patch4_window7_224', 'vit', 'vit_unheard_patch16_224'])
    assert.deepEqual(variantArguments(name), {}, name);
  for (const name of ['my_eva02_base_patch14_224', 'eva_large_patch14_196', 'vit_base_patch16_ropes_224', 'vit_base_patch16_224', 'beit_base_patch16_224', 'vit_base_dinov2', 'vit_peter_base'])
    assert.deepEqual(evaArguments(name), {}, name);
  // a size is the whole word
  assert.equal(variantArguments('vit_basement_patch16_224')['num_heads'], undefined);
  assert.deepEqual(variantArguments('vit_tiny'), { embed_dim: 192, depth: 12, num_heads: 3 });
  assert.equal(variantArguments('vit_small_patch16_36x1_224')['depth'], 36);
  assert.equal(variantArguments('vit_base_patch16_rope')['img_size'], undefined);
}); // prettier-ignore
