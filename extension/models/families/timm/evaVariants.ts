/**
 * What timm's architecture names stand for, for models of its class Eva. Rows are applied in order, later ones win.
 * Source: the model functions of timm/models/eva.py. What the tensors show (token length, depth, biases, norms, gates, the class token) is not repeated here.
 */
type Args = Record<string, unknown>;

/** EVA, EVA-02 and their CLIP towers, Perception Encoder, RoPE-ViT, DINOv3, LingBot-Vision: all of timm/models/eva.py. */
export const EVA_NAMES = /^(eva_giant|eva02)_|^vit_\w*_(rope|dinov3|lingbot|pe)(_|$|\.)|^vit_(pe|dinov3)_/i;

const HEADS: [RegExp, number][] = [
  [/_giant_\w*_lingbot$/, 24],
  [/_tiny_/, 3],
  [/_small_/, 6],
  [/_medium_|_mediumd_/, 8],
  [/_betwixt_/, 10],
  [/_base_/, 12],
  [/_large_|_giant_|_enormous_|_gigantic_/, 16],
  [/_huge_/, 20],
  [/_7b_/, 32],
];

const ROTARY = { use_rot_pos_emb: true };
const ROPE_VIT = { ...ROTARY, rope_grid_indexing: 'xy', global_pool: 'token' };

const TRAITS: [RegExp, Args][] = [
  [/^eva02_(?!enormous_)/, { ...ROTARY, ref_feat_shape: [16, 16] }],
  [/^eva02_enormous_/, { use_post_norm: true }],
  [/^eva(02)?_\w+_clip_/, { global_pool: 'token' }],
  [/^vit_\w+_rope_reg\d_gap_/, { ...ROTARY, ref_feat_shape: [16, 16] }],
  [/^vit_\w+_rope_(ape_)?\d+$/, { ...ROPE_VIT, rope_temperature: 100 }],
  [/^vit_\w+_rope_mixed_(ape_)?\d+$/, { ...ROPE_VIT, rope_type: 'mixed', rope_temperature: 10 }],
  [/^vit_\w+_rope_(mixed_)?ape_/, { no_embed_class: true }],
  [/^vit_pe_/, { ...ROTARY, rope_grid_offset: 1, rope_grid_indexing: 'xy', norm_eps: 1e-5 }],
  [/^vit_pe_core_/, { global_pool: 'map', attn_pool_num_heads: 8 }],
  [/^vit_pe_(lang|spatial)_/, { use_post_transformer_norm: false, use_fc_norm: false, ref_feat_shape: [32, 32] }],
  [/^vit_pe_core_(tiny|small|large)_/, { ref_feat_shape: [24, 24] }],
  [/^vit_pe_core_base_/, { ref_feat_shape: [14, 14] }],
  [/^vit_pe_\w+_gigantic_/, { ref_feat_shape: [32, 32], rope_grid_offset: 0 }],
  [/_(dinov3|lingbot)(_|$)/, { ...ROTARY, rope_type: 'dinov3', rope_temperature: 100, rope_rotate_half: true, use_fc_norm: false, norm_eps: 1e-5, dynamic_img_size: true }],
  [/_lingbot$/, { global_pool: 'token' }],
]; // prettier-ignore

/** Arguments an architecture name implies; none when the name is not one of timm's Eva models. */
export function evaArguments(architecture: string): Args {
  const name = architecture.replace(/\..*/, '').toLowerCase();
  if (!EVA_NAMES.test(name)) return {};
  const heads = HEADS.find(([pattern]) => pattern.test(name))?.[1];
  const args: Args = heads === undefined ? {} : { num_heads: heads };
  const patch = /_patch(\d+)/.exec(name)?.[1];
  if (patch) args['patch_size'] = Number(patch);
  const image = /_(\d{2,4})$/.exec(name)?.[1];
  if (image) args['img_size'] = Number(image);
  for (const [pattern, traits] of TRAITS) if (pattern.test(name)) Object.assign(args, traits);
  return args;
}
