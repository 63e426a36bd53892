/** CLIP's vision tower. transformers/models/clip */
import { CLIP } from '../../config/preprocessing';
import { TOWER_IGNORED, TOWER_KEYS } from './keys';
import { CLASS_TOKEN, VIT, type HfModel } from './model';

export const clip: HfModel = {
  name: 'hf-clip',
  title: 'Hugging Face CLIP vision tower',
  types: ['clip_vision_model'],
  towers: ['clip'],
  anchor: 'embeddings.patch_embedding.weight',
  requires: /^pre_layrnorm\.weight$/,
  defaults: { ...VIT, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5, patch_size: 32 },
  layers: 'encoder.layers.{i}.',
  keys: TOWER_KEYS,
  // CLIPForImageClassification keeps post_layernorm and averages without it.
  ignored: [...TOWER_IGNORED, /^post_layernorm\./],
  prefix: CLASS_TOKEN,
  position: { table: 'embeddings.position_embedding.weight', covers: 'all', resample: 'bicubic' },
  pool: (classifies) => (classifies ? 'avg' : 'token'),
  processor: { ...CLIP, interpolation: 'bicubic', resizeTo: 224, shorterSide: true },
  change: ({ tokenizer, finalNorm, block }, classifies) => ({
    tokenizer: { ...tokenizer, bias: false },
    preNorm: block.norm,
    // CLIPForImageClassification averages tokens that have not been through post_layernorm.
    finalNorm: classifies ? null : finalNorm,
  }),
};
