/** Vision towers that are CLIP's with a change or two: MLCD, OWL-ViT, BLIP. transformers/models/mlcd, owlvit, owlv2, blip */
import { CLIP } from '../../config/preprocessing';
import { TOWER_IGNORED, TOWER_KEYS } from './keys';
import { CLASS_TOKEN, VIT, type HfModel } from './model';
import { sentence } from '../../../errors/sentence';

const TOWER = {
  anchor: 'embeddings.patch_embedding.weight',
  layers: 'encoder.layers.{i}.',
  prefix: CLASS_TOKEN,
  pool: () => 'token',
  processor: { ...CLIP, interpolation: 'bicubic', resizeTo: null, shorterSide: false },
} satisfies Partial<HfModel>;

/** Rotary positions instead of a table; the class token has trained angles. */
export const mlcd: HfModel = {
  ...TOWER,
  name: 'hf-mlcd',
  title: sentence('{0} vision tower', 'Hugging Face MLCD'),
  types: ['mlcd_vision_model', 'mlcd'],
  towers: [],
  requires: /^class_pos_emb$/,
  defaults: {
    ...VIT,
    hidden_size: 1664,
    intermediate_size: 8192,
    num_hidden_layers: 48,
    num_attention_heads: 16,
    image_size: 336,
    patch_size: 14,
    layer_norm_eps: 1e-5,
  },
  keys: { ...TOWER_KEYS, 'rope.prefix': [['class_pos_emb']] },
  ignored: [...TOWER_IGNORED, /^vision_rotary_embedding\./],
  position: null,
  change: ({ tokenizer, block }, _classifies, config) => ({
    tokenizer: { ...tokenizer, bias: false },
    preNorm: block.norm,
    rotary: {
      frequencies: 'axial',
      theta: config.inner('rope_parameters').number('rope_theta') ?? 10000,
      first: 'row',
      coordinates: 'index',
      offset: 0,
      reference: null,
      pairs: 'halves',
      prefix: true,
    },
  }),
  processor: { ...CLIP, interpolation: 'bicubic', resizeTo: 224, shorterSide: true },
};

export const owlvit: HfModel = {
  ...TOWER,
  name: 'hf-owlvit',
  title: sentence('{0} vision tower', 'Hugging Face OWL-ViT'),
  types: ['owlvit_vision_model'],
  towers: ['owlvit'],
  requires: /^pre_layernorm\.weight$/,
  defaults: { ...VIT, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5, image_size: 768, patch_size: 32 },
  keys: { ...TOWER_KEYS, 'norm_pre.*': [['pre_layernorm.*']] },
  ignored: [...TOWER_IGNORED, /^(class_head|box_head|layer_norm|objectness_head)\./, /(^|\.)box_bias$/],
  position: { table: 'embeddings.position_embedding.weight', covers: 'all', resample: 'bicubic' },
  change: ({ tokenizer, block }) => ({ tokenizer: { ...tokenizer, bias: false }, preNorm: block.norm }),
};

/** The same layers; its configuration class has smaller patches. */
export const owlv2: HfModel = {
  ...owlvit,
  name: 'hf-owlv2',
  types: ['owlv2_vision_model'],
  towers: ['owlv2'],
  defaults: { ...owlvit.defaults, patch_size: 16 },
};

/** One fused matrix for Q, K and V, and the last norm applied to the pooled token once more. */
export const blip: HfModel = {
  ...TOWER,
  name: 'hf-blip',
  title: sentence('{0} vision tower', 'Hugging Face BLIP'),
  types: ['blip_vision_model'],
  towers: ['blip'],
  requires: /^encoder\.layers\.0\.self_attn\.qkv\.weight$/,
  defaults: { ...VIT, layer_norm_eps: 1e-5, image_size: 384 },
  keys: {
    ...TOWER_KEYS,
    pos_embed: [['embeddings.position_embedding']],
    'blocks.{i}.attn.qkv.*': [['encoder.layers.{i}.self_attn.qkv.*']],
    'blocks.{i}.attn.proj.*': [['encoder.layers.{i}.self_attn.projection.*']],
    'fc_norm.*': [['post_layernorm.*']],
  },
  ignored: [...TOWER_IGNORED, /^(text_encoder|text_decoder|vision_proj|text_proj|itm_head)\b/],
  position: { table: 'embeddings.position_embedding', covers: 'all', resample: 'bicubic' },
  change: ({ block }) => ({ fcNorm: block.norm }),
};
