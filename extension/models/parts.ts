/**
 * The modules of the articles on their own: a config whose `architecture` is the class's name and whose fields are the
 * constructor's parameters, e.g. { "architecture": "Attention", "dim": 49, "chan": 64, "num_heads": 4, "seed": 0 }.
 */
import { resolve } from 'node:path';
import type { Part } from '../../native/binding';
import { readCheckpoint } from './files/checkpoint';
import { namedFile } from './files/namedFile';
import { blockOutOfBounds } from '../architecture/bounds';
import type { Architecture, Block, PartDescription, TensorSource } from '../architecture/description';
import { MOST_RATIO, type LimitName } from '../architecture/limits';
import { ConfigError } from '../errors/configError';
import { assertInBounds } from './config/checked';
import { articleBlock, articleModel, MOST_SEED } from './families/articles';
import type { Fields } from './config/fields';
import { readModelConfig } from './open';
import { sentence } from '../errors/sentence';

type Make = (config: Fields) => Part;

const parts: Record<string, Make> = {
  Unfold: (config) => ({
    kind: 'soft-split',
    split: {
      kernel: needed(config, 'kernel_size', 'side'),
      stride: config.size('stride', 'side') ?? 1,
      padding: config.size('padding', 'side', 0) ?? 0,
    },
  }),
  Attention: (config) => ({ kind: 'attention', block: attentionBlock(config) }),
  NeuralNet: (config) => ({ kind: 'neural-net', block: networkBlock(config) }),
  Encoding: (config) => {
    const dim = needed(config, 'dim', 'dim');
    return {
      kind: 'encoding',
      block: articleBlock(config, dim, config.number('hidden_chan_mul', 0, MOST_RATIO) ?? 4, dim),
    };
  },
  TokenTransformer: (config) => {
    const [dimIn, dim] = [needed(config, 'dim', 'patchValues'), needed(config, 'chan', 'dim')];
    const block = articleBlock(config, dim, config.number('hidden_chan_mul', 0, MOST_RATIO) ?? 1, dimIn);
    return { kind: 'encoding', block: { ...block, attnResidual: false } };
  },
  Patch_Tokenization: (config) => ({
    kind: 'tokenization',
    architecture: articleModel(config.over({ img_size: [1, 60, 100] }).with({ architecture: 'ViT_Model', depth: 0 })),
  }),
  Tokens2Token: (config) => ({
    kind: 'tokenization',
    architecture: articleModel(
      config.over({ softsplit_kernels: [7, 3, 3] }).with({
        architecture: 'T2T_ViT',
        depth: 0,
        // the whole model's name for the constructor's hidden_chan_mul
        T2T_hidden_chan_mul: config.get('T2T_hidden_chan_mul') ?? config.get('hidden_chan_mul'),
      }),
    ),
  }),
  Token_Processing: (config) => ({ kind: 'token-processing', architecture: backbone(config) }),
  Prediction_Processing: (config) => ({ kind: 'prediction-processing', architecture: backbone(config) }),
  ViT_Backbone: (config) => ({ kind: 'backbone', architecture: backbone(config) }),
};

/**
 * Null when the file says it is a whole model. Throws ModelError as openModel does.
 * @param confinedTo as in ModelQuery
 */
export async function openPart(path: string, confinedTo?: readonly string[]): Promise<PartDescription | null> {
  const config = await readModelConfig(resolve(path));
  const name = config?.text('architecture');
  const make = name === undefined ? undefined : parts[name];
  if (config === null || name === undefined || make === undefined) return null;
  const part = make(config);
  if ('block' in part) assertInBounds(blockOutOfBounds(part.block), config);
  const file = config.text('weights');
  if (file === undefined) return { name, part, weights: { seed: config.size('seed', MOST_SEED, 0) ?? 0 } };
  const { tensors } = await readCheckpoint(await namedFile(config.source, 'weights', file, confinedTo));
  const sources = Object.fromEntries(
    [...tensors].map(([key, { dtype, shape, file, begin, end }]) => [
      canonicalName(part.kind, key),
      { dtype, shape, parts: [{ file, begin, end }] } as TensorSource,
    ]),
  );
  return { name, part, weights: { tensors: sources } };
}

/** The published module's own state_dict name -> the canonical one. */
function canonicalName(kind: Part['kind'], key: string): string {
  switch (kind) {
    case 'attention':
      return `attn.${key}`;
    case 'neural-net':
      return `mlp.${key}`;
    case 'tokenization':
      return key
        .replace(/^project\./, 'patch_embed.proj.')
        .replace(/^transformer([12])\./, (_, n: string) => `tokenizer.stages.${Number(n) - 1}.`)
        .replace('neuralnet.', 'mlp.');
    default:
      return key.replace('neuralnet.', 'mlp.');
  }
}

function needed(config: Fields, name: string, limit: LimitName): number {
  const size = config.size(name, limit);
  if (size === undefined) throw new ConfigError('config', config.source, sentence('"{0}" is missing', name));
  return size;
}

function attentionBlock(config: Fields): Block {
  const [dimIn, dim] = [needed(config, 'dim', 'patchValues'), needed(config, 'chan', 'dim')];
  return { ...articleBlock(config, dim, 1, dimIn), attnResidual: false };
}

function networkBlock(config: Fields): Block {
  const dim = needed(config, 'in_chan', 'dim');
  const out = config.size('out_chan', 'dim') ?? dim;
  if (out !== dim) throw config.refuse('out_chan', sentence('in_chan ({0}): inside the models they are the same', dim));
  return { ...articleBlock(config, dim, 1, dim), mlpHidden: config.size('hidden_chan', 'hidden') ?? dim };
}

/** num_tokens patches in one row: a backbone does not know where its tokens come from. */
function backbone(config: Fields): Architecture {
  const tokens = config.size('num_tokens', 'side') ?? 500;
  return articleModel(config.with({ architecture: 'ViT_Model', img_size: [1, 1, tokens], patch_size: 1 }));
}
