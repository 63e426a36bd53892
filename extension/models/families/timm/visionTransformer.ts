/**
 * timm's VisionTransformer and VisionTransformerDistilled with their switches: model_args over what the architecture
 * name implies over what the tensors show. https://github.com/huggingface/pytorch-image-models
 */
import { plainArchitecture } from '../../../architecture/plain';
import type { Architecture, Block, Finding, Norm } from '../../../architecture/description';
import { ConfigError } from '../../../errors/configError';
import { NAMED_ACTIVATIONS } from '../../../architecture/activations';
import { assumeHeads } from '../../config/heads';
import { commonSize, depthOf, divide, gridOfRows, inferGrid, isOblong, pick, rows } from '../../config/infer';
import type { Family, FamilyInput } from '../../config/family';
import type { Fields } from '../../config/fields';
import { MOST_RATIO } from '../../../architecture/limits';
import { timmPreprocessing } from '../../config/preprocessing';
import { projectionOf } from './projection';
import { refusePadding, timmImageSize, timmInputSize } from './inputSize';
import { withoutNamesNorm } from './norms';
import { variantArguments } from './variants';
import { sentence, verbatim } from '../../../errors/sentence';

const POOLS = { '': 'none', token: 'token', avg: 'avg', avgmax: 'avgmax', max: 'max', map: 'map' } as const;
const BLOCKS: Record<string, Block['order']> = {
  Block: 'pre',
  ResPostBlock: 'res-post',
  ParallelThingsBlock: 'parallel',
  ParallelScalingBlock: 'parallel-scaling',
};
const MLPS: Record<string, { mlp: Block['mlp']; act?: Block['activation'] }> = {
  Mlp: { mlp: 'mlp' },
  GluMlp: { mlp: 'glu' },
  SwiGLUPacked: { mlp: 'swiglu', act: 'silu' },
  SwiGLU: { mlp: 'swiglu', act: 'silu' },
};
const NORMS: Record<string, Norm['kind']> = {
  layernorm: 'layer',
  layernorm2d: 'layer',
  rmsnorm: 'rms',
};

/** Of the constructor's arguments, those that shape the forward pass. */
export const ARGUMENTS = [
  'img_size',
  'dynamic_img_size',
  'dynamic_img_pad',
  'patch_size',
  'in_chans',
  'embed_dim',
  'depth',
  'num_heads',
  'mlp_ratio',
  'qkv_bias',
  'qk_norm',
  'scale_attn_norm',
  'scale_mlp_norm',
  'proj_bias',
  'init_values',
  'class_token',
  'pos_embed',
  'no_embed_class',
  'reg_tokens',
  'pre_norm',
  'final_norm',
  'fc_norm',
  'pool_include_prefix',
  'norm_layer',
  'norm_eps',
  'act_layer',
  'attn_layer',
  'embed_norm_layer',
  'block_fn',
  'mlp_layer',
  'num_parallel',
  'distilled',
];

export const timm: Family = {
  name: 'timm',
  title: verbatim('timm VisionTransformer'),
  claims: (config) =>
    config.has('pretrained_cfg') ||
    config.has('model_args') ||
    /^(vit|deit|deit3|flexivit|aimv2|test_vit\d?|beit3|eva_large)(_|$|\.)/.test(config.word('architecture')),
  anchor: 'patch_embed.proj.weight',
  anyHead: true,
  architecture,
  preprocessing: ({ config, findings }, model) => timmPreprocessing(config, model.image, findings),
  keys: {
    // timm's SwiGLU keeps the two halves apart, the gate first.
    'blocks.{i}.mlp.fc1.*': [
      ['blocks.{i}.mlp.fc1.*'],
      ['blocks.{i}.mlp.fc1_g.*', 'blocks.{i}.mlp.fc1_x.*'],
      ['blocks.{i}.mlp.w12.*'],
    ],
    // DINOv2's own files.
    'blocks.{i}.mlp.fc2.*': [['blocks.{i}.mlp.fc2.*'], ['blocks.{i}.mlp.w3.*']],
    reg_token: [['reg_token'], ['register_tokens']],
    'projection.*': [['head.*']],
  },
  ignored: [/^mask_token$/],
  noWeightDecay: ['pos_embed', 'cls_token', 'reg_token', 'dist_token'],
};

function architecture(input: FamilyInput): Architecture {
  const { config, tensors } = input;
  const implied = variantArguments(config.word('architecture'));
  const named = withoutNamesNorm(config, implied);
  const args = config.modelArguments(ARGUMENTS, named);
  const has = (pattern: RegExp) => pick(tensors, pattern) !== undefined;
  refuseUnsupported(args, config, has(/^patch_embed\.norm\.weight$/));

  const proj = tensors?.get('patch_embed.proj.weight');
  const dim = args.size('embed_dim', 'dim') ?? proj?.shape[0] ?? 768;
  const patch = args.pair('patch_size') ?? patchOf(proj?.shape) ?? [16, 16];
  const depth = args.size('depth', 'depth') ?? depthOf(tensors, 'blocks.{i}.') ?? 12;
  const block = blockOf(input, args, dim);

  // DINOv2's own files call them register_tokens, and only the class token has a position there.
  const official = tensors?.get('register_tokens');
  const registers =
    args.size('reg_tokens', 'registers', 0) ?? (official ?? tensors?.get('reg_token'))?.shape.at(-2) ?? 0;
  const distillation = args.flag('distilled') ?? tensors?.has('dist_token') ?? false;
  const rowsOfTable = tensors?.get('pos_embed')?.shape.at(-2);
  const inputSize = timmInputSize(config);
  const fixed = registers + Number(distillation);
  const guess = rowsOfTable === undefined ? undefined : inferGrid(rowsOfTable, official ? [1] : [fixed + 1, fixed, 0]);
  const size = timmImageSize(config, args, patch, guess);
  refusePadding(args, config, size, patch);
  // timm's patch embedding drops the pixels that do not fill a patch.
  const grid: [number, number] = [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])];
  const channels = args.size('in_chans', 'channels') ?? proj?.shape[1] ?? inputSize?.[0] ?? 3;

  // Without a word about it, a class token is missing rather than not meant when the position table counts one.
  const counted = rowsOfTable === grid[0] * grid[1] + fixed + 1;
  const cls = args.flag('class_token') ?? (!tensors || tensors.has('cls_token') || counted);
  const prefix = { class: cls, distillation, registers };
  const prefixes = fixed + Number(cls);
  const bare = args.flag('no_embed_class') ?? (rowsOfTable === grid[0] * grid[1] && prefixes > 0);
  const sized = args.has('img_size') || inputSize !== undefined;
  if (bare && !args.has('no_embed_class') && !sized && isOblong((rowsOfTable ?? 0) - prefixes)) {
    input.findings.push(assumedPositions(rowsOfTable ?? 0, grid));
  }

  const pool = poolOf(input, args, distillation, cls);
  const fcNormFlag =
    args.flag('fc_norm') ?? (tensors && has(/^(fc_)?norm\.weight$/) ? has(/^fc_norm\.weight$/) : undefined);
  const useFcNorm = fcNormFlag ?? ['avg', 'avgmax', 'max'].includes(pool);
  const finalNorm = args.flag('final_norm') ?? true;
  const classes =
    args.size('num_classes', 'classes', 0) ??
    config.size('num_classes', 'classes', 0) ??
    config.inner('pretrained_cfg').size('num_classes', 'classes', 0) ??
    rows(tensors, 'head.weight') ??
    0;
  const headless =
    tensors && !tensors.has('head.weight') && !tensors.has('head_dist.weight') && !config.has('num_classes');
  const preNorm = args.flag('pre_norm') ?? has(/^norm_pre\.weight$/);
  return plainArchitecture({
    image: { channels, height: size[0], width: size[1] },
    tokenizer: {
      kind: 'patch',
      patch,
      bias: proj ? has(/^patch_embed\.proj\.bias$/) || !preNorm : !preNorm,
      norm: has(/^patch_embed\.norm\.weight$/)
        ? {
            kind: has(/^patch_embed\.norm\.bias$/) ? 'layer' : 'rms',
            eps: args.has('embed_norm_layer') ? 1e-6 : ((implied['norm_eps'] as number | undefined) ?? block.norm.eps),
          }
        : null,
    },
    dim,
    depth,
    block,
    prefix,
    position: noPositions(args, rowsOfTable)
      ? { kind: 'none' }
      : {
          kind: 'learned',
          covers: official ? 'class' : bare ? 'patches' : 'all',
          grid: gridOfRows(rowsOfTable, official ? 1 : bare ? 0 : prefixes, grid),
          resample: 'bicubic-antialias',
        },
    preNorm: preNorm ? block.norm : null,
    finalNorm: finalNorm && !useFcNorm ? block.norm : null,
    pool,
    poolIncludesPrefix: args.flag('pool_include_prefix') ?? false,
    fcNorm: finalNorm && useFcNorm ? block.norm : null,
    mapPool: pool === 'map' ? mapPool(input, args, block, dim) : null,
    projection: projectionOf(config, tensors),
    classes: headless ? 0 : classes,
    headBias: tensors?.has('head.weight') ? tensors.has('head.bias') : true,
  });
}

/** Other classes of timm's vision_transformer.py and arguments this program does not know: named, not ignored. */
function refuseUnsupported(args: Fields, config: Fields, patchNorm: boolean): void {
  const attention = args.text('attn_layer');
  if (attention && attention !== 'attn')
    throw new ConfigError(
      'unsupported',
      config.source,
      sentence('attention of kind "{0}" is not supported', attention),
    );
  if (args.text('global_pool') === 'prr')
    throw new ConfigError('unsupported', config.source, sentence('pooling "prr" is not supported'));
  if (args.has('embed_norm_layer') && !patchNorm)
    throw new ConfigError('unsupported', config.source, sentence('embed_norm_layer is not supported'));
}

function blockOf({ config, processor, tensors, findings }: FamilyInput, args: Fields, dim: number): Block {
  const has = (pattern: RegExp) => pick(tensors, pattern) !== undefined;
  const branches = args.size('num_parallel', 'branches') ?? depthOf(tensors, 'blocks.0.attns.{i}.') ?? 2;
  const shown = has(/\.in_proj\.weight$/) ? 'parallel-scaling' : has(/\.attns\.0\./) ? 'parallel' : 'pre';
  const order = args.oneOf('block_fn', BLOCKS) ?? shown;
  const heads = headsOf(args, tensors, dim, findings);
  const headDim = divide(config, dim, heads);

  const fc2 = commonSize(tensors, /^blocks\.(.*\.)?(mlp\.fc2|mlp\.w3|mlp_out_proj)\.weight$/, 1);
  const fc1 =
    order === 'parallel-scaling'
      ? fc2
      : (commonSize(tensors, /^blocks\..*\.mlp\.(fc1|w12)\.weight$/, 0) ?? (fc2 && 2 * fc2));
  const kind = args.oneOf('mlp_layer', MLPS) ?? (fc1 && fc2 && fc1 === 2 * fc2 ? MLPS['SwiGLUPacked'] : MLPS['Mlp']);
  const split = args.text('mlp_layer') === 'SwiGLU' || has(/\.mlp\.fc1_g\.weight$/);
  const ratio = args.number('mlp_ratio', 0, MOST_RATIO);
  const asked = ratio === undefined ? undefined : Math.trunc(dim * ratio) * (split ? 2 : 1);
  // A ratio printed with few digits (2.66667) may be off by one from the file; the file is right then.
  const hidden =
    asked !== undefined && fc1 !== undefined && Math.abs(asked - fc1) <= 2 ? fc1 : (asked ?? fc1 ?? 4 * dim);
  if (kind?.mlp !== 'mlp' && !args.has('mlp_layer')) {
    findings.push({
      severity: 'warning',
      code: 'assumed-mlp',
      ...sentence('fc1 has twice the rows that fc2 takes, so a SwiGLU (timm SwiGLUPacked) is assumed.'),
      subject: 'mlp_layer',
    });
  }
  const norm = normOf({ config, processor, tensors, findings }, args);
  const extra = (flag: string, pattern: RegExp) => ((args.flag(flag) ?? has(pattern)) ? norm : null);
  // Block hands its act_layer (GELU when none is given) on to every MLP; a gate nobody named is DINOv2's SiLU.
  const assumed = args.has('mlp_layer') ? undefined : kind?.act;
  const activation = args.oneOf('act_layer', NAMED_ACTIVATIONS) ?? assumed ?? 'gelu';
  return {
    dimIn: dim,
    dim,
    heads,
    headDim,
    scale: headDim ** -0.5,
    qkvBias: args.flag('qkv_bias') ?? (tensors ? has(/(\.qkv|\.in_proj)\.bias$/) : true),
    projBias: args.flag('proj_bias') ?? (tensors ? has(/(attn\.proj|attn_out_proj)\.bias$/) : true),
    qkNorm: extra('qk_norm', /\.q_norm\.weight$/),
    attnNorm: extra('scale_attn_norm', /\.attn\.norm\.weight$/),
    valueSkip: false,
    attnResidual: true,
    norm,
    order,
    branches: order === 'parallel' ? branches : 1,
    layerScale:
      order !== 'res-post' && (args.has('init_values') ? args.number('init_values') !== 0 : has(/\.ls\d?\.gamma$/)),
    mlpHidden: hidden,
    mlp: kind?.mlp ?? 'mlp',
    mlpBias: args.flag('proj_bias') ?? (tensors ? has(/(mlp\.fc2|mlp\.w3|mlp_out_proj)\.bias$/) : true),
    mlpNorm: extra('scale_mlp_norm', /\.mlp\.norm\.weight$/),
    activation,
    performer: null,
  };
}

/** As many rows may be those of an oblong picture, with the tokens before the patches among them. */
const assumedPositions = (rows: number, [high, wide]: readonly [number, number]): Finding => ({
  severity: 'warning',
  code: 'assumed-positions',
  ...sentence(
    'Nothing says the size of the pictures: the {0} rows of the position table are taken for {1} x {2} patches, none of them for a class or register token; set img_size in config.json if that is wrong.',
    rows,
    high,
    wide,
  ),
  subject: 'pos_embed',
});

function headsOf(
  args: Fields,
  tensors: FamilyInput['tensors'],
  dim: number,
  findings: FamilyInput['findings'],
): number {
  const heads = args.size('num_heads', 'heads');
  if (heads !== undefined) return heads;
  const width = pick(tensors, /\.q_norm\.weight$/)?.shape[0];
  if (width && dim % width === 0) return dim / width;
  return assumeHeads(dim, findings);
}

function normOf({ config, tensors, findings }: FamilyInput, args: Fields): Norm {
  const has = (pattern: RegExp) => pick(tensors, pattern) !== undefined;
  const known = args.oneOf('norm_layer', NORMS);
  const bare = has(/(norm|norm1|in_norm)\.weight$/) && !has(/(norm|norm1|in_norm)\.bias$/);
  const kind = known ?? (bare ? 'rms' : 'layer');
  // A norm before the blocks is CLIP's mark, and its eps is torch's.
  const clip = config.names().length === 0 && kind === 'layer' && has(/^norm_pre\.weight$/);
  if (clip) {
    findings.push({
      severity: 'warning',
      code: 'assumed-eps',
      ...sentence(
        'The file looks like a CLIP tower; LayerNorm eps 1e-5 and GELU are assumed, set act_layer in config.json if it was trained with quick_gelu.',
      ),
      subject: 'norm_pre.weight',
    });
  }
  return { kind, eps: args.number('norm_eps', 0, 1) ?? (clip ? 1e-5 : 1e-6) };
}

function poolOf(
  { config, tensors }: FamilyInput,
  args: Fields,
  distilled: boolean,
  cls: boolean,
): Architecture['pool'] {
  // Without its heads too: the features are the mean of both tokens (forward_head's pre_logits).
  if (distilled) return 'distilled';
  const given = args.oneOf('global_pool', POOLS) ?? config.oneOf('global_pool', POOLS);
  if (given) return given;
  if (tensors?.has('attn_pool.latent')) return 'map';
  // timm makes fc_norm in place of norm for average pooling only.
  const averaged = tensors?.has('fc_norm.weight') && !tensors.has('norm.weight') && args.flag('fc_norm') === undefined;
  return cls && !averaged ? 'token' : 'avg';
}

function mapPool({ tensors }: FamilyInput, args: Fields, block: Block, dim: number): Architecture['mapPool'] {
  const hidden =
    rows(tensors, 'attn_pool.mlp.fc1.weight') ?? Math.trunc(dim * (args.number('mlp_ratio', 0, MOST_RATIO) ?? 4));
  // NaFlexVit's argument
  const heads = args.size('attn_pool_num_heads', 'heads') ?? block.heads;
  return { heads, mlpHidden: hidden, activation: block.activation, eps: block.norm.eps };
}

const noPositions = (args: Fields, rowsOfTable: number | undefined) =>
  ['', 'none'].includes(args.text('pos_embed') ?? 'learn') ||
  (rowsOfTable === undefined && args.has('pos_embed') && args.text('pos_embed') !== 'learn');

const patchOf = (shape: number[] | undefined): [number, number] | undefined =>
  shape?.length === 4 ? [shape[2] ?? 16, shape[3] ?? 16] : undefined;
