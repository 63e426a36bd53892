/**
 * CLIP's vision tower as OpenAI and open_clip write it themselves: visual.transformer.resblocks.*, with the projection into the
 * space of texts. https://github.com/openai/CLIP (clip/model.py), https://github.com/mlfoundations/open_clip (transformer.py)
 */
import type { Preprocessing } from '../../image/preprocessing';
import type { Architecture, Block } from '../../architecture/description';
import { plainArchitecture, plainBlock } from '../../architecture/plain';
import { ConfigError } from '../../errors/configError';
import { sentence } from '../../errors/sentence';
import type { Family, FamilyInput } from '../config/family';
import { Fields } from '../config/fields';
import { assumeHeads, HEAD_WIDTH } from '../config/heads';
import { depthOf, divide, gridOfRows, inferGrid, pick, rows } from '../config/infer';
import { timmPreprocessing } from '../config/preprocessing';
import { openClipTransform } from './openClipTransform';

/** torch's LayerNorm default. */
const EPS = 1e-5;
/** torch.nn.GELU's argument. */
const GELUS = { none: 'gelu', tanh: 'gelu_tanh' } as const;
const BLOCK = 'transformer.resblocks.{i}.';

export const clip: Family = {
  name: 'clip',
  title: sentence("CLIP (OpenAI's and open_clip's own file)"),
  // A timm model inside open_clip is timm's (openClipTrunk.ts).
  claims: (config) => {
    const model = modelOf(config);
    return model.holdsObject('vision_cfg') && !model.inner('vision_cfg').has('timm_model_name');
  },
  anchor: 'ln_post.weight',
  requires: (tensors) => tensors.has('class_embedding') && tensors.has('transformer.resblocks.0.attn.in_proj_weight'),
  architecture,
  preprocessing,
  keys: {
    'patch_embed.proj.*': [['conv1.*']],
    cls_token: [['class_embedding']],
    pos_embed: [['positional_embedding']],
    'norm_pre.*': [['ln_pre.*']],
    'norm.*': [['ln_post.*']],
    'fc_norm.*': [['ln_post.*']],
    'projection.weight': [[{ key: 'proj', axes: [1, 0] }]],
    'blocks.{i}.norm1.*': [[`${BLOCK}ln_1.*`]],
    'blocks.{i}.norm2.*': [[`${BLOCK}ln_2.*`]],
    'blocks.{i}.attn.qkv.*': [[`${BLOCK}attn.in_proj_*`]],
    'blocks.{i}.attn.proj.*': [[`${BLOCK}attn.out_proj.*`]],
    'blocks.{i}.ls1.gamma': [[`${BLOCK}ls_1.gamma`]],
    'blocks.{i}.ls2.gamma': [[`${BLOCK}ls_2.gamma`]],
    'blocks.{i}.mlp.fc1.*': [[`${BLOCK}mlp.c_fc.*`]],
    'blocks.{i}.mlp.fc2.*': [[`${BLOCK}mlp.c_proj.*`]],
  },
  // the text's layers have these names, too, and stand beside the prefix
  own: /^transformer\.(?!(.*\.)?(total_ops|total_params|_extra_state|num_batches_tracked)$)/,
  ignored: [/^(input_resolution|context_length|vocab_size|attn_mask)$/],
};

function architecture(input: FamilyInput): Architecture {
  const { config, tensors } = input;
  if (tensors && pick(tensors, /^attn_pool\./))
    throw new ConfigError(
      'unsupported',
      config.source,
      sentence('the attention pooling of CoCa is not supported; export the model to .onnx'),
    );
  const vision = visionOf(config);
  refuseUnsupported(vision);
  const conv = tensors?.get('conv1.weight')?.shape;
  const dim = conv?.[0] ?? vision.size('width', 'dim') ?? 768;
  const patch = vision.pair('patch_size') ?? [conv?.[2] ?? 32, conv?.[3] ?? 32];
  const table = tensors?.get('positional_embedding')?.shape[0];
  const guess = table === undefined ? undefined : inferGrid(table, [1]);
  const image = vision.pair('image_size') ?? [(guess?.[0] ?? 7) * patch[0], (guess?.[1] ?? 7) * patch[1]];
  const block = blockOf(input, vision, dim);
  const pooledFirst = vision.flag('final_ln_after_pool') ?? false;
  const grid: [number, number] = [Math.floor(image[0] / patch[0]), Math.floor(image[1] / patch[1])];
  const projected = tensors?.get('proj')?.shape.at(-1);
  return plainArchitecture({
    image: { channels: conv?.[1] ?? 3, height: image[0], width: image[1] },
    tokenizer: { kind: 'patch', patch, bias: tensors?.has('conv1.bias') ?? false, norm: null },
    dim,
    depth: vision.size('layers', 'depth') ?? depthOf(tensors, BLOCK) ?? 12,
    block,
    position: {
      kind: 'learned',
      covers: 'all',
      grid: gridOfRows(table, 1, grid),
      resample: 'bicubic-antialias',
    },
    preNorm: !tensors || tensors.has('ln_pre.weight') ? block.norm : null,
    pool: vision.oneOf('pool_type', { tok: 'token', avg: 'avg' } as const) ?? 'token',
    finalNorm: pooledFirst ? null : block.norm,
    fcNorm: pooledFirst ? block.norm : null,
    projection: projected === undefined ? null : { length: projected, bias: false, activation: null },
    classes: 0,
  });
}

/** Switches of open_clip's blocks that change what they compute. */
const SWITCHES = ['qk_norm', 'scaled_cosine_attn', 'scale_heads', 'scale_attn_inner', 'scale_attn', 'scale_fc'];

function refuseUnsupported(vision: Fields): void {
  const kwargs = ['norm_kwargs', 'act_kwargs'].flatMap((name) => vision.inner(name).names());
  const found =
    SWITCHES.find((name) => vision.flag(name)) ?? kwargs.find((name) => !['eps', 'approximate'].includes(name));
  if (found === undefined) return;
  throw new ConfigError('unsupported', vision.source, sentence('{0} of open_clip is not supported; export the model to .onnx', found), found); // prettier-ignore
}

const modelOf = (config: Fields): Fields => (config.holdsObject('model_cfg') ? config.inner('model_cfg') : config);
const visionOf = (config: Fields): Fields => modelOf(config).inner('vision_cfg');

function blockOf({ config, tensors, findings }: FamilyInput, vision: Fields, dim: number): Block {
  const known = config.holdsObject('vision_cfg') || config.holdsObject('model_cfg');
  const width = vision.size('head_width', 'headDim') ?? (known ? HEAD_WIDTH : undefined);
  const heads = width === undefined ? assumeHeads(dim, findings) : Math.max(1, Math.floor(dim / width));
  divide(config, dim, heads);
  const model = modelOf(config);
  if (!known)
    findings.push({
      severity: 'warning',
      code: 'assumed-activation',
      ...sentence(
        "Nothing says which GELU the file was trained with; OpenAI's QuickGELU is assumed, which most of open_clip's own models do not use.",
      ),
      subject: 'quick_gelu',
    });
  const quick = known ? (model.flag('quick_gelu') ?? false) : true;
  return plainBlock(
    dim,
    heads,
    rows(tensors, 'transformer.resblocks.0.mlp.c_fc.weight') ?? 4 * dim,
    vision.inner('norm_kwargs').number('eps', 0, 1) ?? EPS,
    {
      layerScale: tensors?.has('transformer.resblocks.0.ls_1.gamma') ?? false,
      activation: quick ? 'quick_gelu' : (vision.inner('act_kwargs').oneOf('approximate', GELUS) ?? 'gelu'),
    },
  );
}

/** clip.load's transform: the shorter side, bicubic, and a centre crop; open_clip's config may say otherwise. */
function preprocessing({ config }: FamilyInput, { image }: Architecture): Preprocessing {
  return timmPreprocessing(new Fields(config.source, { pretrained_cfg: openClipTransform(config) }), image, []);
}
