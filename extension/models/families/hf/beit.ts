/** BEiT, BEiT v2, DiT and data2vec-vision: a relative position bias, no bias for keys, mean pooling. transformers/models/beit, data2vec */
import type { RelativeBias } from '../../../architecture/description';
import type { KeyTable, Tensors } from '../../config/family';
import type { Fields } from '../../config/fields';
import { pick } from '../../config/infer';
import { HALF } from '../../config/preprocessing';
import { beforeFive, VIT_KEYS } from './keys';
import { CLASS_TOKEN, VIT, type HfModel } from './model';
import { verbatim } from '../../../errors/sentence';

// The first pattern that fits counts.
const KEYS: KeyTable = {
  'blocks.{i}.attn.qkv.bias': [
    [
      'encoder.layer.{i}.attention.attention.query.bias',
      { zeros: 'encoder.layer.{i}.attention.attention.query.bias' },
      'encoder.layer.{i}.attention.attention.value.bias',
    ],
  ],
  'blocks.{i}.ls1.gamma': [['encoder.layer.{i}.lambda_1']],
  'blocks.{i}.ls2.gamma': [['encoder.layer.{i}.lambda_2']],
  'rel_pos.table': [['encoder.relative_position_bias.relative_position_bias_table']],
  'blocks.{i}.attn.rel_pos.table': [
    ['encoder.layer.{i}.attention.attention.relative_position_bias.relative_position_bias_table'],
  ],
  'fc_norm.*': [['pooler.layernorm.*']],
  ...VIT_KEYS,
};
export const beit: HfModel = {
  name: 'hf-beit',
  title: verbatim('Hugging Face BEiT'),
  types: ['beit', 'data2vec-vision'],
  towers: [],
  anchor: 'embeddings.patch_embeddings.projection.weight',
  requires: /^encoder\.layer\.0\.lambda_1$|relative_position_bias_table$/,
  defaults: VIT,
  layers: 'encoder.layer.{i}.',
  keys: KEYS,
  rename: beforeFive,
  ignored: [/^embeddings\.mask_token$/, /relative_position_index$/, /^lm_head\./, /^layernorm\./, /^(decode|auxiliary)_head\./, /^fpn\d\./],
  prefix: CLASS_TOKEN,
  position: { table: 'embeddings.position_embeddings', covers: 'all', resample: 'bicubic' },
  pool: (_classifies, config) => ((config.flag('use_mean_pooling') ?? true) ? 'avg' : 'token'),
  block: (config) => ({ layerScale: (config.number('layer_scale_init_value') ?? 0.1) > 0 }),
  change: (plain, _classifies, config, { tensors }) => {
    const mean = plain.pool === 'avg';
    const pooled = tensors === null || tensors.has('pooler.layernorm.weight');
    const [rows, columns] = plain.position.kind === 'none' ? [14, 14] : plain.position.grid;
    return {
      position: config.flag('use_absolute_position_embeddings') ? plain.position : { kind: 'none' },
      relativeBias: biasOf(config, [rows, columns]),
      finalNorm: mean ? null : plain.finalNorm,
      fcNorm: mean && pooled ? plain.block.norm : null,
    };
  },
  shown,
  processor: { ...HALF, interpolation: 'bicubic', resizeTo: 256, shorterSide: false },
}; // prettier-ignore

function biasOf(config: Fields, [rows, columns]: [number, number]): RelativeBias | null {
  const own = config.flag('use_relative_position_bias') ?? false;
  const shared = config.flag('use_shared_relative_position_bias') ?? false;
  if (!own && !shared) return null;
  return {
    tables: own && shared ? 'both' : shared ? 'shared' : 'block',
    network: null,
    // transformers reads the table as columns by rows before it resamples it, which shows where the grid is not square.
    grid: [columns, rows],
    classEntries: true,
    resample: 'bilinear',
  };
}

function shown(tensors: Tensors): Record<string, unknown> {
  const table = pick(tensors, /relative_position_bias_table$/)?.shape[0];
  const side = table === undefined ? undefined : (Math.round(Math.sqrt(table - 3)) + 1) / 2;
  const patch = tensors.get('embeddings.patch_embeddings.projection.weight')?.shape[2] ?? 16;
  const absolute = tensors.has('embeddings.position_embeddings');
  return {
    ...(side !== undefined && !absolute ? { image_size: side * patch } : {}),
    use_absolute_position_embeddings: absolute,
    use_relative_position_bias: pick(tensors, /^encoder\.layer\.\d+\..*relative_position_bias_table$/) !== undefined,
    use_shared_relative_position_bias: tensors.has('encoder.relative_position_bias.relative_position_bias_table'),
    layer_scale_init_value: tensors.has('encoder.layer.0.lambda_1') ? 0.1 : 0,
    use_mean_pooling: tensors.has('pooler.layernorm.weight') || !tensors.has('layernorm.weight'),
  };
}
