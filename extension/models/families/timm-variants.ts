/**
 * What timm's architecture names stand for, for configs without model_args. Rows are applied in order, later ones win.
 * Source: the model functions of timm/models/vision_transformer.py and deit.py. Anything not told by name is read from the tensors.
 */
type Args = Record<string, unknown>;

const SIZES: [RegExp, Args][] = [
  [/_test_/, { embed_dim: 64, depth: 6, num_heads: 2, mlp_ratio: 3 }],
  [/_wee_/, { embed_dim: 256, depth: 14, num_heads: 4, mlp_ratio: 5 }],
  [/_pwee_/, { embed_dim: 256, depth: 16, num_heads: 4, mlp_ratio: 5 }],
  [/_little_/, { embed_dim: 320, depth: 14, num_heads: 5, mlp_ratio: 5.6 }],
  [/_tiny_/, { embed_dim: 192, depth: 12, num_heads: 3 }],
  [/_small_/, { embed_dim: 384, depth: 12, num_heads: 6 }],
  [/_medium_/, { embed_dim: 512, depth: 12, num_heads: 8 }],
  [/_betwixt_/, { embed_dim: 640, depth: 12, num_heads: 10 }],
  [/_mediumd_/, { embed_dim: 512, depth: 20, num_heads: 8 }],
  [/_base_/, { embed_dim: 768, depth: 12, num_heads: 12 }],
  [/_large_/, { embed_dim: 1024, depth: 24, num_heads: 16 }],
  [/_huge_/, { embed_dim: 1280, depth: 32, num_heads: 16 }],
  [/_giant_/, { embed_dim: 1408, depth: 40, num_heads: 16, mlp_ratio: 48 / 11 }],
  [/_gigantic_/, { embed_dim: 1664, depth: 48, num_heads: 16, mlp_ratio: 64 / 13 }],
  [/_so400m_/, { embed_dim: 1152, depth: 27, num_heads: 16, mlp_ratio: 3.7362 }],
];

const TRAITS: [RegExp, Args][] = [
  [/_clip_/, { pre_norm: true }],
  [/_clip_quickgelu_/, { pre_norm: true, act_layer: 'quick_gelu' }],
  [/^vit_\w+_plus_clip_/, { embed_dim: 896, num_heads: 14 }],
  [/_gap_/, { class_token: false, global_pool: 'avg', fc_norm: false }],
  [/_siglip_/, { class_token: false, global_pool: 'map' }],
  [/_siglip_gap_/, { class_token: false, global_pool: 'avg', fc_norm: false }],
  [/_so400m_\w*siglip_/, { act_layer: 'gelu_tanh', mlp_ratio: 4304 / 1152 }],
  [/_so400m_patch16_siglip_/, { act_layer: 'gelu_tanh', mlp_ratio: 3.7362 }],
  [/_siglip_\w+\.v2_webli/, { act_layer: 'gelu_tanh' }],
  [/_dinov2$|_dinov2\./, { init_values: 1e-5, img_size: 518, patch_size: 14 }],
  [/_reg(\d)_/, { no_embed_class: true }],
  [/_reg4_dinov2/, { init_values: 1e-5, img_size: 518, patch_size: 14, reg_tokens: 4, no_embed_class: true }],
  [/_giant_\w+dinov2/, { embed_dim: 1536, num_heads: 24, mlp_ratio: 2.66667 * 2, mlp_layer: 'SwiGLUPacked', act_layer: 'silu' }],
  [/^deit3_/, { no_embed_class: true, init_values: 1e-6 }],
  [/^deit_\w+_distilled_/, { distilled: true }],
]; // prettier-ignore

/** Arguments an architecture name implies; `known` is false when the name says nothing about the sizes. */
export function variantArguments(architecture: string): { known: boolean; args: Args } {
  const size = SIZES.find(([pattern]) => pattern.test(architecture));
  if (!size || !/^(vit|deit|deit3|flexivit)_/.test(architecture)) return { known: false, args: {} };
  const args: Args = { ...size[1] };
  const patch = /_patch(\d+)/.exec(architecture)?.[1];
  if (patch) args['patch_size'] = Number(patch);
  const image = /_(\d{2,4})(?:\.|$)/.exec(architecture)?.[1];
  if (image) args['img_size'] = Number(image);
  for (const [pattern, traits] of TRAITS) if (pattern.test(architecture)) Object.assign(args, traits);
  return { known: true, args };
}
