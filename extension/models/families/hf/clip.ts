/** CLIP's vision tower, and those that are the same under another model_type. transformers/models/clip, chinese_clip, altclip, metaclip_2, clipseg */
import { rows } from '../../config/infer';
import { CLIP } from '../../config/preprocessing';
import { TOWER_IGNORED, TOWER_KEYS } from './keys';
import { CLASS_TOKEN, VIT, type HfModel } from './model';
import { sentence } from '../../../errors/sentence';

export const clip: HfModel = {
  name: 'hf-clip',
  title: sentence('{0} vision tower', 'Hugging Face CLIP'),
  types: [
    'clip_vision_model',
    'chinese_clip_vision_model',
    'altclip_vision_model',
    'metaclip_2_vision_model',
    'clipseg_vision_model',
  ],
  towers: ['clip', 'chinese_clip', 'altclip', 'metaclip_2', 'clipseg'],
  anchor: 'embeddings.patch_embedding.weight',
  requires: /^pre_layrnorm\.weight$/,
  defaults: { ...VIT, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5, patch_size: 32 },
  layers: 'encoder.layers.{i}.',
  keys: { ...TOWER_KEYS, 'projection.weight': [['visual_projection.weight']] },
  // CLIPForImageClassification keeps post_layernorm and averages without it.
  ignored: [...TOWER_IGNORED, /^post_layernorm\./],
  prefix: CLASS_TOKEN,
  position: { table: 'embeddings.position_embedding.weight', covers: 'all', resample: 'bicubic' },
  pool: (classifies) => (classifies ? 'avg' : 'token'),
  processor: { ...CLIP, interpolation: 'bicubic', resizeTo: 224, shorterSide: true },
  change: ({ tokenizer, finalNorm, block }, classifies, _config, { config, tensors }) => {
    // The class whose answer is the embedding in the space of texts; the others answer with the pooled token.
    const projects = /VisionModelWithProjection/.test(JSON.stringify(config.get('architectures') ?? ''));
    const length = projects ? rows(tensors, 'visual_projection.weight') : undefined;
    return {
      tokenizer: { ...tokenizer, bias: false },
      preNorm: block.norm,
      // CLIPForImageClassification averages tokens that have not been through post_layernorm.
      finalNorm: classifies ? null : finalNorm,
      projection: length === undefined ? null : { length, bias: false, activation: null },
    };
  },
};
