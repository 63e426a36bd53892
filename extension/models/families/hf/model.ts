/**
 * What a vision model of Hugging Face transformers is here: defaults of its configuration class, its key names, and what sets it apart from a ViT.
 * https://github.com/huggingface/transformers/tree/main/src/transformers/models
 */
import type { Architecture, Block, Finding, Resample } from '../../../architecture/description';
import { NAMED_ACTIVATIONS } from '../../../architecture/activations';
import type { Family, FamilyInput, KeyTable, Tensors } from '../../config/family';
import type { Fields } from '../../config/fields';
import { assumeHeads } from '../../config/heads';
import { depthOf, divide, pick, rows } from '../../config/infer';
import { labelCount } from '../../config/labelTable';
import { plainArchitecture, plainBlock } from '../../../architecture/plain';
import { hfPreprocessing, type HfDefaults } from '../../config/preprocessing';
import { sentence, type Sentence } from '../../../errors/sentence';

export interface HfModel {
  name: string;
  title: Sentence;
  /** config.json's model_type; `inside` for towers of a two-tower config (vision_config). */
  types: string[];
  towers: string[];
  anchor: string;
  /** Without a config: what tells it from its siblings with the same anchor. */
  requires?: Family['requires'];
  defaults: Record<string, unknown>;
  /** What its config calls the norms' epsilon: layer_norm_eps where left out. */
  epsField?: string;
  layers: string;
  keys: KeyTable;
  rename?: (name: string) => string;
  /** As in Family. */
  anyHead?: true;
  ignored: RegExp[];
  prefix: (config: Fields, input: FamilyInput) => Architecture['prefix'];
  /** The table, or null for a model without position embeddings. */
  position: { table: string; covers: 'all' | 'class' | 'patches'; resample: Resample } | null;
  /** Whether the classifier is there, and what it reads; and what features are without it. */
  pool: (classifies: boolean, config: Fields, input: FamilyInput) => Architecture['pool'];
  /** What its blocks do differently from ViT's. */
  block?: (config: Fields, dim: number) => Partial<Block>;
  /** What the model does differently around its blocks. */
  change?: (plain: Architecture, classifies: boolean, config: Fields, input: FamilyInput) => Partial<Architecture>;
  /** Config fields that only the tensors can tell when there is no config. */
  shown?: (tensors: Tensors) => Record<string, unknown>;
  /** For pictures of 224 pixels; for others `resizeTo` grows with them. */
  processor: HfDefaults;
  /** Its processor's fields as far as they are read here. */
  processorFields?: (processor: Fields) => Fields;
}

export const CLASS_TOKEN = () => ({ class: true, distillation: false, registers: 0 });

export const BASE = {
  hidden_size: 768,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  image_size: 224,
  patch_size: 16,
  num_channels: 3,
  qkv_bias: true,
};
export const VIT = { ...BASE, intermediate_size: 3072, hidden_act: 'gelu', layer_norm_eps: 1e-12 };
export const hfFamily = (model: HfModel): Family => ({
  name: model.name,
  title: model.title,
  claims: (config) => [...model.types, ...model.towers].includes(config.word('model_type')),
  anchor: model.anchor,
  requires: model.requires,
  architecture: (input) => architecture(model, input),
  preprocessing: ({ processor, findings }, { image }) => {
    const { resizeTo } = model.processor;
    const size = image.height === 224 || !resizeTo ? resizeTo : Math.round((resizeTo * image.height) / 224);
    const fields = processor && (model.processorFields?.(processor) ?? processor);
    return hfPreprocessing(fields, image, { ...model.processor, resizeTo: size }, findings);
  },
  keys: model.keys,
  rename: model.rename,
  anyHead: model.anyHead,
  ignored: model.ignored,
});

function architecture(model: HfModel, input: FamilyInput): Architecture {
  const { config: whole, tensors, findings } = input;
  const tower = model.towers.includes(whole.text('model_type') ?? '');
  const given = tower || whole.has('vision_config') ? whole.inner('vision_config') : whole;
  const projection = tensors?.get(model.anchor);
  const config = given.over(fromTensors(model, input, projection?.shape));
  const dim = config.size('hidden_size', 'dim') ?? 0;
  const heads = config.size('num_attention_heads', 'heads') ?? 0;
  divide(config, dim, heads);
  const image = config.pair('image_size') ?? [224, 224];
  const patch = config.pair('patch_size') ?? [16, 16];
  const classes = classesOf(whole, tensors);
  const epsField = model.epsField ?? 'layer_norm_eps';
  const eps = config.number(epsField, 0, 1) ?? 1e-12;
  if (!given.has(epsField))
    findings.push(assumed('eps', sentence('{0} is not in the config; {1} is assumed.', epsField, eps)));

  const pool = model.pool(classes > 0, config, input);
  const block = plainBlock(dim, heads, config.size('intermediate_size', 'hidden') ?? 4 * dim, eps, {
    qkvBias: config.flag('qkv_bias') ?? true,
    activation: hiddenAct(config),
    ...model.block?.(config, dim),
  });
  const plain: Architecture = plainArchitecture({
    image: { channels: config.size('num_channels', 'channels') ?? 3, height: image[0], width: image[1] },
    tokenizer: { kind: 'patch', patch, bias: true, norm: null },
    dim,
    depth: config.size('num_hidden_layers', 'depth') ?? 12,
    block,
    prefix: model.prefix(config, input),
    position: model.position
      ? {
          kind: 'learned',
          covers: model.position.covers,
          grid: [Math.floor(image[0] / patch[0]), Math.floor(image[1] / patch[1])],
          resample: model.position.resample,
        }
      : { kind: 'none' },
    pool,
    mapPool: pool === 'map' ? { heads, mlpHidden: block.mlpHidden, activation: block.activation, eps } : null,
    classes,
  });
  return { ...plain, ...model.change?.(plain, classes > 0, config, input) };
}

export const hiddenAct = (config: Fields): Block['activation'] =>
  config.oneOf('hidden_act', NAMED_ACTIVATIONS) ?? 'gelu';

/** The configuration class's defaults when there is a config; what the tensors show when there is none. */
function fromTensors(
  model: HfModel,
  { config, tensors, findings }: FamilyInput,
  projection: number[] | undefined,
): Record<string, unknown> {
  if (config.names().length > 0 || !tensors || !projection) return model.defaults;
  const [dim = 768, channels = 3, height = 16, width = 16] = projection;
  const distilled = tensors.has('embeddings.distillation_token');
  const prefix = { patches: 0, class: 1, all: distilled ? 2 : 1 }[model.position?.covers ?? 'patches'];
  const count = model.position ? (tensors.get(model.position.table)?.shape.at(-2) ?? prefix + 1) : 0;
  const side = Math.round(Math.sqrt(Math.max(1, count - prefix)));
  const hidden = pick(tensors, /(intermediate\.dense|mlp\.fc1)\.weight$/)?.shape[0];
  return {
    ...model.defaults,
    hidden_size: dim,
    num_channels: channels,
    patch_size: [height, width],
    ...(model.position ? { image_size: [side * height, side * width] } : {}),
    num_hidden_layers: depthOf(tensors, model.layers) ?? 12,
    num_attention_heads: assumeHeads(dim, findings),
    ...(hidden ? { intermediate_size: hidden, mlp_ratio: hidden / dim } : {}),
    use_swiglu_ffn: pick(tensors, /mlp\.(weights_in|gate_proj)\.weight$/) !== undefined,
    qkv_bias: pick(tensors, /(query|q_proj)\.bias$/) !== undefined,
    ...model.shown?.(tensors),
  };
}

/** As many as the classifier has rows; without weights as many as are named. */
function classesOf(config: Fields, tensors: FamilyInput['tensors']): number {
  const found = rows(tensors, 'classifier.weight') ?? rows(tensors, 'cls_classifier.weight');
  const classifies = /ForImageClassification/.test(JSON.stringify(config.get('architectures') ?? ''));
  if (found === undefined && !classifies) return 0;
  return found ?? (labelCount(config) || (config.size('num_labels', 'classes') ?? 2));
}

const assumed = (what: string, said: Sentence): Finding => ({ severity: 'info', code: `assumed-${what}`, ...said });
