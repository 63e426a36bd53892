/** SigLIP's vision tower. transformers/models/siglip */
import { HALF } from '../preprocessing';
import { TOWER_IGNORED, TOWER_KEYS } from './keys';
import { VIT, type HfModel } from './model';

export const siglip: HfModel = {
  name: 'hf-siglip',
  title: 'Hugging Face SigLIP vision tower',
  types: ['siglip_vision_model'],
  towers: ['siglip'],
  anchor: 'embeddings.patch_embedding.weight',
  defaults: { ...VIT, hidden_act: 'gelu_pytorch_tanh', layer_norm_eps: 1e-6 },
  layers: 'encoder.layers.{i}.',
  keys: TOWER_KEYS,
  // SiglipForImageClassification keeps the pooling head's weights and pools without them.
  ignored: [...TOWER_IGNORED, /^head\./],
  prefix: () => ({ class: false, distillation: false, registers: 0 }),
  position: { table: 'embeddings.position_embedding.weight', covers: 'patches', resample: 'bicubic' },
  pool: (classifies, config) => (classifies || config.flag('vision_use_head') === false ? 'avg' : 'map'),
  processor: { ...HALF, interpolation: 'bicubic', resizeTo: null, shorterSide: false },
};
