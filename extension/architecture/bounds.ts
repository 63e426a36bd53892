/**
 * Whether every number of an architecture is one that can be worked with, whatever file it came from: checked before anything
 * is allocated by it. Products come after their factors, so that each is exact.
 */
import { sentence, type Sentence } from '../errors/sentence';
import { softSplitGrids } from '../image/geometry';
import type { Architecture, Block, Norm } from './description';
import { gridOf } from './grid';
import { LIMITS, MOST_MULTIPLICATIONS } from './limits';
import { positionRows, prefixCount } from './tensors';
import { multiplications } from './work';

/** A number and where it may lie. `fields` are the config's names for it, or for what it is computed from. */
interface Bounded {
  what: Sentence;
  value: number;
  most: number;
  /** 1 when left out. */
  least?: number;
  /** Any number between, not only whole ones. */
  fraction?: boolean;
  fields: string[];
}

export type OutOfBounds = Required<Omit<Bounded, 'fraction'>> & {
  /** "the depth is 5000, but must be a whole number from 0 to 1024" */
  said: Sentence;
};

const IMAGE = ['img_size', 'image_size', 'input_size', 'crop_size', 'size', 'num_channels', 'in_chans'];
const PATCH = ['patch_size', 'softsplit_kernels'];
const DIM = ['token_len', 'embed_dim', 'hidden_size', 'hidden_dim', 'chan', 'dim', 'token_chan', 'token_dim'];
const DEPTH = ['depth', 'num_hidden_layers', 'num_layers'];
const HEADS = ['num_heads', 'num_attention_heads'];
const HIDDEN = [
  'Encoding_hidden_chan_mul',
  'T2T_hidden_chan_mul',
  'hidden_chan_mul',
  'hidden_chan',
  'mlp_ratio',
  'mlp_dim',
  'intermediate_size',
];
const CLASSES = ['preds', 'num_classes', 'num_labels', 'id2label'];
const REGISTERS = ['reg_tokens', 'num_register_tokens'];
const PROJECTION = ['representation_size', 'projection_dim'];
const ROTARY = ['rope_theta', 'rope_temperature', 'rope_grid_offset', 'ref_feat_shape'];
const EPS = ['norm_eps', 'layer_norm_eps'];

/** The largest finite float32. */
export const LARGEST_FLOAT = (2 - 2 ** -23) * 2 ** 127;

/** Null when every number is in its bounds. */
export const outOfBounds = (architecture: Architecture): OutOfBounds | null => firstWrong(sizesOf(architecture));

export const blockOutOfBounds = (block: Block): OutOfBounds | null =>
  firstWrong(blockSizes(sentence('the block'), block));

export const imageOutOfBounds = (image: Architecture['image']): OutOfBounds | null => firstWrong(imageSizes(image));

function firstWrong(sizes: Iterable<Bounded>): OutOfBounds | null {
  for (const size of sizes) {
    const { what, value, most, least = 1, fraction = false, fields } = size;
    if (value >= least && value <= most && (fraction || Number.isInteger(value))) continue;
    const said = fraction
      ? sentence('{0} is {1}, but must be a number from {2} to {3}', what, value, least, most)
      : sentence('{0} is {1}, but must be a whole number from {2} to {3}', what, value, least, most);
    return { ...size, least, fields, said };
  }
  return null;
}

function* sizesOf(architecture: Architecture): Generator<Bounded> {
  const { image, dim, depth, block, prefix, position, mapPool, classes } = architecture;
  yield* imageSizes(image);
  yield { what: sentence('the token length'), value: dim, most: LIMITS.dim, fields: DIM };
  yield { what: sentence('the depth'), value: depth, most: LIMITS.depth, least: 0, fields: DEPTH };
  yield { what: sentence('the number of classes'), value: classes, most: LIMITS.classes, least: 0, fields: CLASSES };
  yield {
    what: sentence('the number of registers'),
    value: prefix.registers,
    most: LIMITS.registers,
    least: 0,
    fields: REGISTERS,
  };
  yield {
    what: sentence('the number of detection tokens'),
    value: prefix.detection ?? 0,
    most: LIMITS.registers,
    least: 0,
    fields: ['num_detection_tokens'],
  };
  yield* architecture.tokenizer.kind === 'patch' ? patchSizes(architecture) : softSplitSizes(architecture);
  const [rows, columns] = gridOf(architecture);
  const tokens = rows * columns + prefixCount(prefix);
  yield {
    what: sentence('the number of tokens'),
    value: tokens,
    most: LIMITS.tokens,
    fields: [...IMAGE, ...PATCH, ...REGISTERS],
  };
  yield* blockSizes(sentence('the encoding block'), block);
  if (position.kind !== 'none') {
    const [rows, columns] = position.grid;
    yield {
      what: sentence("the number of rows of the position table's grid"),
      value: rows,
      most: LIMITS.positions,
      fields: IMAGE,
    };
    yield {
      what: sentence("the number of columns of the position table's grid"),
      value: columns,
      most: LIMITS.positions,
      fields: IMAGE,
    };
    const value = positionRows(architecture);
    yield { what: sentence('the number of positions'), value, most: LIMITS.positions, fields: [...IMAGE, ...PATCH] };
  }
  yield* attentionPositionSizes(architecture);
  for (const norm of [architecture.preNorm, architecture.finalNorm, architecture.fcNorm]) yield* normSizes(norm);
  if (mapPool) {
    yield { what: sentence("the pooling's number of heads"), value: mapPool.heads, most: LIMITS.heads, fields: HEADS };
    yield {
      what: sentence("the pooling's hidden width"),
      value: mapPool.mlpHidden,
      most: LIMITS.hidden,
      least: 0,
      fields: HIDDEN,
    };
  }
  const { projection } = architecture;
  if (projection)
    yield {
      what: sentence('the length of the projection'),
      value: projection.length,
      most: LIMITS.dim,
      fields: PROJECTION,
    };
  yield {
    what: sentence('the number of multiplications of a pass over one picture'),
    value: multiplications(architecture),
    most: MOST_MULTIPLICATIONS,
    fraction: true,
    fields: [...IMAGE, ...PATCH, ...DIM, ...DEPTH],
  };
}

function* attentionPositionSizes({ rotary, relativeBias }: Architecture): Generator<Bounded> {
  const fields = ROTARY;
  if (rotary) {
    const { theta, offset, reference } = rotary;
    yield {
      what: sentence("the rotary positions' theta"),
      value: theta,
      most: 1e12,
      least: 1e-12,
      fraction: true,
      fields,
    };
    yield {
      what: sentence("the rotary positions' offset"),
      value: offset,
      most: 1e6,
      least: -1e6,
      fraction: true,
      fields,
    };
    for (const side of reference ?? [])
      yield {
        what: sentence("a side of the rotary positions' reference grid"),
        value: side,
        most: LIMITS.side,
        fields,
      };
  }
  if (relativeBias) {
    const [rows, columns] = relativeBias.grid;
    for (const value of [rows, columns, (2 * rows - 1) * (2 * columns - 1)])
      yield { what: sentence('the number of relative distances'), value, most: LIMITS.positions, fields: IMAGE };
    const hidden = relativeBias.network?.hidden ?? 1;
    yield {
      what: sentence("the relative position bias' hidden width"),
      value: hidden,
      most: LIMITS.hidden,
      fields: ['rel_pos_dim'],
    };
  }
}

function* imageSizes({ channels, height, width }: Architecture['image']): Generator<Bounded> {
  yield { what: sentence('the number of channels'), value: channels, most: LIMITS.channels, fields: IMAGE };
  yield { what: sentence("the image's height"), value: height, most: LIMITS.side, fields: IMAGE };
  yield { what: sentence("the image's width"), value: width, most: LIMITS.side, fields: IMAGE };
  const value = channels * height * width;
  yield { what: sentence('the number of values of an image'), value, most: LIMITS.inputValues, fields: IMAGE };
}

function* patchSizes({ tokenizer, image, dim }: Architecture): Generator<Bounded> {
  if (tokenizer.kind !== 'patch') return;
  const [height, width] = tokenizer.patch;
  yield { what: sentence("a patch's height"), value: height, most: Math.min(LIMITS.side, image.height), fields: PATCH };
  yield { what: sentence("a patch's width"), value: width, most: Math.min(LIMITS.side, image.width), fields: PATCH };
  const values = image.channels * height * width;
  yield {
    what: sentence('the number of values of a patch'),
    value: values,
    most: LIMITS.patchValues,
    fields: [...PATCH, ...IMAGE],
  };
  yield* normSizes(tokenizer.norm);
  yield {
    what: sentence('the size of the patch projection'),
    value: values * dim,
    most: LIMITS.tensorValues,
    fields: DIM,
  };
}

function* softSplitSizes({ tokenizer, image, dim }: Architecture): Generator<Bounded> {
  if (tokenizer.kind !== 'soft-split') return;
  const { splits, stages } = tokenizer;
  yield { what: sentence('the number of soft splits'), value: splits.length, most: LIMITS.splits, fields: PATCH };
  let channels = image.channels;
  for (const [i, { kernel, stride, padding }] of splits.entries()) {
    const split = i + 1;
    yield { what: sentence('the kernel of soft split {0}', split), value: kernel, most: LIMITS.side, fields: PATCH };
    yield { what: sentence('the stride of soft split {0}', split), value: stride, most: LIMITS.side, fields: PATCH };
    yield {
      what: sentence('the padding of soft split {0}', split),
      value: padding,
      most: LIMITS.side,
      least: 0,
      fields: PATCH,
    };
    const values = channels * kernel * kernel;
    yield {
      what: sentence('the number of values of soft split {0}', split),
      value: values,
      most: LIMITS.patchValues,
      fields: [...PATCH, ...IMAGE],
    };
    const stage = stages[i];
    if (!stage)
      yield {
        what: sentence('the size of the projection'),
        value: values * dim,
        most: LIMITS.tensorValues,
        fields: DIM,
      };
    else yield* blockSizes(sentence('token transformer {0}', i + 1), stage);
    channels = stage?.dim ?? channels;
  }
  for (const [i, [rows, columns]] of softSplitGrids(splits, image).entries()) {
    const split = i + 1;
    yield {
      what: sentence('the number of rows soft split {0} makes of the image', split),
      value: rows,
      most: LIMITS.tokens,
      fields: [...PATCH, ...IMAGE],
    };
    yield {
      what: sentence('the number of columns soft split {0} makes of the image', split),
      value: columns,
      most: LIMITS.tokens,
      fields: [...PATCH, ...IMAGE],
    };
    yield {
      what: sentence('the number of tokens soft split {0} makes of the image', split),
      value: rows * columns,
      most: LIMITS.tokens,
      fields: [...PATCH, ...IMAGE],
    };
  }
}

function* blockSizes(where: Sentence, block: Block): Generator<Bounded> {
  const { dimIn, dim, heads, headDim, branches, mlpHidden, scale } = block;
  yield {
    what: sentence('the length of the tokens into {0}', where),
    value: dimIn,
    most: LIMITS.patchValues,
    fields: DIM,
  };
  yield { what: sentence('the length of the tokens out of {0}', where), value: dim, most: LIMITS.dim, fields: DIM };
  yield { what: sentence('the number of heads of {0}', where), value: heads, most: LIMITS.heads, fields: HEADS };
  yield {
    what: sentence('the width of a head of {0}', where),
    value: headDim,
    most: LIMITS.headDim,
    fields: [...HEADS, ...DIM],
  };
  yield {
    what: sentence('the number of branches of {0}', where),
    value: branches,
    most: LIMITS.branches,
    fields: ['num_parallel'],
  };
  yield { what: sentence('the hidden width of {0}', where), value: mlpHidden, most: LIMITS.hidden, fields: HIDDEN };
  const qkv = 3 * heads * headDim * dimIn;
  yield {
    what: sentence('the size of Q, K and V of {0}', where),
    value: qkv,
    most: LIMITS.tensorValues,
    fields: [...DIM, ...HEADS],
  };
  const fc1 = mlpHidden * dim;
  yield {
    what: sentence('the size of the MLP of {0}', where),
    value: fc1,
    most: LIMITS.tensorValues,
    fields: [...HIDDEN, ...DIM],
  };
  const most = LARGEST_FLOAT;
  yield {
    what: sentence('the scale of Q of {0}', where),
    value: scale,
    most,
    least: -most,
    fraction: true,
    fields: ['qk_scale'],
  };
  for (const norm of [block.norm, block.qkNorm, block.attnNorm, block.mlpNorm]) yield* normSizes(norm);
}

function* normSizes(norm: Norm | null): Generator<Bounded> {
  if (norm) yield { what: sentence("a norm's eps"), value: norm.eps, most: 1, least: 0, fraction: true, fields: EPS };
}
