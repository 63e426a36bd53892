/** AIMv2's vision tower: RMSNorm, SwiGLU, no class token, and a pooling whose query is a trained token. transformers/models/aimv2 */
import type { KeyTable } from '../../config/family';
import { rows } from '../../config/infer';
import { CLIP } from '../../config/preprocessing';
import { TOWER_IGNORED } from './keys';
import { BASE, type HfModel } from './model';
import { sentence } from '../../../errors/sentence';

const LAYER = 'encoder.layers.{i}.';

const KEYS: KeyTable = {
  'patch_embed.proj.*': [['embeddings.patch_embed.*']],
  'patch_embed.norm.*': [['embeddings.rms_norm.*']],
  pos_embed: [['embeddings.position_embedding.weight']],
  'blocks.{i}.norm1.*': [[`${LAYER}rms_norm1.*`]],
  'blocks.{i}.norm2.*': [[`${LAYER}rms_norm2.*`]],
  'blocks.{i}.attn.qkv.*': [[`${LAYER}attention.q_proj.*`, `${LAYER}attention.k_proj.*`, `${LAYER}attention.v_proj.*`]],
  'blocks.{i}.attn.proj.*': [[`${LAYER}attention.out_proj.*`]],
  'blocks.{i}.mlp.fc1.*': [[`${LAYER}ffn.gate_proj.*`, `${LAYER}ffn.up_proj.*`]],
  'blocks.{i}.mlp.fc2.*': [[`${LAYER}ffn.down_proj.*`]],
  'norm.*': [['rms_norm.*']],
  'attn_pool.latent': [['head.cls_token']],
  'attn_pool.kv.*': [['head.k_proj.*', 'head.v_proj.*']],
  'attn_pool.proj.*': [['head.output_proj.*']],
};

export const aimv2: HfModel = {
  name: 'hf-aimv2',
  title: sentence('{0} vision tower', 'Hugging Face AIMv2'),
  types: ['aimv2_vision_model'],
  towers: ['aimv2'],
  anchor: 'embeddings.patch_embed.weight',
  defaults: {
    ...BASE,
    hidden_size: 1024,
    intermediate_size: 2816,
    num_hidden_layers: 24,
    num_attention_heads: 8,
    patch_size: 14,
    hidden_act: 'silu',
    rms_norm_eps: 1e-5,
    qkv_bias: false,
  },
  epsField: 'rms_norm_eps',
  layers: LAYER,
  keys: KEYS,
  // what is left where a config says use_head false
  ignored: [...TOWER_IGNORED, /^head\./],
  prefix: () => ({ class: false, distillation: false, registers: 0 }),
  // transformers has no rule for another size; timm's for the same model is taken
  position: { table: 'embeddings.position_embedding.weight', covers: 'patches', resample: 'bicubic-antialias' },
  pool: (_, config, { tensors }) =>
    (config.flag('use_head') ?? true) && (!tensors || tensors.has('head.cls_token')) ? 'map' : 'avg',
  change: ({ tokenizer, block, position, mapPool, dim }, _, config) => {
    const norm = { kind: 'rms', eps: block.norm.eps } as const;
    const bias = config.flag('qkv_bias') ?? false;
    const hidden = 2 * (config.size('intermediate_size', 'hidden') ?? 4 * dim);
    return {
      tokenizer: { ...tokenizer, norm } as typeof tokenizer,
      block: {
        ...block,
        norm,
        qkvBias: bias,
        projBias: bias,
        mlp: 'swiglu',
        mlpHidden: hidden,
        mlpBias: config.flag('mlp_bias') ?? false,
      },
      finalNorm: norm,
      position:
        position.kind !== 'none' && config.flag('is_native') ? { ...position, kind: 'sinusoid-2d' as const } : position,
      mapPool: mapPool && { ...mapPool, query: false, kvBias: bias, mlpHidden: 0 },
    };
  },
  shown: (tensors) => {
    const hidden = rows(tensors, 'encoder.layers.0.ffn.gate_proj.weight');
    return {
      ...(hidden ? { intermediate_size: hidden } : {}),
      // every published one has heads 128 wide
      num_attention_heads: Math.max(1, Math.floor((rows(tensors, 'embeddings.patch_embed.weight') ?? 0) / 128)),
      mlp_bias: tensors.has('encoder.layers.0.ffn.down_proj.bias'),
      is_native: !tensors.has('embeddings.position_embedding.weight'),
    };
  },
  processor: { ...CLIP, interpolation: 'bicubic', resizeTo: 224, shorterSide: true },
};
