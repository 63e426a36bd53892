/**
 * timm's NaFlexVit at one size at a time: patches as rows, positions as a table of rows and columns that prefix tokens are not in.
 * https://github.com/huggingface/pytorch-image-models (timm/models/naflexvit.py)
 */
import type { Architecture } from '../../../architecture/description';
import { ConfigError } from '../../../errors/configError';
import { sentence, verbatim } from '../../../errors/sentence';
import type { Family, FamilyInput, Tensors } from '../../config/family';
import type { Fields } from '../../config/fields';
import { ARGUMENTS, timm } from './visionTransformer';

export const NAFLEX_NAMES = /^naflexvit_/i;

/** Arguments whose other values make another forward pass, with the value that is known here. */
const ONLY: Record<string, unknown> = {
  pos_embed: 'learned',
  pos_embed_ar_preserving: false,
  pos_embed_interp_mode: 'bicubic',
  pos_embed_use_grid_sample: false,
  patchify_channels_last: true,
  embed_proj_type: 'linear',
  rope_type: '',
  attn_type: 'standard',
  attn_gated: false,
  dynamic_img_pad: false,
};

const NAMED: [RegExp, Record<string, unknown>][] = [
  [/_base_/, { num_heads: 12 }],
  [/_so150m2_/, { num_heads: 13 }],
  [/_so400m_/, { num_heads: 16 }],
  [/_siglip/, { act_layer: 'gelu_tanh' }],
  [/_par_/, { pos_embed_ar_preserving: true }],
  [/_parfac_/, { pos_embed: 'factorized' }],
];

export const timmNaFlex: Family = {
  ...timm,
  name: 'timm-naflex',
  title: verbatim('timm NaFlexVit'),
  claims: (config) => NAFLEX_NAMES.test(config.word('architecture')),
  anchor: 'embeds.proj.weight',
  requires: (tensors) => tensors.has('pos_embed') || tensors.has('pos_embed_x'),
  rename: (name) => name.replace(/^embeds\.(proj|norm)\./, 'patch_embed.$1.').replace(/^embeds\./, ''),
  architecture,
  keys: { 'patch_embed.proj.weight': [[{ key: 'patch_embed.proj.weight', axes: [0, 3, 1, 2] }]], ...timm.keys },
};

function architecture(input: FamilyInput): Architecture {
  const { config, tensors } = input;
  const args = config.modelArguments(
    [...ARGUMENTS, 'attn_pool_num_heads', ...Object.keys(ONLY)],
    namedBy(config.word('architecture')),
  );
  if (tensors?.has('pos_embed_x')) throw unsupported(config, 'pos_embed', 'factorized');
  for (const [name, known] of Object.entries(ONLY)) {
    const value = args.get(name);
    if (value !== undefined && value !== known) throw unsupported(config, name, JSON.stringify(value));
  }
  const table = tensors?.get('pos_embed')?.shape;
  const patch = args.pair('patch_size') ?? patchOf(tensors);
  const known = {
    ...args.only(args.names()),
    pos_embed: 'learn',
    no_embed_class: true,
    class_token: tensors?.has('cls_token') ?? false,
    ...(patch ? { patch_size: patch } : {}),
  };
  const plain = timm.architecture({
    ...input,
    config: config.with({ architecture: '', model_args: known }),
    tensors: tensors && asConvolution(tensors, patch),
  });
  const { position } = plain;
  const [, rows, columns] = table?.length === 4 ? table : [];
  if (position.kind === 'none' || !rows || !columns) return plain;
  return { ...plain, position: { ...position, grid: [rows, columns] } };
}

function namedBy(architecture: string): Record<string, unknown> {
  const args = { global_pool: 'map' };
  for (const [pattern, traits] of NAMED) if (pattern.test(architecture)) Object.assign(args, traits);
  return /_gap(\.|$)/.test(architecture) ? { ...args, global_pool: 'avg' } : args;
}

/** Of three channels, which every published one has. */
function patchOf(tensors: Tensors | null): [number, number] | undefined {
  const side = Math.round(Math.sqrt((tensors?.get('patch_embed.proj.weight')?.shape.at(-1) ?? 0) / 3));
  return side ? [side, side] : undefined;
}

/** The tensors with the shapes that a plain Vision Transformer of timm has. */
function asConvolution(tensors: Tensors, patch: [number, number] | undefined): Tensors {
  const proj = tensors.get('patch_embed.proj.weight');
  const table = tensors.get('pos_embed');
  const [dim = 1, values = 3] = proj?.shape ?? [];
  const [height, width] = patch ?? [1, 1];
  const changed = new Map(tensors);
  if (proj?.shape.length === 2)
    changed.set('patch_embed.proj.weight', { ...proj, shape: [dim, Math.max(1, Math.floor(values / (height * width))), height, width] }); // prettier-ignore
  if (table?.shape.length === 4) {
    const [one = 1, rows = 1, columns = 1, length = 1] = table.shape;
    changed.set('pos_embed', { ...table, shape: [one, rows * columns, length] });
  }
  return changed;
}

const unsupported = (config: Fields, argument: string, value: string): ConfigError =>
  new ConfigError(
    'unsupported',
    config.source,
    sentence('{0} {1} of NaFlexVit is not supported; export the model to .onnx', argument, value),
    argument,
  );
