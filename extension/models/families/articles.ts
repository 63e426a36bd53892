/**
 * ViT_Model and T2T_ViT of "Vision Transformers, Explained", with all constructor parameters under their published names.
 * https://github.com/lanl/vision_transformers_explained (modules/). A config without weights is drawn from a seed.
 * What the editor says of each field, its default too: ../vit.schema.json (test/unit/modelFile.test.ts compares them). Of the other
 * fields `seed` and `weights` are read by ../open.ts (and ../parts.ts for a part of a model), `labels` by ../labels.ts, `image` by ../modelFile.ts.
 */
import type { Preprocessing } from '../../image/preprocessing';
import { TORCH_ACTIVATIONS } from '../../architecture/activations';
import type { Architecture, Block, Norm } from '../../architecture/description';
import { ModelError } from '../../errors/modelError';
import { ConfigError } from '../../errors/configError';
import { gridOf } from '../../architecture/grid';
import { LIMITS, MOST_RATIO } from '../../architecture/limits';
import { architectureOf } from '../config/checked';
import type { Family, FamilyInput, KeyTable } from '../config/family';
import type { Fields } from '../config/fields';
import { depthOf, rows } from '../config/infer';
import { statistics } from '../config/preprocessing';
import { plainArchitecture, plainBlock } from '../../architecture/plain';
import { sentence, verbatim } from '../../errors/sentence';

/** torch's defaults: LayerNorm(eps=1e-5); RMSNorm(eps=None) takes float32's machine epsilon. */
export const TORCH_NORMS: Record<string, Norm> = {
  LayerNorm: { kind: 'layer', eps: 1e-5 },
  RMSNorm: { kind: 'rms', eps: 2 ** -23 },
  Identity: { kind: 'identity', eps: 0 },
};

/** The largest `seed` of a config. */
export const MOST_SEED = 1e7;

export const seedViT: Family = {
  name: 'seed-vit',
  seeded: true,
  title: verbatim('ViT_Model (Vision Transformers, Explained)'),
  claims: (config) => config.get('architecture') === 'ViT_Model',
  anchor: 'patch_tokens.project.weight',
  architecture: vitModel,
  preprocessing,
  flatPatches: true,
  keys: { 'patch_embed.proj.*': [['patch_tokens.project.*']], ...backboneKeys('backbone.') },
  ignored: [],
  noWeightDecay: ['cls_token'],
};

export const seedT2T: Family = {
  name: 'seed-t2t',
  seeded: true,
  title: verbatim('T2T_ViT (Vision Transformers, Explained)'),
  claims: (config) => config.get('architecture') === 'T2T_ViT',
  anchor: 'tokens_to_token.project.weight',
  requires: /^tokens_to_token\.transformer1\./,
  architecture: t2tViT,
  preprocessing,
  keys: {
    ...stageKeys(0, 'tokens_to_token.transformer1.'),
    ...stageKeys(1, 'tokens_to_token.transformer2.'),
    'patch_embed.proj.*': [['tokens_to_token.project.*']],
    ...backboneKeys('vit_backbone.'),
  },
  ignored: [],
  noWeightDecay: ['cls_token'],
};

function backboneKeys(at: string): KeyTable {
  return {
    cls_token: [[`${at}cls_token`]],
    pos_embed: [[`${at}pos_embed`]],
    'norm.*': [[`${at}norm.*`]],
    'head.*': [[`${at}head.*`]],
    ...blockKeys('blocks.{i}.', `${at}blocks.{i}.`),
  };
}

function stageKeys(stage: number, at: string): KeyTable {
  return blockKeys(`tokenizer.stages.${stage}.`, at);
}

function blockKeys(canonical: string, at: string): KeyTable {
  const leaves = {
    norm1: 'norm1',
    norm2: 'norm2',
    'attn.qkv': 'attn.qkv',
    'attn.proj': 'attn.proj',
    'mlp.fc1': 'neuralnet.fc1',
    'mlp.fc2': 'neuralnet.fc2',
  };
  return Object.fromEntries(
    Object.entries(leaves).map(([ours, theirs]) => [`${canonical}${ours}.*`, [[`${at}${theirs}.*`]]]),
  );
}

/** The architecture of a config without weights. Throws ModelError where the constructor would, and for sizes over a limit. */
export function articleModel(config: Fields): Architecture {
  const input: FamilyInput = { config, processor: null, tensors: null, findings: [] };
  return architectureOf(seedT2T.claims(config) ? seedT2T : seedViT, input);
}

function vitModel(input: FamilyInput): Architecture {
  const { config, tensors } = input;
  needsConfig(input, 'img_size', 'patch_size');
  const dim = config.size('token_len', 'dim') ?? rows(tensors, 'patch_tokens.project.weight') ?? 768;
  const [channels, height, width] = imageSize(config, [1, 400, 100]);
  const patch = config.size('patch_size', 'side') ?? 50;
  // The articles' assertions, word for word.
  if (height % patch !== 0) throw indivisible(config, 'Height', height, patch);
  if (width % patch !== 0) throw indivisible(config, 'Width', width, patch);
  return backbone(
    input,
    dim,
    { channels, height, width },
    { kind: 'patch', patch: [patch, patch], bias: true, norm: null },
    'backbone.',
  );
}

function t2tViT(input: FamilyInput): Architecture {
  const { config, tensors } = input;
  needsConfig(input, 'img_size', 'softsplit_kernels');
  const dim = config.size('token_len', 'dim') ?? rows(tensors, 'tokens_to_token.project.weight') ?? 768;
  const [channels, height, width] = imageSize(config, [1, 1700, 500]);
  const kernels = config.numbers('softsplit_kernels', [3], 1, LIMITS.side) ?? [31, 3, 3];
  if (!kernels.every(Number.isInteger)) throw config.refuse('softsplit_kernels', sentence('three kernel sizes'));
  const tokenChannels =
    config.size('token_chan', 'dim') ?? rows(tensors, 'tokens_to_token.transformer1.attn.proj.weight') ?? 64;
  const [first = 1, second = 1] = kernels;
  const multiple = config.number('T2T_hidden_chan_mul', 0, MOST_RATIO) ?? 1;
  const stage = (dimIn: number) => ({
    ...articleBlock(config, tokenChannels, multiple, dimIn),
    attnResidual: false,
  });
  return backbone(
    input,
    dim,
    { channels, height, width },
    {
      kind: 'soft-split',
      // int((k + 1) / 2) and int((k + 1) / 4), as the code has it (the text says ceilings).
      splits: kernels.map((kernel) => ({
        kernel,
        stride: Math.trunc((kernel + 1) / 2),
        padding: Math.trunc((kernel + 1) / 4),
      })),
      stages: [stage(channels * first ** 2), stage(tokenChannels * second ** 2)],
      bias: true,
    },
    'vit_backbone.',
  );
}

function backbone(
  input: FamilyInput,
  dim: number,
  image: Architecture['image'],
  tokenizer: Architecture['tokenizer'],
  at: string,
): Architecture {
  const { config, tensors } = input;
  const grid = gridOf({ image, tokenizer });
  if (grid.some((side) => side < 1))
    throw new ConfigError(
      'config',
      config.source,
      sentence('an image of {0}x{1} pixels leaves no token after the soft splits', image.height, image.width),
      'softsplit_kernels',
    );
  const block = articleBlock(config, dim, config.number('Encoding_hidden_chan_mul', 0, MOST_RATIO) ?? 4, dim);
  return plainArchitecture({
    image,
    tokenizer,
    dim,
    depth: config.size('depth', 'depth', 0) ?? depthOf(tensors, `${at}blocks.{i}.`) ?? 12,
    block,
    position: { kind: 'sinusoid', covers: 'all', grid, resample: 'bicubic' },
    classes: config.size('preds', 'classes', 0) ?? rows(tensors, `${at}head.weight`) ?? 1,
  });
}

/** Encoding and TokenTransformer share one Attention, whose output is v + proj(attn v). */
export function articleBlock(config: Fields, dim: number, multiple: number, dimIn: number): Block {
  const heads = config.size('num_heads', 'heads') ?? 1;
  if (dim % heads !== 0) {
    throw new ModelError(
      'config',
      sentence(
        '"Chan" must be evenly divisible by "num_heads". ({0}: {1} channels, {2} heads)',
        config.source,
        dim,
        heads,
      ),
      'num_heads',
      sentence('"Chan" must be evenly divisible by "num_heads". ({0} channels, {1} heads)', dim, heads),
    );
  }
  const headDim = dim / heads;
  const hidden = Math.trunc(dim * multiple);
  return plainBlock(dim, heads, hidden === 0 ? dim : hidden, 1e-5, {
    dimIn,
    // `qk_scale or head_dim ** -0.5`: zero falls through, too.
    scale: config.number('qk_scale') || headDim ** -0.5,
    qkvBias: config.flag('qkv_bias') ?? false,
    valueSkip: config.flag('value_skip') ?? true,
    norm: config.oneOf('norm_layer', TORCH_NORMS) ?? { kind: 'layer', eps: 1e-5 },
    activation: config.oneOf('act_layer', TORCH_ACTIVATIONS) ?? 'gelu',
  });
}

/** Weights alone do not tell the image from the patch: many pairs give the same shapes. */
function needsConfig({ config, tensors }: FamilyInput, ...fields: string[]): void {
  const [first = ''] = fields;
  if (tensors && config.names().length === 0) {
    throw new ModelError(
      'config',
      sentence(
        '{0} needs a config.json beside it: {1} and {2} cannot be read off the tensors.',
        config.source,
        first,
        fields[1] ?? first,
      ),
    );
  }
}

function imageSize(config: Fields, fallback: [number, number, number]): [number, number, number] {
  return config.imageSize('img_size') ?? fallback;
}

function indivisible(config: Fields, side: 'Height' | 'Width', pixels: number, patch: number): ModelError {
  return new ModelError(
    'config',
    sentence(
      '{0} of image must be evenly divisible by patch size. ({1}: {2} pixels, patch_size {3})',
      side,
      config.source,
      pixels,
      patch,
    ),
    'patch_size',
    sentence('{0} of image must be evenly divisible by patch size. ({1} pixels, patch_size {2})', side, pixels, patch),
  );
}

/** The articles feed values between 0 and 1 as they are. */
function preprocessing({ config }: FamilyInput, { image }: Architecture): Preprocessing {
  const { channels, height, width } = image;
  const { mean, std } = statistics(config, ['mean', 'std'], channels, [], { mean: [0], std: [1] });
  return {
    channels,
    resize: { kind: 'exact', height, width },
    interpolation: 'bilinear',
    crop: null,
    rescale: 1 / 255,
    mean,
    std,
  };
}
