/**
 * timm's class Eva: EVA, EVA-02 and their CLIP towers, Perception Encoder, RoPE-ViT and DINOv3, and the official files of those that
 * have the same tensors (DINOv3's storage tokens, open_clip's EVA towers). https://github.com/huggingface/pytorch-image-models (timm/models/eva.py)
 */
import type { Architecture, Block, Rotary } from '../../../architecture/description';
import { plainArchitecture, plainBlock } from '../../../architecture/plain';
import { ConfigError } from '../../../errors/configError';
import { NAMED_ACTIVATIONS } from '../../../architecture/activations';
import type { Family, FamilyInput, KeyTable } from '../../config/family';
import type { Fields } from '../../config/fields';
import { assumeHeads } from '../../config/heads';
import { commonSize, depthOf, divide, gridOfRows, inferGrid, pick, rows } from '../../config/infer';
import { timmPreprocessing } from '../../config/preprocessing';
import { projectionOf } from './projection';
import { refusePadding, timmImageSize } from './inputSize';
import { withoutNamesNorm } from './norms';
import { EVA_NAMES, evaArguments } from './evaVariants';
import { sentence, verbatim } from '../../../errors/sentence';

const POOLS = { '': 'none', token: 'token', avg: 'avg', avgmax: 'avgmax', max: 'max', map: 'map' } as const;

/** Of the constructor's arguments, those that shape the forward pass. */
export const ARGUMENTS = [
  'img_size',
  'dynamic_img_size',
  'dynamic_img_pad',
  'num_classes',
  'patch_size',
  'in_chans',
  'global_pool',
  'embed_dim',
  'depth',
  'num_heads',
  'no_embed_class',
  'use_rot_pos_emb',
  'rope_type',
  'rope_grid_offset',
  'rope_grid_indexing',
  'rope_temperature',
  'rope_rotate_half',
  'use_post_norm',
  'use_fc_norm',
  'use_post_transformer_norm',
  'attn_pool_num_heads',
  'ref_feat_shape',
  'act_layer',
  'norm_eps',
  'norm_layer',
];

export const EVA_KEYS: KeyTable = {
  reg_token: [['reg_token'], ['storage_tokens']],
  'blocks.{i}.attn.qkv.weight': [
    ['blocks.{i}.attn.qkv.weight'],
    ['blocks.{i}.attn.q_proj.weight', 'blocks.{i}.attn.k_proj.weight', 'blocks.{i}.attn.v_proj.weight'],
  ],
  'blocks.{i}.attn.qkv.bias': [
    ['blocks.{i}.attn.q_bias', { zeros: 'blocks.{i}.attn.q_bias' }, 'blocks.{i}.attn.v_bias'],
    ['blocks.{i}.attn.q_proj.bias', 'blocks.{i}.attn.k_proj.bias', 'blocks.{i}.attn.v_proj.bias'],
    ['blocks.{i}.attn.q_proj.bias', { zeros: 'blocks.{i}.attn.q_proj.bias' }, 'blocks.{i}.attn.v_proj.bias'],
    // DINOv3's own files keep a bias for K and a mask that takes it out.
    [
      { key: 'blocks.{i}.attn.qkv.bias', thirds: [0, 1] },
      { zeros: 'blocks.{i}.attn.qkv.bias_mask', thirds: [1, 2] },
      { key: 'blocks.{i}.attn.qkv.bias', thirds: [2, 3] },
    ],
    ['blocks.{i}.attn.qkv.bias'],
  ],
  'blocks.{i}.attn.norm.*': [['blocks.{i}.attn.norm.*'], ['blocks.{i}.attn.inner_attn_ln.*']],
  'blocks.{i}.ls1.gamma': [['blocks.{i}.gamma_1'], ['blocks.{i}.ls1.gamma']],
  'blocks.{i}.ls2.gamma': [['blocks.{i}.gamma_2'], ['blocks.{i}.ls2.gamma']],
  'blocks.{i}.mlp.fc1.*': [
    ['blocks.{i}.mlp.fc1.*'],
    ['blocks.{i}.mlp.fc1_g.*', 'blocks.{i}.mlp.fc1_x.*'],
    ['blocks.{i}.mlp.w12.*'],
    ['blocks.{i}.mlp.w1.*', 'blocks.{i}.mlp.w2.*'],
  ],
  'blocks.{i}.mlp.norm.*': [['blocks.{i}.mlp.norm.*'], ['blocks.{i}.mlp.ffn_ln.*']],
  'blocks.{i}.mlp.fc2.*': [['blocks.{i}.mlp.fc2.*'], ['blocks.{i}.mlp.w3.*']],
};

export const timmEva: Family = {
  name: 'timm-eva',
  title: verbatim('timm Eva'),
  claims: (config) => EVA_NAMES.test(config.word('architecture')),
  anchor: 'patch_embed.proj.weight',
  anyHead: true,
  requires: /^blocks\.0\.(gamma_1|attn\.(q_bias|q_proj\.weight))$|^rope(_embed)?\.|^storage_tokens$/,
  architecture,
  preprocessing: ({ config, findings }, { image }) => timmPreprocessing(config, image, findings),
  keys: { ...EVA_KEYS, 'projection.*': [['head.*']] },
  ignored: [
    /^mask_token$/,
    /^rope(_embed)?\.(?!freqs$)/,
    /\.attn\.rope\./,
    /\.bias_mask$/,
    /\.k_bias$/,
    /^lm_head\./,
    /^local_cls_norm\./,
    /^projectors\./,
    /^(text|logit_scale)\b/,
  ],
  noWeightDecay: ['pos_embed', 'cls_token', 'reg_token'],
};

function architecture(input: FamilyInput): Architecture {
  const { config, tensors } = input;
  const has = (pattern: RegExp) => pick(tensors, pattern) !== undefined;
  const named = { ...evaArguments(config.word('architecture')), ...impliedBy(input) };
  const args = config.modelArguments(ARGUMENTS, withoutNamesNorm(config, named));

  const proj = tensors?.get('patch_embed.proj.weight');
  const dim = proj?.shape[0] ?? args.size('embed_dim', 'dim') ?? 768;
  const square = args.pair('patch_size') ?? [16, 16];
  const patch: [number, number] = proj?.shape.length === 4 ? [proj.shape[2] ?? 16, proj.shape[3] ?? 16] : square;
  const registers = (tensors?.get('reg_token') ?? tensors?.get('storage_tokens'))?.shape.at(-2) ?? 0;
  const prefix = { class: tensors?.has('cls_token') ?? true, distillation: false, registers };
  const prefixes = Number(prefix.class) + registers;
  const table = tensors?.get('pos_embed')?.shape.at(-2);
  const bare = args.flag('no_embed_class') ?? false;
  const covered = bare ? 0 : prefixes;
  const guess = table === undefined ? undefined : inferGrid(table, [covered]);
  const size = timmImageSize(config, args, patch, guess);
  refusePadding(args, config, size, patch);
  const grid: [number, number] = [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])];

  const block = blockOf(input, args, dim);
  const pool = args.oneOf('global_pool', POOLS) ?? config.oneOf('global_pool', POOLS) ?? 'avg';
  const fcNorm = args.flag('use_fc_norm') ?? pool === 'avg';
  const finalNorm = args.flag('use_post_transformer_norm') ?? !fcNorm;
  const shown = tensors !== null && has(/^(fc_)?norm\.weight$/) && !args.has('use_fc_norm');
  const useFcNorm = shown ? has(/^fc_norm\.weight$/) : fcNorm;
  const headless = tensors !== null && (!tensors.has('head.weight') || args.get('num_classes') === 0);
  return plainArchitecture({
    image: { channels: proj?.shape[1] ?? args.size('in_chans', 'channels') ?? 3, height: size[0], width: size[1] },
    tokenizer: { kind: 'patch', patch, bias: tensors?.has('patch_embed.proj.bias') ?? true, norm: null },
    dim,
    depth: args.size('depth', 'depth') ?? depthOf(tensors, 'blocks.{i}.') ?? 12,
    block,
    prefix,
    position:
      table === undefined
        ? { kind: 'none' }
        : {
            kind: 'learned',
            covers: bare ? 'patches' : 'all',
            grid: gridOfRows(table, covered, grid),
            resample: 'bicubic-antialias',
          },
    rotary: rotaryOf(args, config),
    preNorm: has(/^norm_pre\.weight$/) ? block.norm : null,
    finalNorm: shown ? (has(/^norm\.weight$/) ? block.norm : null) : finalNorm ? block.norm : null,
    pool,
    // Eva's attention pooling reads every token.
    poolIncludesPrefix: pool === 'map',
    fcNorm: useFcNorm ? block.norm : null,
    mapPool: pool === 'map' ? mapPoolOf(input, args, block, dim) : null,
    projection: projectionOf(config, tensors),
    classes: headless ? 0 : (rows(tensors, 'head.weight') ?? config.size('num_classes', 'classes', 0) ?? 0),
    headBias: tensors?.has('head.bias') ?? true,
  });
}

/** Without a name: what only one published family has. */
function impliedBy({ config, tensors, findings }: FamilyInput): Record<string, unknown> {
  if (!tensors || config.has('architecture') || config.has('model_args')) return {};
  const assume = (architecture: string, title: string) => {
    findings.push({
      severity: 'warning',
      code: 'assumed-rotary',
      ...sentence('Nothing says how positions turn queries and keys; the file looks like {0}, so its rotary positions are assumed.', title),
      subject: 'architecture',
    });
    const { num_heads: _heads, patch_size: _patch, img_size: _size, ...args } = evaArguments(architecture);
    return args;
  };
  // where it has a table of positions, too, the class token is not in it
  if (tensors.has('rope.freqs')) return { ...assume('vit_base_patch16_rope_mixed_224', 'a RoPE-ViT with mixed frequencies'), no_embed_class: true };
  if (tensors.has('storage_tokens') || tensors.has('rope_embed.periods') || (tensors.has('reg_token') && tensors.has('cls_token')))
    return { ...assume('vit_base_patch16_dinov3', 'a DINOv3'), global_pool: 'token' };
  const [first, second] = ['fc1', 'fc2'].map((layer) => tensors.get(`blocks.0.mlp.${layer}.weight`)?.shape);
  // the small ones hold both halves of a gated layer in one matrix
  if (first && second && first[0] === 2 * (second[1] ?? 0)) return assume('eva02_small_patch14_224', 'an EVA-02');
  const eva02 = [...tensors.keys()].some((name) => /\.mlp\.(fc1_g|w1)\.weight$/.test(name));
  if (eva02 && tensors.has('pos_embed')) {
    const clip = [...tensors.keys()].some((name) => /\.attn\.(norm|inner_attn_ln)\.weight$/.test(name));
    return assume(clip ? 'eva02_base_patch16_clip_224' : 'eva02_base_patch14_224', clip ? 'an EVA-02 CLIP tower' : 'an EVA-02');
  }
  if (tensors.has('pos_embed') && tensors.has('blocks.0.attn.q_bias')) return {};
  throw new ConfigError('config', config.source, sentence('nothing in the tensors says how positions turn queries and keys; a config.json with timm\'s "architecture" is needed'), 'architecture');
} // prettier-ignore

function rotaryOf(args: Fields, config: Fields): Rotary | null {
  if (!args.flag('use_rot_pos_emb')) return null;
  const types = { cat: 'cat', base: 'cat', mixed: 'mixed', dinov3: 'dinov3' } as const;
  const type = args.oneOf('rope_type', types) ?? 'cat';
  const halves = args.flag('rope_rotate_half') ?? false;
  if (halves !== (type === 'dinov3')) {
    throw new ConfigError(
      'unsupported',
      config.source,
      sentence(
        'rope_rotate_half {0} with rope_type {1} is not supported; export the model to .onnx',
        `${halves}`,
        type,
      ),
      'rope_rotate_half',
    );
  }
  const first = args.oneOf('rope_grid_indexing', { ij: 'row', xy: 'column' } as const) ?? 'row';
  return {
    frequencies: type === 'mixed' ? 'mixed' : 'axial',
    theta: args.number('rope_temperature') ?? 10000,
    // DINOv3's coordinates are rows, then columns, however the grid is indexed.
    first: type === 'dinov3' ? 'row' : first,
    coordinates: type === 'dinov3' ? 'centre' : 'index',
    offset: type === 'cat' ? (args.number('rope_grid_offset') ?? 0) : 0,
    reference: type === 'cat' ? (args.pair('ref_feat_shape') ?? null) : null,
    pairs: halves ? 'halves' : 'neighbours',
    prefix: false,
  };
}

function blockOf({ config, tensors, findings }: FamilyInput, args: Fields, dim: number): Block {
  const has = (pattern: RegExp) => pick(tensors, pattern) !== undefined;
  const heads = args.size('num_heads', 'heads') ?? assumeHeads(dim, findings);
  divide(config, dim, heads);
  const inner = commonSize(tensors, /^blocks\..*\.mlp\.(fc2|w3)\.weight$/, 1) ?? 4 * dim;
  const outer = commonSize(tensors, /^blocks\..*\.mlp\.(fc1|w12)\.weight$/, 0) ?? 2 * inner;
  const gated = outer === 2 * inner;
  const eps = args.number('norm_eps') ?? 1e-6;
  const norm = { kind: 'layer', eps } as const;
  return plainBlock(dim, heads, outer, eps, {
    qkvBias: has(/\.attn\.(qkv\.bias|q_bias|q_proj\.bias)$/),
    projBias: has(/\.attn\.proj\.bias$/),
    attnNorm: has(/\.attn\.(norm|inner_attn_ln)\.weight$/) ? norm : null,
    order: args.flag('use_post_norm') ? 'res-post' : 'pre',
    layerScale: has(/\.(gamma_1|ls1\.gamma)$/),
    mlp: gated ? 'swiglu' : 'mlp',
    mlpBias: has(/\.mlp\.(fc2|w3)\.bias$/),
    mlpNorm: has(/\.mlp\.(norm|ffn_ln)\.weight$/) ? norm : null,
    activation: gated ? 'silu' : (args.oneOf('act_layer', NAMED_ACTIVATIONS) ?? 'gelu'),
  });
}

function mapPoolOf({ tensors }: FamilyInput, args: Fields, block: Block, dim: number): Architecture['mapPool'] {
  return {
    heads: args.size('attn_pool_num_heads', 'heads') ?? block.heads,
    mlpHidden: rows(tensors, 'attn_pool.mlp.fc1.weight') ?? 4 * dim,
    activation: 'gelu',
    eps: block.norm.eps,
  };
}
