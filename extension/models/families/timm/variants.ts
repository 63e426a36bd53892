/**
 * What timm's architecture names stand for, for configs without model_args. Rows are applied in order, later ones win.
 * Source: the model functions of timm/models/vision_transformer.py and deit.py. What the tensors show (biases, registers,
 * fc_norm, layer scale, ...) is not repeated here.
 */
type Args = Record<string, unknown>;

const SIZES: [RegExp, Args][] = [
  [/^test_vit2?$/, { embed_dim: 64, num_heads: 2, mlp_ratio: 3 }],
  [/^test_vit[34]$/, { embed_dim: 96, depth: 9, num_heads: 3 }],
  [/_wee_/, { embed_dim: 256, depth: 14, num_heads: 4, mlp_ratio: 5 }],
  [/_pwee_/, { embed_dim: 256, depth: 16, num_heads: 4, mlp_ratio: 5 }],
  [/_little_/, { embed_dim: 320, depth: 14, num_heads: 5, mlp_ratio: 5.6 }],
  [/_tiny(_|$)/, { embed_dim: 192, depth: 12, num_heads: 3 }],
  [/_xsmall_/, { embed_dim: 256, depth: 10, num_heads: 4 }],
  [/_small(_|$)/, { embed_dim: 384, depth: 12, num_heads: 6 }],
  [/_medium_/, { embed_dim: 512, depth: 12, num_heads: 8 }],
  [/_mediumd_/, { embed_dim: 512, depth: 20, num_heads: 8 }],
  [/_betwixt_/, { embed_dim: 640, depth: 12, num_heads: 10 }],
  [/_so150m_/, { embed_dim: 896, depth: 18, num_heads: 14, mlp_ratio: 2.572 }],
  [/_so150m2_/, { embed_dim: 832, depth: 21, num_heads: 13, mlp_ratio: 34 / 13 }],
  [/_base(_|$)/, { embed_dim: 768, depth: 12, num_heads: 12 }],
  [/_intern300m_/, { embed_dim: 1024, depth: 24, num_heads: 16, final_norm: false }],
  [/_large(_|$)/, { embed_dim: 1024, depth: 24, num_heads: 16 }],
  [/^aimv2_1b_/, { embed_dim: 2048, depth: 24, num_heads: 16 }],
  [/^aimv2_3b_/, { embed_dim: 3072, depth: 24, num_heads: 24 }],
  [/_so400m_/, { embed_dim: 1152, depth: 27, num_heads: 16, mlp_ratio: 3.7362 }],
  [/_huge_/, { embed_dim: 1280, depth: 32, num_heads: 16 }],
  [/_giant_/, { embed_dim: 1408, depth: 40, num_heads: 16, mlp_ratio: 48 / 11 }],
  [/_giantopt_/, { embed_dim: 1536, depth: 40, num_heads: 16 }],
  [/_gigantic_/, { embed_dim: 1664, depth: 48, num_heads: 16, mlp_ratio: 64 / 13 }],
];

const SWIGLU = { embed_dim: 1536, num_heads: 24, mlp_ratio: 2.66667 * 2, mlp_layer: 'SwiGLUPacked', act_layer: 'silu' };

const TRAITS: [RegExp, Args][] = [
  [/_patch\d+_plus_/, { embed_dim: 896, num_heads: 14 }],
  // The CLIP towers keep torch's eps; norm_eps is this program's name for partial(LayerNorm, eps=1e-5).
  [/_clip_/, { pre_norm: true, norm_eps: 1e-5 }],
  [/_clip_quickgelu_/, { act_layer: 'quick_gelu' }],
  [/^beit3_/, { norm_eps: 1e-5, global_pool: 'avg' }],
  [/_gap_/, { class_token: false, global_pool: 'avg' }],
  [/^vit_base_patch16_gap_224/, { num_heads: 16 }],
  [/_map_/, { class_token: false, global_pool: 'map' }],
  [/_siglip_/, { class_token: false, global_pool: 'map' }],
  [/_siglip_gap_/, { global_pool: 'avg', fc_norm: false }],
  [/_patch32_siglip_|_(so400m|giantopt)_patch16_siglip_|_large_patch16_siglip_(gap_)?512/, { act_layer: 'gelu_tanh' }],
  [/_giant_\w*(dinov2|tipsv2)/, SWIGLU],
  [/_dinov2$/, { img_size: 518 }],
  [/_rpn_/, { block_fn: 'ResPostBlock', class_token: false, global_pool: 'avg' }],
  [/_36x1_/, { depth: 36 }],
  [/_18x2_/, { depth: 18, block_fn: 'ParallelThingsBlock' }],
  [/^deit_\w+_distilled_/, { distilled: true }],
  [/^test_vit$/, { depth: 6 }],
  [/^test_vit2$/, { depth: 8 }],
  [/^test_vit3$/, { mlp_ratio: 2, pool_include_prefix: true }],
  [/^test_vit4$/, { mlp_ratio: 3 }],
  [
    /^aimv2_/,
    {
      class_token: false,
      fc_norm: false,
      global_pool: 'avg',
      qkv_bias: false,
      proj_bias: false,
      norm_layer: 'rmsnorm',
      norm_eps: 1e-5,
      mlp_layer: 'SwiGLU',
      act_layer: 'silu',
    },
  ],
  [/^aimv2_large_/, { num_heads: 8 }],
  [/^aimv2_huge_/, { embed_dim: 1536, depth: 24, num_heads: 12 }],
  [/^eva_large_/, { global_pool: 'avg' }],
];

/** Arguments an architecture name implies; none when the name is not one of timm's plain Vision Transformers. */
export function variantArguments(architecture: string): Args {
  // the tag behind the name says what it was trained on
  const name = architecture.replace(/\..*/, '');
  const size = SIZES.find(([pattern]) => pattern.test(name));
  if (!size || !/^(vit|deit|deit3|flexivit|test_vit\d?|eva_large|beit3|aimv2)(_|$)/.test(name)) return {};
  const args: Args = { ...size[1] };
  const patch = /_patch(\d+)/.exec(name)?.[1];
  if (patch) args['patch_size'] = Number(patch);
  const image = /_(\d{2,4})$/.exec(name)?.[1];
  if (image) args['img_size'] = Number(image);
  for (const [pattern, traits] of TRAITS) if (pattern.test(name)) Object.assign(args, traits);
  return args;
}
