/**
 * Perception Encoder in Meta's own names (core, lang, spatial): CLIP's names over the forward pass of timm's Eva.
 * https://github.com/facebookresearch/perception_models (core/vision_encoder/pe.py); the names are those of timm's _convert_pe.
 */
import type { Family, FamilyInput, Tensors } from '../../config/family';
import { ARGUMENTS, EVA_KEYS, timmEva } from './eva';
import { inferGrid } from '../../config/infer';
import { sentence } from '../../../errors/sentence';

/** The one published model whose heads are not 64 wide. */
const GIGANTIC = { dim: 1536, heads: 16 };
const POOL_HEADS = 8;

export const perception: Family = {
  ...timmEva,
  name: 'perception-encoder',
  title: sentence("Perception Encoder (Meta's own file)"),
  claims: (config) => /^PE-(core|lang|spatial)/i.test(config.word('architecture')),
  anchor: 'conv1.weight',
  rename,
  requires: (tensors) =>
    tensors.has('pos_embed') &&
    tensors.has('blocks.0.attn.qkv.weight') &&
    (tensors.has('attn_pool.latent') || (tensors.has('norm_pre.weight') && !tensors.has('norm.weight'))),
  architecture,
  // core/vision_encoder/transforms.py
  preprocessing: (_, { image }) => ({
    channels: image.channels,
    resize: { kind: 'exact', height: image.height, width: image.width },
    interpolation: 'bilinear',
    crop: null,
    rescale: 1 / 255,
    mean: Array.from({ length: image.channels }, () => 0.5),
    std: Array.from({ length: image.channels }, () => 0.5),
  }),
  keys: {
    ...EVA_KEYS,
    'attn_pool.q.*': [[{ key: 'attn_pool.qkv.*', thirds: [0, 1] }]],
    'attn_pool.kv.*': [[{ key: 'attn_pool.qkv.*', thirds: [1, 3] }]],
    'projection.weight': [[{ key: 'proj', axes: [1, 0] }]],
  },
  ignored: [/^(text|logit_scale|logit_bias|token_embedding|ln_final|text_projection|attn_mask)\b/, /^rope\./],
};

/** timm's names, as timm's own conversion has them; the fused Q, K and V of the pooling stay one tensor. */
function rename(name: string): string {
  if (name.startsWith('attn_pool.')) {
    return name
      .replace('.attn.in_proj_', '.qkv.')
      .replace('.attn.out_proj.', '.proj.')
      .replace('.layernorm.', '.norm.')
      .replace('.probe', '.latent')
      .replace('.c_fc.', '.fc1.')
      .replace('.c_proj.', '.fc2.');
  }
  return name
    .replace(/^conv1\./, 'patch_embed.proj.')
    .replace(/^class_embedding$/, 'cls_token')
    .replace(/^positional_embedding$/, 'pos_embed')
    .replace(/^ln_pre\./, 'norm_pre.')
    .replace(/^ln_post\./, 'norm.')
    .replace(/^transformer\.resblocks\./, 'blocks.')
    .replace(/^(blocks\.\d+\.)ln_([12])\./, '$1norm$2.')
    .replace(/^(blocks\.\d+\.)ls_([12])\.gamma$/, '$1gamma_$2')
    .replace(/^(blocks\.\d+\.)attn\.in_proj_/, '$1attn.qkv.')
    .replace(/^(blocks\.\d+\.)attn\.out_proj\./, '$1attn.proj.')
    .replace(/^(blocks\.\d+\.)mlp\.c_fc\./, '$1mlp.fc1.')
    .replace(/^(blocks\.\d+\.)mlp\.c_proj\./, '$1mlp.fc2.');
}

function architecture(input: FamilyInput): ReturnType<Family['architecture']> {
  const { config, tensors } = input;
  const args = config.modelArguments(ARGUMENTS, argumentsOf(tensors));
  const plain = timmEva.architecture({ ...input, config: config.with({ model_args: args.only(args.names()) }) });
  const length = tensors?.get('proj')?.shape.at(-1);
  return { ...plain, projection: length === undefined ? null : { length, bias: false, activation: null } };
}

/** Constructor arguments of timm's vit_pe_*, which the tensors tell apart. */
function argumentsOf(tensors: Tensors | null): Record<string, unknown> {
  const has = (name: string) => tensors?.has(name) ?? false;
  const dim = tensors?.get('patch_embed.proj.weight')?.shape[0];
  const classToken = has('cls_token');
  const table = tensors?.get('pos_embed')?.shape.at(-2);
  const grid = table === undefined ? undefined : inferGrid(table, [Number(classToken)]);
  return {
    use_rot_pos_emb: true,
    rope_grid_indexing: 'xy',
    rope_grid_offset: Number(classToken),
    norm_eps: 1e-5,
    ...(grid ? { ref_feat_shape: grid } : {}),
    ...(dim === GIGANTIC.dim ? { num_heads: GIGANTIC.heads } : {}),
    // without one, features are the mean of the patches, as timm has them
    global_pool: has('attn_pool.latent') ? 'map' : 'avg',
    use_fc_norm: false,
    use_post_transformer_norm: has('norm.weight'),
    attn_pool_num_heads: POOL_HEADS,
  };
}
