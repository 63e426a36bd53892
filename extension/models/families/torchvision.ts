/** torchvision's vit_b_16, vit_b_32, vit_l_16, vit_l_32, vit_h_14. https://github.com/pytorch/vision (models/vision_transformer.py) */
import type { Preprocessing } from '../../image/preprocessing';
import type { Architecture } from '../../architecture/description';
import type { Family, FamilyInput } from '../config/family';
import { assumeHeads, usualHeads } from '../config/heads';
import { depthOf, divide, inferGrid, pick, rows } from '../config/infer';
import { plainArchitecture, plainBlock } from '../../architecture/plain';
import { statistics } from '../config/preprocessing';
import { verbatim } from '../../errors/sentence';

/** Token lengths of the published models. Heads are not in the file. */
const PUBLISHED = new Set([768, 1024, 1280]);
const EPS = 1e-6;

export const torchvision: Family = {
  name: 'torchvision',
  title: verbatim('torchvision VisionTransformer'),
  claims: (config) => /^vit_[blh]_\d+$/.test(config.word('architecture')),
  anchor: 'conv_proj.weight',
  architecture,
  preprocessing,
  keys: {
    'patch_embed.proj.*': [['conv_proj.*']],
    cls_token: [['class_token']],
    pos_embed: [['encoder.pos_embedding']],
    'norm.*': [['encoder.ln.*']],
    'projection.*': [['heads.pre_logits.*']],
    'head.*': [['heads.head.*'], ['heads.0.*']],
    'blocks.{i}.norm1.*': [['encoder.layers.encoder_layer_{i}.ln_1.*']],
    'blocks.{i}.norm2.*': [['encoder.layers.encoder_layer_{i}.ln_2.*']],
    'blocks.{i}.attn.qkv.*': [['encoder.layers.encoder_layer_{i}.self_attention.in_proj_*']],
    'blocks.{i}.attn.proj.*': [['encoder.layers.encoder_layer_{i}.self_attention.out_proj.*']],
    // MLPBlock was renamed in torchvision 0.13 (linear_1, linear_2 -> 0, 3).
    'blocks.{i}.mlp.fc1.*': [
      ['encoder.layers.encoder_layer_{i}.mlp.0.*'],
      ['encoder.layers.encoder_layer_{i}.mlp.linear_1.*'],
    ],
    'blocks.{i}.mlp.fc2.*': [
      ['encoder.layers.encoder_layer_{i}.mlp.3.*'],
      ['encoder.layers.encoder_layer_{i}.mlp.linear_2.*'],
    ],
  },
  ignored: [],
};

function architecture({ config, tensors, findings }: FamilyInput): Architecture {
  const projection = tensors?.get('conv_proj.weight')?.shape;
  const dim = config.size('hidden_dim', 'dim') ?? projection?.[0] ?? 768;
  const patch = config.pair('patch_size') ?? [projection?.[2] ?? 16, projection?.[3] ?? 16];
  const heads =
    config.size('num_heads', 'heads') ?? (PUBLISHED.has(dim) ? usualHeads(dim) : assumeHeads(dim, findings));
  divide(config, dim, heads);
  const table = tensors?.get('encoder.pos_embedding')?.shape.at(-2);
  const grid = (table === undefined ? undefined : inferGrid(table, [1])) ?? [14, 14];
  const image = config.pair('image_size') ?? [grid[0] * patch[0], grid[1] * patch[1]];
  const hidden = config.size('mlp_dim', 'hidden') ?? pick(tensors, /\.mlp\.(0|linear_1)\.weight$/)?.shape[0] ?? 4 * dim;
  const block = plainBlock(dim, heads, hidden, EPS);
  const representation = rows(tensors, 'heads.pre_logits.weight') ?? config.size('representation_size', 'dim');
  const classes =
    config.size('num_classes', 'classes', 0) ??
    rows(tensors, 'heads.head.weight') ??
    rows(tensors, 'heads.0.weight') ??
    0;
  return plainArchitecture({
    image: { channels: projection?.[1] ?? 3, height: image[0], width: image[1] },
    tokenizer: { kind: 'patch', patch, bias: true, norm: null },
    dim,
    depth: config.size('num_layers', 'depth') ?? depthOf(tensors, 'encoder.layers.encoder_layer_{i}.') ?? 12,
    block,
    // torchvision.models.vision_transformer.interpolate_embeddings: bicubic, align_corners, for checkpoints; here HF's.
    position: {
      kind: 'learned',
      covers: 'all',
      grid: [Math.floor(image[0] / patch[0]), Math.floor(image[1] / patch[1])],
      resample: 'bicubic',
    },
    projection: representation === undefined ? null : { length: representation, bias: true, activation: 'tanh' },
    classes,
  });
}

/** torchvision.transforms._presets.ImageClassification: 256 -> 224 bilinear; the fine-tuned (SWAG) sizes resize to the crop, bicubic. */
function preprocessing({ config, findings }: FamilyInput, { image }: Architecture): Preprocessing {
  const swag = image.height > 224;
  const { mean, std } = statistics(
    config,
    ['mean', 'std'],
    image.channels,
    swag || config.has('architecture') ? [] : findings,
  );
  const square = image.height === image.width;
  return {
    channels: image.channels,
    resize: square
      ? { kind: 'shorter-side', size: swag ? image.height : Math.round((image.height * 256) / 224) }
      : { kind: 'exact', height: image.height, width: image.width },
    interpolation: swag ? 'bicubic' : 'bilinear',
    crop: { height: image.height, width: image.width, fill: [0, 0, 0] },
    rescale: 1 / 255,
    mean,
    std,
  };
}
