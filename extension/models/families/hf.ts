/**
 * The vision models of Hugging Face transformers, as rows: defaults of their configuration classes, and their key names.
 * https://github.com/huggingface/transformers/tree/main/src/transformers/models
 */
import type { Architecture, Finding } from '../../architecture/description';
import { ACTIVATIONS } from './activations';
import type { Family, FamilyInput, KeyTable } from './family';
import { MOST_BLOCKS, type Fields } from './fields';
import { assumeHeads, depthOf, divide, pick, rows } from './infer';
import { plainBlock } from '../../architecture/plain';
import { CLIP, HALF, hfPreprocessing, IMAGENET, type HfDefaults } from './preprocessing';

interface HfModel {
  name: string;
  title: string;
  /** config.json's model_type; `inside` for towers of a two-tower config (vision_config). */
  types: string[];
  towers: string[];
  anchor: string;
  /** Without a config: what tells it from its siblings with the same anchor. */
  tell?: RegExp;
  defaults: Record<string, unknown>;
  layers: string;
  keys: KeyTable;
  ignored: RegExp[];
  prefix: (config: Fields, input: FamilyInput) => Architecture['prefix'];
  position: { table: string; covers: 'all' | 'class' | 'patches'; resample: 'bicubic' | 'bicubic-antialias' };
  /** Whether the classifier is there, and what it reads; and what features are without it. */
  pool: (classifies: boolean, config: Fields, input: FamilyInput) => Architecture['pool'];
  processor: HfDefaults;
}

const CLASS_TOKEN = () => ({ class: true, distillation: false, registers: 0 });
const RESNET_SIZE = 256;

/** ViT, DeiT and DINOv2 keep Q, K and V apart, two levels deep. */
const ATTENTION: KeyTable = {
  'blocks.{i}.attn.qkv.*': [
    [
      'encoder.layer.{i}.attention.attention.query.*',
      'encoder.layer.{i}.attention.attention.key.*',
      'encoder.layer.{i}.attention.attention.value.*',
    ],
  ],
  'blocks.{i}.attn.proj.*': [['encoder.layer.{i}.attention.output.dense.*']],
};
const EMBEDDINGS: KeyTable = {
  'patch_embed.proj.*': [['embeddings.patch_embeddings.projection.*']],
  cls_token: [['embeddings.cls_token']],
  dist_token: [['embeddings.distillation_token']],
  reg_token: [['embeddings.register_tokens']],
  pos_embed: [['embeddings.position_embeddings']],
  'norm.*': [['layernorm.*']],
  'head.*': [['classifier.*'], ['cls_classifier.*']],
  'head_dist.*': [['distillation_classifier.*']],
};
const VIT_KEYS: KeyTable = {
  ...EMBEDDINGS,
  ...ATTENTION,
  'blocks.{i}.norm1.*': [['encoder.layer.{i}.layernorm_before.*']],
  'blocks.{i}.norm2.*': [['encoder.layer.{i}.layernorm_after.*']],
  'blocks.{i}.mlp.fc1.*': [['encoder.layer.{i}.intermediate.dense.*']],
  'blocks.{i}.mlp.fc2.*': [['encoder.layer.{i}.output.dense.*']],
};
const DINOV2_KEYS: KeyTable = {
  ...EMBEDDINGS,
  ...ATTENTION,
  'blocks.{i}.norm1.*': [['encoder.layer.{i}.norm1.*']],
  'blocks.{i}.norm2.*': [['encoder.layer.{i}.norm2.*']],
  'blocks.{i}.ls1.gamma': [['encoder.layer.{i}.layer_scale1.lambda1']],
  'blocks.{i}.ls2.gamma': [['encoder.layer.{i}.layer_scale2.lambda1']],
  'blocks.{i}.mlp.fc1.*': [['encoder.layer.{i}.mlp.fc1.*'], ['encoder.layer.{i}.mlp.weights_in.*']],
  'blocks.{i}.mlp.fc2.*': [['encoder.layer.{i}.mlp.fc2.*'], ['encoder.layer.{i}.mlp.weights_out.*']],
};
/** CLIP and SigLIP towers. */
const TOWER_KEYS: KeyTable = {
  'patch_embed.proj.*': [['embeddings.patch_embedding.*']],
  cls_token: [['embeddings.class_embedding']],
  pos_embed: [['embeddings.position_embedding.weight']],
  'norm_pre.*': [['pre_layrnorm.*']],
  'norm.*': [['post_layernorm.*']],
  'blocks.{i}.norm1.*': [['encoder.layers.{i}.layer_norm1.*']],
  'blocks.{i}.norm2.*': [['encoder.layers.{i}.layer_norm2.*']],
  'blocks.{i}.attn.qkv.*': [
    [
      'encoder.layers.{i}.self_attn.q_proj.*',
      'encoder.layers.{i}.self_attn.k_proj.*',
      'encoder.layers.{i}.self_attn.v_proj.*',
    ],
  ],
  'blocks.{i}.attn.proj.*': [['encoder.layers.{i}.self_attn.out_proj.*']],
  'blocks.{i}.mlp.fc1.*': [['encoder.layers.{i}.mlp.fc1.*']],
  'blocks.{i}.mlp.fc2.*': [['encoder.layers.{i}.mlp.fc2.*']],
  'attn_pool.latent': [['head.probe']],
  'attn_pool.q.*': [[{ key: 'head.attention.in_proj_*', thirds: [0, 1] }]],
  'attn_pool.kv.*': [[{ key: 'head.attention.in_proj_*', thirds: [1, 3] }]],
  'attn_pool.proj.*': [['head.attention.out_proj.*']],
  'attn_pool.norm.*': [['head.layernorm.*']],
  'attn_pool.mlp.fc1.*': [['head.mlp.fc1.*']],
  'attn_pool.mlp.fc2.*': [['head.mlp.fc2.*']],
  'head.*': [['classifier.*']],
};
const TOWER_IGNORED = [
  /^text_model\./,
  /^(text_projection|visual_projection)\./,
  /^logit_(scale|bias)$/,
  /position_ids$/,
];

const BASE = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  image_size: 224,
  patch_size: 16,
  num_channels: 3,
  qkv_bias: true,
};
const VIT = { ...BASE, intermediate_size: 3072, hidden_act: 'gelu', layer_norm_eps: 1e-12 };
const DINOV2 = { ...BASE, mlp_ratio: 4, hidden_act: 'gelu', layer_norm_eps: 1e-6, use_swiglu_ffn: false };

const MODELS: HfModel[] = [
  {
    name: 'hf-dinov2-registers',
    title: 'Hugging Face DINOv2 with registers',
    types: ['dinov2_with_registers'],
    towers: [],
    anchor: 'embeddings.patch_embeddings.projection.weight',
    tell: /^embeddings\.register_tokens$/,
    defaults: { ...DINOV2, num_register_tokens: 4 },
    layers: 'encoder.layer.{i}.',
    keys: DINOV2_KEYS,
    ignored: [/^embeddings\.mask_token$/],
    prefix: (config, { tensors }) => ({
      class: true,
      distillation: false,
      registers: tensors?.get('embeddings.register_tokens')?.shape.at(-2) ?? config.size('num_register_tokens', 0) ?? 4,
    }),
    position: { table: 'embeddings.position_embeddings', covers: 'class', resample: 'bicubic-antialias' },
    pool: (classifies) => (classifies ? 'class-avg' : 'token'),
    processor: { ...IMAGENET, interpolation: 'bicubic', resizeTo: RESNET_SIZE, shorterSide: true },
  },
  {
    name: 'hf-dinov2',
    title: 'Hugging Face DINOv2',
    types: ['dinov2'],
    towers: [],
    anchor: 'embeddings.patch_embeddings.projection.weight',
    tell: /\.layer_scale1\.lambda1$/,
    defaults: DINOV2,
    layers: 'encoder.layer.{i}.',
    keys: DINOV2_KEYS,
    ignored: [/^embeddings\.mask_token$/],
    prefix: CLASS_TOKEN,
    position: { table: 'embeddings.position_embeddings', covers: 'all', resample: 'bicubic' },
    pool: (classifies) => (classifies ? 'class-avg' : 'token'),
    processor: { ...IMAGENET, interpolation: 'bicubic', resizeTo: RESNET_SIZE, shorterSide: true },
  },
  {
    name: 'hf-deit',
    title: 'Hugging Face DeiT',
    types: ['deit'],
    towers: [],
    anchor: 'embeddings.patch_embeddings.projection.weight',
    tell: /^embeddings\.distillation_token$/,
    defaults: VIT,
    layers: 'encoder.layer.{i}.',
    keys: VIT_KEYS,
    ignored: [/^pooler\./, /^embeddings\.mask_token$/, /^decoder\./],
    prefix: () => ({ class: true, distillation: true, registers: 0 }),
    position: { table: 'embeddings.position_embeddings', covers: 'all', resample: 'bicubic' },
    pool: (classifies, _config, { tensors, config }) =>
      classifies && (tensors?.has('distillation_classifier.weight') || /WithTeacher/.test(JSON.stringify(config.get('architectures') ?? '')))
        ? 'distilled'
        : 'token',
    processor: { ...IMAGENET, interpolation: 'bicubic', resizeTo: RESNET_SIZE, shorterSide: false },
  },
  {
    name: 'hf-vit',
    title: 'Hugging Face ViT',
    types: ['vit', 'vit_msn', 'vit_mae'],
    towers: [],
    anchor: 'embeddings.patch_embeddings.projection.weight',
    defaults: VIT,
    layers: 'encoder.layer.{i}.',
    keys: VIT_KEYS,
    ignored: [/^pooler\./, /^embeddings\.mask_token$/, /^decoder\./],
    prefix: CLASS_TOKEN,
    position: { table: 'embeddings.position_embeddings', covers: 'all', resample: 'bicubic' },
    pool: () => 'token',
    processor: { ...HALF, interpolation: 'bilinear', resizeTo: null, shorterSide: false },
  },
  {
    name: 'hf-clip',
    title: 'Hugging Face CLIP vision tower',
    types: ['clip_vision_model'],
    towers: ['clip'],
    anchor: 'embeddings.patch_embedding.weight',
    tell: /^pre_layrnorm\.weight$/,
    defaults: { ...VIT, hidden_act: 'quick_gelu', layer_norm_eps: 1e-5, patch_size: 32 },
    layers: 'encoder.layers.{i}.',
    keys: TOWER_KEYS,
    // CLIPForImageClassification keeps post_layernorm and averages without it.
    ignored: [...TOWER_IGNORED, /^post_layernorm\./],
    prefix: CLASS_TOKEN,
    position: { table: 'embeddings.position_embedding.weight', covers: 'all', resample: 'bicubic' },
    pool: (classifies) => (classifies ? 'avg' : 'token'),
    processor: { ...CLIP, interpolation: 'bicubic', resizeTo: 224, shorterSide: true },
  },
  {
    name: 'hf-siglip',
    title: 'Hugging Face SigLIP vision tower',
    types: ['siglip_vision_model'],
    towers: ['siglip'],
    anchor: 'embeddings.patch_embedding.weight',
    defaults: { ...VIT, hidden_act: 'gelu_pytorch_tanh', layer_norm_eps: 1e-6 },
    layers: 'encoder.layers.{i}.',
    keys: TOWER_KEYS,
    // SiglipForImageClassification keeps the pooling head's weights and pools without them.
    ignored: [...TOWER_IGNORED, /^head\./],
    prefix: () => ({ class: false, distillation: false, registers: 0 }),
    position: { table: 'embeddings.position_embedding.weight', covers: 'patches', resample: 'bicubic' },
    pool: (classifies, config) => (classifies || config.flag('vision_use_head') === false ? 'avg' : 'map'),
    processor: { ...HALF, interpolation: 'bicubic', resizeTo: null, shorterSide: false },
  },
]; // prettier-ignore

export const HF_FAMILIES: Family[] = MODELS.map((model): Family => ({
  name: model.name,
  title: model.title,
  claims: (config) => {
    const type = config.get('model_type');
    return typeof type === 'string' && [...model.types, ...model.towers].includes(type);
  },
  anchor: model.anchor,
  tell: model.tell,
  architecture: (input) => architecture(model, input),
  preprocessing: ({ processor, findings }, { image }) => {
    const size =
      image.height === 224 || !model.processor.resizeTo
        ? model.processor.resizeTo
        : Math.round((model.processor.resizeTo * image.height) / 224);
    return hfPreprocessing(processor, image, { ...model.processor, resizeTo: size }, findings);
  },
  keys: model.keys,
  ignored: model.ignored,
}));

function architecture(model: HfModel, input: FamilyInput): Architecture {
  const { config: whole, tensors, findings } = input;
  const tower = model.towers.includes(whole.text('model_type') ?? '');
  const given = tower || whole.has('vision_config') ? whole.inner('vision_config') : whole;
  const projection = tensors?.get(model.anchor);
  const config = given.over(fromTensors(model, input, projection?.shape));
  const dim = config.size('hidden_size') ?? 0;
  const heads = config.size('num_attention_heads') ?? 0;
  divide(config, dim, heads);
  const image = config.pair('image_size') ?? [224, 224];
  const patch = config.pair('patch_size') ?? [16, 16];
  const classes = classesOf(whole, tensors);
  const eps = config.number('layer_norm_eps') ?? 1e-12;
  if (!given.has('layer_norm_eps'))
    findings.push(assumed('eps', `layer_norm_eps is not in the config; ${eps} is assumed.`));

  const pool = model.pool(classes > 0, config, input);
  const clip = model.name === 'hf-clip';
  const block = blockOf(model, config, dim, heads, eps);
  return {
    image: { channels: config.size('num_channels') ?? 3, height: image[0], width: image[1] },
    tokenizer: { kind: 'patch', patch, bias: !clip },
    dim,
    depth: config.size('num_hidden_layers', 1, MOST_BLOCKS) ?? 12,
    block,
    prefix: model.prefix(config, input),
    position: {
      kind: 'learned',
      covers: model.position.covers,
      grid: [Math.floor(image[0] / patch[0]), Math.floor(image[1] / patch[1])],
      resample: model.position.resample,
    },
    preNorm: clip ? block.norm : null,
    // CLIPForImageClassification averages tokens that have not been through post_layernorm.
    finalNorm: clip && classes > 0 ? null : block.norm,
    pool,
    poolIncludesPrefix: false,
    fcNorm: null,
    mapPool: pool === 'map' ? { heads, mlpHidden: block.mlpHidden, activation: block.activation, eps } : null,
    classes,
    headBias: true,
  };
}

function blockOf(model: HfModel, config: Fields, dim: number, heads: number, eps: number): Architecture['block'] {
  const activation = config.oneOf('hidden_act', ACTIVATIONS) ?? 'gelu';
  const swiglu = config.flag('use_swiglu_ffn') ?? false;
  const dinov2 = model.name.startsWith('hf-dinov2');
  const hidden = dinov2
    ? Math.trunc(dim * (config.number('mlp_ratio') ?? 4))
    : (config.size('intermediate_size') ?? 4 * dim);
  // Dinov2SwiGLUFFN: two thirds of the width, up to a multiple of 8; both halves in one matrix.
  const gated = 2 * Math.floor((Math.trunc((hidden * 2) / 3) + 7) / 8) * 8;
  return plainBlock(dim, heads, swiglu ? gated : hidden, eps, {
    qkvBias: config.flag('qkv_bias') ?? true,
    layerScale: dinov2,
    mlp: swiglu ? 'swiglu' : 'mlp',
    activation: swiglu ? 'silu' : activation,
  });
}

/** The configuration class's defaults when there is a config; what the tensors show when there is none. */
function fromTensors(
  model: HfModel,
  { config, tensors, findings }: FamilyInput,
  projection: number[] | undefined,
): Record<string, unknown> {
  if (config.names().length > 0 || !tensors || !projection) return model.defaults;
  const [dim = 768, channels = 3, height = 16, width = 16] = projection;
  const count = tensors.get(model.position.table)?.shape.at(-2) ?? 0;
  const prefix = { patches: 0, class: 1, all: tensors.has('embeddings.distillation_token') ? 2 : 1 }[
    model.position.covers
  ];
  const side = Math.round(Math.sqrt(Math.max(1, count - prefix)));
  const hidden = pick(tensors, /(intermediate\.dense|mlp\.fc1)\.weight$/)?.shape[0];
  return {
    ...model.defaults,
    hidden_size: dim,
    num_channels: channels,
    patch_size: [height, width],
    image_size: [side * height, side * width],
    num_hidden_layers: depthOf(tensors, model.layers) ?? 12,
    num_attention_heads: assumeHeads(dim, findings),
    ...(hidden ? { intermediate_size: hidden, mlp_ratio: hidden / dim } : {}),
    use_swiglu_ffn: pick(tensors, /mlp\.weights_in\.weight$/) !== undefined,
    qkv_bias: pick(tensors, /(query|q_proj)\.bias$/) !== undefined,
  };
}

/** transformers counts labels by id2label; a classifier without one has as many as its rows. */
function classesOf(config: Fields, tensors: FamilyInput['tensors']): number {
  const found = rows(tensors, 'classifier.weight') ?? rows(tensors, 'cls_classifier.weight');
  const classifies = /ForImageClassification/.test(JSON.stringify(config.get('architectures') ?? ''));
  if (found === undefined && !classifies) return 0;
  const listed = config.inner('id2label').names().length;
  return listed > 0 ? listed : (config.size('num_labels') ?? found ?? 2);
}

const assumed = (what: string, message: string): Finding => ({ severity: 'info', code: `assumed-${what}`, message });
