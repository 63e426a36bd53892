/** ViT, the encoder of ViT-MAE, and ViT-MSN. transformers/models/vit, vit_mae */
import { HALF } from '../../config/preprocessing';
import { beforeFive, VIT_KEYS } from './keys';
import { CLASS_TOKEN, VIT, type HfModel } from './model';
import { verbatim } from '../../../errors/sentence';

export const vit: HfModel = {
  name: 'hf-vit',
  title: verbatim('Hugging Face ViT'),
  types: ['vit', 'vit_mae'],
  towers: [],
  anchor: 'embeddings.patch_embeddings.projection.weight',
  requires: /^embeddings\.cls_token$/,
  defaults: VIT,
  layers: 'encoder.layer.{i}.',
  keys: VIT_KEYS,
  rename: beforeFive,
  anyHead: true,
  ignored: [/^pooler\./, /^embeddings\.mask_token$/, /^decoder\./],
  prefix: CLASS_TOKEN,
  position: { table: 'embeddings.position_embeddings', covers: 'all', resample: 'bicubic' },
  pool: () => 'token',
  processor: { ...HALF, interpolation: 'bilinear', resizeTo: null, shorterSide: false },
};

/** The same layers; its configuration class has another epsilon. transformers/models/vit_msn */
export const vitMsn: HfModel = {
  ...vit,
  name: 'hf-vit-msn',
  title: verbatim('Hugging Face ViT-MSN'),
  types: ['vit_msn'],
  defaults: { ...VIT, layer_norm_eps: 1e-6 },
};
