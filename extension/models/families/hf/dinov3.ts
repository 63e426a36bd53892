/** DINOv3 ViT: rotary positions from patch centres, register tokens, layer scale, a gated MLP in the larger ones. transformers/models/dinov3_vit; timm's and the official files: timm/eva.ts */
import type { Block, Rotary } from '../../../architecture/description';
import type { KeyTable } from '../../config/family';
import type { Fields } from '../../config/fields';
import { IMAGENET } from '../../config/preprocessing';
import { BASE, hiddenAct, type HfModel } from './model';
import { verbatim } from '../../../errors/sentence';

const KEYS: KeyTable = {
  'patch_embed.proj.*': [['embeddings.patch_embeddings.*']],
  cls_token: [['embeddings.cls_token']],
  reg_token: [['embeddings.register_tokens']],
  'blocks.{i}.norm1.*': [['layer.{i}.norm1.*']],
  'blocks.{i}.norm2.*': [['layer.{i}.norm2.*']],
  'blocks.{i}.attn.qkv.*': [
    ['layer.{i}.attention.q_proj.*', 'layer.{i}.attention.k_proj.*', 'layer.{i}.attention.v_proj.*'],
    ['layer.{i}.attention.q_proj.*', { zeros: 'layer.{i}.attention.q_proj.*' }, 'layer.{i}.attention.v_proj.*'],
  ],
  'blocks.{i}.attn.proj.*': [['layer.{i}.attention.o_proj.*']],
  'blocks.{i}.ls1.gamma': [['layer.{i}.layer_scale1.lambda1']],
  'blocks.{i}.ls2.gamma': [['layer.{i}.layer_scale2.lambda1']],
  'blocks.{i}.mlp.fc1.*': [['layer.{i}.mlp.gate_proj.*', 'layer.{i}.mlp.up_proj.*'], ['layer.{i}.mlp.up_proj.*']],
  'blocks.{i}.mlp.fc2.*': [['layer.{i}.mlp.down_proj.*']],
  'head.*': [['classifier.*']],
};

/** Of the published models. */
export const ROTARY: Rotary = {
  frequencies: 'axial',
  theta: 100,
  first: 'row',
  coordinates: 'centre',
  offset: 0,
  reference: null,
  pairs: 'halves',
  prefix: false,
};

export const dinov3: HfModel = {
  name: 'hf-dinov3',
  title: verbatim('Hugging Face DINOv3'),
  types: ['dinov3_vit'],
  towers: [],
  anchor: 'embeddings.patch_embeddings.weight',
  defaults: {
    ...BASE,
    hidden_size: 384,
    intermediate_size: 1536,
    num_attention_heads: 6,
    hidden_act: 'gelu',
    layer_norm_eps: 1e-5,
    rope_theta: 100,
  },
  layers: 'layer.{i}.',
  keys: KEYS,
  // transformers 5 has its blocks in a module of their own
  rename: (name) => name.replace(/^(?:model|encoder)\.layer\./, 'layer.'),
  ignored: [/^embeddings\.mask_token$/, /^rope_embeddings\./],
  prefix: (config, { tensors }) => ({
    class: true,
    distillation: false,
    registers:
      tensors?.get('embeddings.register_tokens')?.shape.at(-2) ??
      config.size('num_register_tokens', 'registers', 0) ??
      0,
  }),
  position: null,
  pool: () => 'token',
  block,
  change: (_plain, _classifies, config) => ({
    rotary: {
      ...ROTARY,
      theta: config.inner('rope_parameters').number('rope_theta') ?? config.number('rope_theta') ?? ROTARY.theta,
    },
  }),
  shown: (tensors) => ({
    intermediate_size: tensors.get('layer.0.mlp.up_proj.weight')?.shape[0] ?? 1536,
    use_gated_mlp: tensors.has('layer.0.mlp.gate_proj.weight'),
    mlp_bias: tensors.has('layer.0.mlp.up_proj.bias'),
    proj_bias: tensors.has('layer.0.attention.o_proj.bias'),
    hidden_act: tensors.has('layer.0.mlp.gate_proj.weight') ? 'silu' : 'gelu',
  }),
  processor: { ...IMAGENET, interpolation: 'bilinear', resizeTo: null, shorterSide: false },
};

function block(config: Fields, dim: number): Partial<Block> {
  const gated = config.flag('use_gated_mlp') ?? false;
  const hidden = config.size('intermediate_size', 'hidden') ?? 4 * dim;
  return {
    layerScale: true,
    qkvBias: config.flag('query_bias') ?? config.flag('qkv_bias') ?? true,
    projBias: config.flag('proj_bias') ?? true,
    mlpBias: config.flag('mlp_bias') ?? true,
    mlpHidden: gated ? 2 * hidden : hidden,
    mlp: gated ? 'swiglu' : 'mlp',
    activation: hiddenAct(config),
  };
}
