/** DINOv2 and DINOv2 with registers. transformers/models/dinov2, dinov2_with_registers */
import type { Block } from '../../../architecture/description';
import { MOST_RATIO } from '../../../architecture/limits';
import type { KeyTable } from '../../config/family';
import type { Fields } from '../../config/fields';
import { IMAGENET } from '../../config/preprocessing';
import { ATTENTION, beforeFive, EMBEDDINGS } from './keys';
import { BASE, CLASS_TOKEN, hiddenAct, type HfModel } from './model';
import { sentence, verbatim } from '../../../errors/sentence';

const DINOV2_KEYS: KeyTable = {
  ...EMBEDDINGS,
  ...ATTENTION,
  'blocks.{i}.norm1.*': [['encoder.layer.{i}.norm1.*']],
  'blocks.{i}.norm2.*': [['encoder.layer.{i}.norm2.*']],
  'blocks.{i}.ls1.gamma': [['encoder.layer.{i}.layer_scale1.lambda1']],
  'blocks.{i}.ls2.gamma': [['encoder.layer.{i}.layer_scale2.lambda1']],
  // the gate's half first; transformers 5 keeps the halves apart
  'blocks.{i}.mlp.fc1.*': [
    ['encoder.layer.{i}.mlp.fc1.*'],
    ['encoder.layer.{i}.mlp.weights_in.*'],
    ['encoder.layer.{i}.mlp.gate_proj.*', 'encoder.layer.{i}.mlp.up_proj.*'],
  ],
  'blocks.{i}.mlp.fc2.*': [
    ['encoder.layer.{i}.mlp.fc2.*'],
    ['encoder.layer.{i}.mlp.weights_out.*'],
    ['encoder.layer.{i}.mlp.down_proj.*'],
  ],
};

const DEFAULTS = { ...BASE, mlp_ratio: 4, hidden_act: 'gelu', layer_norm_eps: 1e-6, use_swiglu_ffn: false };
const PROCESSOR = { ...IMAGENET, interpolation: 'bicubic', resizeTo: 256, shorterSide: true } as const;

function block(config: Fields, dim: number): Partial<Block> {
  const hidden = Math.trunc(dim * (config.number('mlp_ratio', 0, MOST_RATIO) ?? 4));
  if (!config.flag('use_swiglu_ffn')) return { layerScale: true, mlpHidden: hidden, activation: hiddenAct(config) };
  // Dinov2SwiGLUFFN: two thirds of the width, up to a multiple of 8; both halves in one matrix.
  const gated = 2 * Math.floor((Math.trunc((hidden * 2) / 3) + 7) / 8) * 8;
  return { layerScale: true, mlpHidden: gated, mlp: 'swiglu', activation: 'silu' };
}

export const dinov2WithRegisters: HfModel = {
  name: 'hf-dinov2-registers',
  title: sentence('Hugging Face DINOv2 with registers'),
  types: ['dinov2_with_registers'],
  towers: [],
  anchor: 'embeddings.patch_embeddings.projection.weight',
  requires: /^embeddings\.register_tokens$/,
  defaults: { ...DEFAULTS, num_register_tokens: 4 },
  layers: 'encoder.layer.{i}.',
  keys: DINOV2_KEYS,
  rename: beforeFive,
  ignored: [/^embeddings\.mask_token$/],
  prefix: (config, { tensors }) => ({
    class: true,
    distillation: false,
    registers:
      tensors?.get('embeddings.register_tokens')?.shape.at(-2) ??
      config.size('num_register_tokens', 'registers', 0) ??
      4,
  }),
  position: { table: 'embeddings.position_embeddings', covers: 'class', resample: 'bicubic-antialias' },
  pool: (classifies) => (classifies ? 'class-avg' : 'token'),
  block,
  processor: PROCESSOR,
};

export const dinov2: HfModel = {
  name: 'hf-dinov2',
  title: verbatim('Hugging Face DINOv2'),
  types: ['dinov2'],
  towers: [],
  anchor: 'embeddings.patch_embeddings.projection.weight',
  requires: /\.layer_scale1\.lambda1$/,
  // Dinov2Config's own default; with registers it is 16
  defaults: { ...DEFAULTS, patch_size: 14 },
  layers: 'encoder.layer.{i}.',
  keys: DINOV2_KEYS,
  rename: beforeFive,
  ignored: [/^embeddings\.mask_token$/],
  prefix: CLASS_TOKEN,
  position: { table: 'embeddings.position_embeddings', covers: 'all', resample: 'bicubic' },
  pool: (classifies) => (classifies ? 'class-avg' : 'token'),
  block,
  processor: PROCESSOR,
};
