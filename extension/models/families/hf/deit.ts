/** DeiT, with and without its teacher's head. transformers/models/deit */
import { IMAGENET } from '../../config/preprocessing';
import { beforeFive, VIT_KEYS } from './keys';
import { VIT, type HfModel } from './model';
import { verbatim } from '../../../errors/sentence';

export const deit: HfModel = {
  name: 'hf-deit',
  title: verbatim('Hugging Face DeiT'),
  types: ['deit'],
  towers: [],
  anchor: 'embeddings.patch_embeddings.projection.weight',
  requires: /^embeddings\.distillation_token$/,
  defaults: VIT,
  layers: 'encoder.layer.{i}.',
  keys: VIT_KEYS,
  rename: beforeFive,
  ignored: [/^pooler\./, /^embeddings\.mask_token$/, /^decoder\./],
  prefix: () => ({ class: true, distillation: true, registers: 0 }),
  position: { table: 'embeddings.position_embeddings', covers: 'all', resample: 'bicubic' },
  pool: (classifies, _config, { tensors, config }) =>
    classifies &&
    (tensors?.has('distillation_classifier.weight') ||
      /WithTeacher/.test(JSON.stringify(config.get('architectures') ?? '')))
      ? 'distilled'
      : 'token',
  processor: { ...IMAGENET, interpolation: 'bicubic', resizeTo: 256, shorterSide: false },
};
