/**
 * The official T2T-ViT releases: token stages that are Transformers (t2t_vit_t_14, _19, _24) or Performers (t2t_vit_7 to 24).
 * https://github.com/yitu-opensource/T2T-ViT (models/t2t_vit.py, token_transformer.py, token_performer.py).
 */
import type { Architecture, Block } from '../../architecture/description';
import type { Family, FamilyInput, KeyTable } from '../config/family';
import { assumeHeads, usualHeads } from '../config/heads';
import { depthOf, divide, inferGrid, pick, rows } from '../config/infer';
import { MOST_RATIO } from '../../architecture/limits';
import { plainArchitecture, plainBlock } from '../../architecture/plain';
import { timmPreprocessing } from '../config/preprocessing';
import { sentence } from '../../errors/sentence';

const SPLITS = [
  { kernel: 7, stride: 4, padding: 2 },
  { kernel: 3, stride: 2, padding: 1 },
  { kernel: 3, stride: 2, padding: 1 },
];
const STRIDE = 16;
/** torch's LayerNorm default. */
const EPS = 1e-5;
const ARGUMENTS = [
  'img_size',
  'in_chans',
  'embed_dim',
  'depth',
  'num_heads',
  'mlp_ratio',
  'qkv_bias',
  'qk_scale',
  'token_dim',
];
/** Token lengths of the published weights, whose scale is not the constructor's default. */
const PUBLISHED = new Set([256, 384, 448, 512]);

export const t2t: Family = {
  name: 't2t',
  title: sentence('T2T-ViT (official, Transformer token stages)'),
  claims: (config) => /^t2t_vit_t_\d+$/i.test(config.word('architecture')),
  anchor: 'tokens_to_token.attention1.attn.qkv.weight',
  architecture: (input) => architecture(input),
  preprocessing: ({ config, findings }, { image }) => timmPreprocessing(config, image, findings),
  keys: {
    'tokenizer.stages.0.norm1.*': [['tokens_to_token.attention1.norm1.*']],
    'tokenizer.stages.0.norm2.*': [['tokens_to_token.attention1.norm2.*']],
    'tokenizer.stages.0.attn.qkv.*': [['tokens_to_token.attention1.attn.qkv.*']],
    'tokenizer.stages.0.attn.proj.*': [['tokens_to_token.attention1.attn.proj.*']],
    'tokenizer.stages.0.mlp.fc1.*': [['tokens_to_token.attention1.mlp.fc1.*']],
    'tokenizer.stages.0.mlp.fc2.*': [['tokens_to_token.attention1.mlp.fc2.*']],
    'tokenizer.stages.1.norm1.*': [['tokens_to_token.attention2.norm1.*']],
    'tokenizer.stages.1.norm2.*': [['tokens_to_token.attention2.norm2.*']],
    'tokenizer.stages.1.attn.qkv.*': [['tokens_to_token.attention2.attn.qkv.*']],
    'tokenizer.stages.1.attn.proj.*': [['tokens_to_token.attention2.attn.proj.*']],
    'tokenizer.stages.1.mlp.fc1.*': [['tokens_to_token.attention2.mlp.fc1.*']],
    'tokenizer.stages.1.mlp.fc2.*': [['tokens_to_token.attention2.mlp.fc2.*']],
    'patch_embed.proj.*': [['tokens_to_token.project.*']],
  },
  ignored: [],
  noWeightDecay: ['cls_token'],
};

const STAGE = 'tokens_to_token.attention';
/** Performer stages have one matrix for K, Q and V, in that order, and the drawn features in `w`. */
const performerKeys = (stage: 0 | 1): KeyTable => {
  const [at, from] = [`tokenizer.stages.${stage}.`, `${STAGE}${stage + 1}.`];
  const kqv = `${from}kqv.*`;
  return {
    [`${at}norm1.*`]: [[`${from}norm1.*`]],
    [`${at}norm2.*`]: [[`${from}norm2.*`]],
    [`${at}attn.qkv.*`]: [
      [
        { key: kqv, thirds: [1, 2] },
        { key: kqv, thirds: [0, 1] },
        { key: kqv, thirds: [2, 3] },
      ],
    ],
    [`${at}attn.features`]: [[`${from}w`]],
    [`${at}attn.proj.*`]: [[`${from}proj.*`]],
    [`${at}mlp.fc1.*`]: [[`${from}mlp.0.*`]],
    [`${at}mlp.fc2.*`]: [[`${from}mlp.2.*`]],
  };
};

export const t2tPerformer: Family = {
  ...t2t,
  name: 't2t-performer',
  title: sentence('T2T-ViT (official, Performer token stages)'),
  claims: (config) => /^t2t_vit_\d+$/i.test(config.word('architecture')),
  anchor: `${STAGE}1.kqv.weight`,
  architecture: (input) => {
    const plain = architecture(input, `${STAGE}1.kqv.weight`, `${STAGE}1.proj.weight`);
    if (plain.tokenizer.kind !== 'soft-split') return plain;
    const stages = plain.tokenizer.stages.map((stage, i): Block => {
      const features = rows(input.tensors, `${STAGE}${i + 1}.w`) ?? Math.floor(stage.dim / 2);
      return { ...stage, qkvBias: true, performer: { features } };
    });
    return { ...plain, tokenizer: { ...plain.tokenizer, stages } };
  },
  keys: {
    ...performerKeys(0),
    ...performerKeys(1),
    'patch_embed.proj.*': [['tokens_to_token.project.*']],
  },
};

function architecture(
  { config, tensors, findings }: FamilyInput,
  qkv = 'tokens_to_token.attention1.attn.qkv.weight',
  proj = 'tokens_to_token.attention1.attn.proj.weight',
): Architecture {
  const args = config.modelArguments(ARGUMENTS);
  const dim = args.size('embed_dim', 'dim') ?? rows(tensors, 'tokens_to_token.project.weight') ?? 384;
  const channels = args.size('token_dim', 'dim') ?? rows(tensors, proj) ?? 64;
  const inChannels = args.size('in_chans', 'channels') ?? (tensors?.get(qkv)?.shape[1] ?? 147) / 49;
  const heads = args.size('num_heads', 'heads') ?? (PUBLISHED.has(dim) ? usualHeads(dim) : assumeHeads(dim, findings));
  const headDim = divide(config, dim, heads);
  const table = tensors?.get('pos_embed')?.shape.at(-2);
  const trained = (table === undefined ? undefined : inferGrid(table, [1])) ?? [14, 14];
  const size = args.pair('img_size') ?? [trained[0] * STRIDE, trained[1] * STRIDE];
  const hidden = pick(tensors, /^blocks\.0\.mlp\.fc1\.weight$/)?.shape[0];
  const ratio = args.number('mlp_ratio', 0, MOST_RATIO);
  const bias = args.flag('qkv_bias') ?? pick(tensors, /^blocks\.\d+\.attn\.qkv\.bias$/) !== undefined;
  // Published weights were trained with the scale of the whole width (yitu-opensource/T2T-ViT issue 62), not of one head.
  const published = PUBLISHED.has(dim) && heads === usualHeads(dim);
  const scale = args.number('qk_scale') ?? (published ? dim : headDim) ** -0.5;
  if (!args.has('qk_scale')) {
    findings.push({
      severity: 'info',
      code: 'assumed-qk-scale',
      ...(published
        ? sentence(
            "Q is scaled by {0}^-0.5 as the published weights need; a model trained with one head's width ({1}^-0.5) wants qk_scale in model_args.",
            dim,
            headDim,
          )
        : sentence(
            "Q is scaled by one head's width, {0}^-0.5; a model trained with the whole width ({1}^-0.5, as the published ones) wants qk_scale in model_args.",
            headDim,
            dim,
          )),
      subject: 'qk_scale',
    });
  }
  const block = plainBlock(dim, heads, ratio === undefined ? (hidden ?? 3 * dim) : Math.trunc(dim * ratio), EPS, {
    qkvBias: bias,
    scale,
  });
  return plainArchitecture({
    image: { channels: inChannels, height: size[0], width: size[1] },
    tokenizer: {
      kind: 'soft-split',
      splits: SPLITS,
      stages: [tokenTransformer(inChannels * 49, channels), tokenTransformer(channels * 9, channels)],
      bias: true,
    },
    dim,
    depth: args.size('depth', 'depth') ?? depthOf(tensors, 'blocks.{i}.') ?? 14,
    block,
    position: { kind: 'sinusoid', covers: 'all', grid: [size[0] / STRIDE, size[1] / STRIDE], resample: 'bicubic' },
    classes: config.size('num_classes', 'classes', 0) ?? rows(tensors, 'head.weight') ?? 0,
  });
}

/** Token_transformer: its scale is that of the incoming length, V is added after the projection, and there is no residual around it. */
function tokenTransformer(dimIn: number, dim: number): Block {
  return plainBlock(dim, 1, dim, EPS, {
    dimIn,
    scale: dimIn ** -0.5,
    qkvBias: false,
    valueSkip: true,
    attnResidual: false,
  });
}
