/**
 * timm's models whose attention adds a relative position bias: Beit (BEiT, BEiT v2, and the official files) and VisionTransformerRelPos.
 * https://github.com/huggingface/pytorch-image-models (timm/models/beit.py, vision_transformer_relpos.py)
 */
import type { Architecture, RelativeBias } from '../../../architecture/description';
import { plainArchitecture, plainBlock } from '../../../architecture/plain';
import { NAMED_ACTIVATIONS } from '../../../architecture/activations';
import type { Family, FamilyInput } from '../../config/family';
import type { Fields } from '../../config/fields';
import { assumeHeads } from '../../config/heads';
import { commonSize, depthOf, divide, gridOfRows, inferGrid, pick, rows } from '../../config/infer';
import { timmPreprocessing } from '../../config/preprocessing';
import { timmImageSize } from './inputSize';
import { EVA_KEYS } from './eva';
import { verbatim } from '../../../errors/sentence';

const POOLS = { '': 'none', token: 'token', avg: 'avg' } as const;
const ARGUMENTS = [
  'img_size',
  'patch_size',
  'in_chans',
  'global_pool',
  'depth',
  'num_heads',
  'block_fn',
  'rel_pos_type',
  'act_layer',
];

const BEIT_NAMES = /^beit(v2)?_/i;
const RELPOS_NAMES = /^vit_s?relpos_/i;

const common = {
  preprocessing: (input: FamilyInput, { image }: Architecture) =>
    timmPreprocessing(input.config, image, input.findings),
  anyHead: true,
  noWeightDecay: ['pos_embed', 'cls_token'],
} satisfies Partial<Family>;

export const timmBeit: Family = {
  ...common,
  name: 'timm-beit',
  title: verbatim('timm Beit'),
  claims: (config) => BEIT_NAMES.test(config.word('architecture')),
  anchor: 'patch_embed.proj.weight',
  requires: /(^rel_pos_bias|\.attn)\.relative_position_bias_table$/,
  architecture: (input) => architecture(input, beitBias(input)),
  keys: {
    ...EVA_KEYS,
    'rel_pos.table': [['rel_pos_bias.relative_position_bias_table']],
    'blocks.{i}.attn.rel_pos.table': [['blocks.{i}.attn.relative_position_bias_table']],
  },
  ignored: [/^mask_token$/, /relative_position_index$/, /^lm_head\./, /\.k_bias$/],
};

export const timmRelPos: Family = {
  ...common,
  name: 'timm-relpos',
  title: verbatim('timm VisionTransformerRelPos'),
  claims: (config) => RELPOS_NAMES.test(config.word('architecture')),
  anchor: 'patch_embed.proj.weight',
  requires: /(^shared_rel_pos|\.attn\.rel_pos)\.(mlp\.fc1\.weight|relative_position_bias_table)$/,
  architecture: (input) => architecture(input, relPosBias(input)),
  keys: {
    'rel_pos.table': [['shared_rel_pos.relative_position_bias_table']],
    'rel_pos.mlp.fc1.*': [['shared_rel_pos.mlp.fc1.*']],
    'rel_pos.mlp.fc2.*': [['shared_rel_pos.mlp.fc2.*']],
    'blocks.{i}.attn.rel_pos.table': [['blocks.{i}.attn.rel_pos.relative_position_bias_table']],
  },
  ignored: [/relative_position_index$/, /rel_coords_log$/],
};

type Bias = (grid: [number, number]) => RelativeBias | null;

function architecture(input: FamilyInput, bias: Bias): Architecture {
  const { config, tensors, findings } = input;
  const has = (pattern: RegExp) => pick(tensors, pattern) !== undefined;
  const args = argumentsOf(config);
  const proj = tensors?.get('patch_embed.proj.weight');
  const dim = proj?.shape[0] ?? 768;
  const patch = args.pair('patch_size') ?? [proj?.shape[2] ?? 16, proj?.shape[3] ?? 16];
  const table = tensors?.get('pos_embed')?.shape.at(-2);
  const prefix = { class: tensors?.has('cls_token') ?? false, distillation: false, registers: 0 };
  const guess = table === undefined ? biasGrid(input) : inferGrid(table, [Number(prefix.class)]);
  const size = timmImageSize(config, args, patch, guess);
  const grid: [number, number] = [Math.floor(size[0] / patch[0]), Math.floor(size[1] / patch[1])];

  const heads = args.size('num_heads', 'heads') ?? headsOf(input) ?? assumeHeads(dim, findings);
  divide(config, dim, heads);
  const inner = commonSize(tensors, /^blocks\.\d+\.mlp\.fc2\.weight$/, 1) ?? 4 * dim;
  const outer = commonSize(tensors, /^blocks\.\d+\.mlp\.fc1\.weight$/, 0) ?? 2 * inner;
  const gated = outer === 2 * inner;
  const norm = { kind: 'layer', eps: 1e-6 } as const;
  const post = has(/^blocks\.0\.(gamma_1|ls1\.gamma)$/) ? false : args.word('block_fn') === 'ResPostRelPosBlock';
  const block = plainBlock(dim, heads, outer, norm.eps, {
    qkvBias: has(/\.attn\.(qkv\.bias|q_bias)$/),
    order: post ? 'res-post' : 'pre',
    qkNorm: has(/\.attn\.q_norm\.weight$/) ? norm : null,
    layerScale: has(/\.(gamma_1|ls1\.gamma)$/),
    mlp: gated ? 'swiglu' : 'mlp',
    mlpNorm: has(/\.mlp\.norm\.weight$/) ? norm : null,
    activation: gated ? 'silu' : (args.oneOf('act_layer', NAMED_ACTIVATIONS) ?? 'gelu'),
  });
  const pool = args.oneOf('global_pool', POOLS) ?? config.oneOf('global_pool', POOLS) ?? 'avg';
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
            covers: 'all',
            grid: gridOfRows(table, Number(prefix.class), grid),
            resample: 'bicubic-antialias',
          },
    relativeBias: bias(grid),
    finalNorm: has(/^norm\.weight$/) ? norm : null,
    pool,
    fcNorm: has(/^fc_norm\.weight$/) ? norm : null,
    classes: rows(tensors, 'head.weight') ?? 0,
    headBias: tensors?.has('head.bias') ?? true,
  });
}

function argumentsOf(config: Fields): Fields {
  const name = config.word('architecture').replace(/\..*/, '');
  const image = /_(\d{2,4})$/.exec(name)?.[1];
  const named = {
    ...(image ? { img_size: Number(image) } : {}),
    ...(/_rpn_/.test(name) ? { block_fn: 'ResPostRelPosBlock' } : {}),
    ...(/_cls_/.test(name) ? { global_pool: 'token' } : {}),
  };
  return config.modelArguments(ARGUMENTS, named);
}

const TABLE = /relative_position_bias_table$/;

/** A bias has a value for each head. */
function headsOf({ tensors }: FamilyInput): number | undefined {
  return pick(tensors, TABLE)?.shape[1] ?? pick(tensors, /rel_pos\.mlp\.fc2\.weight$/)?.shape[0];
}

/** The square grid a table was trained for. */
function biasGrid({ tensors }: FamilyInput): [number, number] | undefined {
  const count = pick(tensors, TABLE)?.shape[0];
  const wide = count === undefined ? undefined : inferGrid(count, [3, 0]);
  return wide && [(wide[0] + 1) / 2, (wide[1] + 1) / 2];
}

/** The configured grid if the table has its rows, else the square one it has. */
function trainedGrid(input: FamilyInput, grid: [number, number], entries: number): [number, number] {
  const count = pick(input.tensors, TABLE)?.shape[0];
  const wanted = (2 * grid[0] - 1) * (2 * grid[1] - 1) + entries;
  return count === undefined || count === wanted ? grid : (biasGrid(input) ?? grid);
}

function beitBias(input: FamilyInput): Bias {
  const own = pick(input.tensors, /^blocks\.\d+\.attn\.relative_position_bias_table$/) !== undefined;
  const shared = input.tensors?.has('rel_pos_bias.relative_position_bias_table') ?? false;
  return (grid) =>
    own || shared
      ? {
          tables: own && shared ? 'both' : shared ? 'shared' : 'block',
          network: null,
          grid: trainedGrid(input, grid, 3),
          classEntries: true,
          resample: 'geometric',
        }
      : null;
}

function relPosBias(input: FamilyInput): Bias {
  const { tensors, config } = input;
  const network = pick(tensors, /rel_pos\.mlp\.fc1\.weight$/);
  const swin = /swin/.test(argumentsOf(config).text('rel_pos_type') ?? '');
  const entries = tensors?.has('cls_token') === true && !network;
  return (grid) => ({
    tables: pick(tensors, /^shared_rel_pos\./) ? 'shared' : 'block',
    network: network ? { hidden: network.shape[0] ?? 1, distances: swin ? 'swin' : 'cr' } : null,
    grid: network ? grid : trainedGrid(input, grid, entries ? 3 : 0),
    classEntries: entries,
    resample: 'geometric',
  });
}
