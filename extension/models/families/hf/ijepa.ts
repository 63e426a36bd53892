/** I-JEPA: a ViT without a class token, whose features are averaged. transformers/models/ijepa */
import { HALF } from '../../config/preprocessing';
import { beforeFive, VIT_KEYS } from './keys';
import { VIT, type HfModel } from './model';
import { verbatim } from '../../../errors/sentence';

export const ijepa: HfModel = {
  name: 'hf-ijepa',
  title: verbatim('Hugging Face I-JEPA'),
  types: ['ijepa'],
  towers: [],
  anchor: 'embeddings.patch_embeddings.projection.weight',
  defaults: VIT,
  layers: 'encoder.layer.{i}.',
  keys: VIT_KEYS,
  rename: beforeFive,
  ignored: [/^pooler\./, /^embeddings\.mask_token$/],
  prefix: () => ({ class: false, distillation: false, registers: 0 }),
  position: { table: 'embeddings.position_embeddings', covers: 'patches', resample: 'bicubic' },
  pool: () => 'avg',
  processor: { ...HALF, interpolation: 'bilinear', resizeTo: null, shorterSide: false },
};
