/** Key names that several models of transformers share. */
import type { KeyTable } from '../../config/family';

/** ViT, DeiT and DINOv2 keep Q, K and V apart, two levels deep. */
export const ATTENTION: KeyTable = {
  'blocks.{i}.attn.qkv.*': [
    [
      'encoder.layer.{i}.attention.attention.query.*',
      'encoder.layer.{i}.attention.attention.key.*',
      'encoder.layer.{i}.attention.attention.value.*',
    ],
  ],
  'blocks.{i}.attn.proj.*': [['encoder.layer.{i}.attention.output.dense.*']],
};
export const EMBEDDINGS: KeyTable = {
  'patch_embed.proj.*': [['embeddings.patch_embeddings.projection.*']],
  cls_token: [['embeddings.cls_token']],
  dist_token: [['embeddings.distillation_token']],
  reg_token: [['embeddings.register_tokens']],
  pos_embed: [['embeddings.position_embeddings']],
  'norm.*': [['layernorm.*']],
  'head.*': [['classifier.*'], ['cls_classifier.*']],
  'head_dist.*': [['distillation_classifier.*']],
};
export const VIT_KEYS: KeyTable = {
  ...EMBEDDINGS,
  ...ATTENTION,
  'blocks.{i}.norm1.*': [['encoder.layer.{i}.layernorm_before.*']],
  'blocks.{i}.norm2.*': [['encoder.layer.{i}.layernorm_after.*']],
  'blocks.{i}.mlp.fc1.*': [['encoder.layer.{i}.intermediate.dense.*'], ['encoder.layer.{i}.mlp.fc1.*']],
  'blocks.{i}.mlp.fc2.*': [['encoder.layer.{i}.output.dense.*'], ['encoder.layer.{i}.mlp.fc2.*']],
};
/** transformers 5 names the same layers shorter: layers.{i}.attention.q_proj, o_proj, and what lies between them likewise. */
export const beforeFive = (name: string): string =>
  name
    .replace(/^layers\.(\d+)\.relative_position_bias\./, 'encoder.layer.$1.attention.attention.relative_position_bias.')
    .replace(/^shared_position_bias\./, 'encoder.relative_position_bias.')
    .replace(/^encoder\.interpolation\./, 'encoder.')
    .replace(/^(?:encoder\.)?layers?\.(\d+)\./, 'encoder.layer.$1.')
    .replace(
      /(\.\d+\.attention)\.(q|k|v)_proj\./,
      (_, at: string, part: 'q' | 'k' | 'v') => `${at}.attention.${PARTS[part]}.`,
    )
    .replace(/(\.\d+\.attention)\.(?:o|out)_proj\./, '$1.output.dense.');
const PARTS = { q: 'query', k: 'key', v: 'value' };

/** CLIP and SigLIP towers. */
export const TOWER_KEYS: KeyTable = {
  'patch_embed.proj.*': [['embeddings.patch_embedding.*']],
  cls_token: [['embeddings.class_embedding']],
  pos_embed: [['embeddings.position_embedding.weight']],
  'norm_pre.*': [['pre_layrnorm.*']],
  'norm.*': [['post_layernorm.*']],
  'blocks.{i}.norm1.*': [['encoder.layers.{i}.layer_norm1.*']],
  'blocks.{i}.norm2.*': [['encoder.layers.{i}.layer_norm2.*']],
  'blocks.{i}.attn.qkv.*': [
    [
      'encoder.layers.{i}.self_attn.q_proj.*',
      'encoder.layers.{i}.self_attn.k_proj.*',
      'encoder.layers.{i}.self_attn.v_proj.*',
    ],
  ],
  'blocks.{i}.attn.proj.*': [['encoder.layers.{i}.self_attn.out_proj.*']],
  'blocks.{i}.mlp.fc1.*': [['encoder.layers.{i}.mlp.fc1.*']],
  'blocks.{i}.mlp.fc2.*': [['encoder.layers.{i}.mlp.fc2.*']],
  'attn_pool.latent': [['head.probe']],
  'attn_pool.q.*': [[{ key: 'head.attention.in_proj_*', thirds: [0, 1] }]],
  'attn_pool.kv.*': [[{ key: 'head.attention.in_proj_*', thirds: [1, 3] }]],
  'attn_pool.proj.*': [['head.attention.out_proj.*']],
  'attn_pool.norm.*': [['head.layernorm.*']],
  'attn_pool.mlp.fc1.*': [['head.mlp.fc1.*']],
  'attn_pool.mlp.fc2.*': [['head.mlp.fc2.*']],
  'head.*': [['classifier.*']],
};
/** The other tower of a pair, and what only their comparison reads. */
export const TOWER_IGNORED = [
  /^text_model\./,
  /^(text_projection|visual_projection)\./,
  /^logit_(scale|bias)$/,
  /position_ids$/,
];
