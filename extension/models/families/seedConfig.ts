/**
 * The constructor parameters of the articles' ViT_Model and T2T_ViT, as a config file writes them: names, defaults, checks.
 * Every problem is collected with the field it is about, so that an editor can underline them all; opening a model throws the first.
 * The articles' own assertions keep their sentences.
 */
import type { Activation, Norm } from '../description';

export interface SeedProblem {
  field: string;
  /** One sentence. */
  message: string;
}

export interface SeedConfig {
  architecture: 'ViT_Model' | 'T2T_ViT';
  /** (channels, height, width) */
  imgSize: [channels: number, height: number, width: number];
  patchSize: number;
  softsplitKernels: [number, number, number];
  tokenChan: number;
  tokenLen: number;
  preds: number;
  numHeads: number;
  t2tHiddenChanMul: number;
  encodingHiddenChanMul: number;
  depth: number;
  qkvBias: boolean;
  /** null: one over the square root of a head's width. 0 counts as null, as in the published `qk_scale or ...`. */
  qkScale: number | null;
  activation: Activation;
  norm: Norm['kind'];
  valueSkip: boolean;
  seed: number;
}

export const SEED_ARCHITECTURES = ['ViT_Model', 'T2T_ViT'] as const;

/** Elementwise classes of torch.nn.modules.activation that take no further tensor. */
export const SEED_ACTIVATIONS: Record<string, Activation> = {
  GELU: 'gelu',
  ReLU: 'relu',
  ReLU6: 'relu6',
  SiLU: 'silu',
  Sigmoid: 'sigmoid',
  Tanh: 'tanh',
  ELU: 'elu',
  CELU: 'celu',
  SELU: 'selu',
  LeakyReLU: 'leaky_relu',
  Hardswish: 'hardswish',
  Hardsigmoid: 'hardsigmoid',
  Hardtanh: 'hardtanh',
  Hardshrink: 'hardshrink',
  Softshrink: 'softshrink',
  Tanhshrink: 'tanhshrink',
  Softplus: 'softplus',
  Softsign: 'softsign',
  Mish: 'mish',
  LogSigmoid: 'log_sigmoid',
  Identity: 'identity',
};

export const SEED_NORMS: Record<string, Norm['kind']> = { LayerNorm: 'layer', RMSNorm: 'rms', Identity: 'identity' };

/** Stride of a soft split of kernel k: int((k + 1) / 2); padding: int((k + 1) / 4). The published code, not the articles' ceil(k/2), ceil(k/4). */
export const softSplitOf = (kernel: number): { kernel: number; stride: number; padding: number } => ({
  kernel,
  stride: Math.trunc((kernel + 1) / 2),
  padding: Math.trunc((kernel + 1) / 4),
});

/** `config` is the parsed file. With problems, the config holds defaults in the wrong fields' places. */
export function readSeedConfig(config: Record<string, unknown>): { config: SeedConfig; problems: SeedProblem[] } {
  const problems: SeedProblem[] = [];
  const read = new Reader(config, problems);
  const architecture = read.oneOf('architecture', SEED_ARCHITECTURES, 'ViT_Model');
  const t2t = architecture === 'T2T_ViT';
  const result: SeedConfig = {
    architecture,
    imgSize: read.integers('img_size', t2t ? [1, 1700, 500] : [1, 400, 100], 'channels, height and width'),
    patchSize: read.integer('patch_size', 50, 1),
    softsplitKernels: read.integers('softsplit_kernels', [31, 3, 3], 'three kernels'),
    tokenChan: read.integer('token_chan', 64, 1),
    tokenLen: read.integer('token_len', 768, 1),
    preds: read.integer('preds', 1, 0),
    numHeads: read.integer('num_heads', 1, 1),
    t2tHiddenChanMul: read.positive('T2T_hidden_chan_mul', 1),
    encodingHiddenChanMul: read.positive('Encoding_hidden_chan_mul', 4),
    depth: read.integer('depth', 12, 1),
    qkvBias: read.boolean('qkv_bias', false),
    qkScale: read.scale('qk_scale'),
    activation: read.named('act_layer', SEED_ACTIVATIONS, 'gelu'),
    norm: read.named('norm_layer', SEED_NORMS, 'layer'),
    valueSkip: read.boolean('value_skip', true),
    seed: read.integer('seed', 0, 0),
  };
  checkSizes(result, problems);
  return { config: result, problems };
}

/** What the constructors assert. */
function checkSizes(config: SeedConfig, problems: SeedProblem[]): void {
  const [, height, width] = config.imgSize;
  const { patchSize, tokenLen, numHeads, tokenChan } = config;
  if (config.architecture === 'ViT_Model') {
    for (const [side, size] of [
      ['Height', height],
      ['Width', width],
    ] as const) {
      if (size % patchSize !== 0) {
        const message = `${side} of image must be evenly divisible by patch size: ${size} is no multiple of ${patchSize}.`;
        problems.push({ field: 'patch_size', message });
      }
    }
  } else {
    checkSplits(config, problems);
    if (tokenChan % numHeads !== 0) {
      const message = `"Chan" must be evenly divisible by "num_heads": ${tokenChan} is no multiple of ${numHeads}.`;
      problems.push({ field: 'token_chan', message });
    }
  }
  if (tokenLen % numHeads !== 0) {
    const message = `"Chan" must be evenly divisible by "num_heads": ${tokenLen} is no multiple of ${numHeads}.`;
    problems.push({ field: 'num_heads', message });
  }
}

/** Every soft split must leave at least one token each way. */
function checkSplits({ imgSize: [, height, width], softsplitKernels }: SeedConfig, problems: SeedProblem[]): void {
  for (const k of softsplitKernels) {
    const { kernel, stride, padding } = softSplitOf(k);
    const [rows, columns] = [height, width].map((side) => Math.floor((side + 2 * padding - kernel) / stride) + 1) as [
      number,
      number,
    ];
    if (rows < 1 || columns < 1) {
      const message = `A kernel of ${kernel} does not fit what the soft splits before it leave (${height} x ${width}).`;
      problems.push({ field: 'softsplit_kernels', message });
      return;
    }
    [height, width] = [rows, columns];
  }
}

class Reader {
  constructor(
    private readonly config: Record<string, unknown>,
    private readonly problems: SeedProblem[],
  ) {}

  integer(field: string, otherwise: number, least: number): number {
    return this.value(
      field,
      otherwise,
      (v): v is number => isInteger(v) && v >= least,
      `an integer of at least ${least}`,
    );
  }

  positive(field: string, otherwise: number): number {
    return this.value(field, otherwise, (v): v is number => typeof v === 'number' && v > 0, 'a number above 0');
  }

  boolean(field: string, otherwise: boolean): boolean {
    return this.value(field, otherwise, (v) => typeof v === 'boolean', 'true or false');
  }

  scale(field: string): number | null {
    const isScale = (v: unknown): v is number | null => v === null || (typeof v === 'number' && Number.isFinite(v));
    return this.value<number | null>(field, null, isScale, 'a number or null') || null;
  }

  integers(field: string, otherwise: [number, number, number], what: string): [number, number, number] {
    const isTriple = (v: unknown): v is [number, number, number] =>
      Array.isArray(v) && v.length === 3 && v.every((item) => isInteger(item) && item > 0);
    return this.value(field, otherwise, isTriple, `a list of three positive integers (${what})`);
  }

  oneOf<T extends string>(field: string, names: readonly T[], otherwise: T): T {
    return this.value(field, otherwise, (v): v is T => names.some((name) => name === v), `one of ${names.join(', ')}`);
  }

  named<T extends string>(field: string, table: Record<string, T>, otherwise: T): T {
    const name = this.config[field];
    if (name === undefined) return otherwise;
    const found = typeof name === 'string' ? table[name.replace(/^(torch\.)?nn\./, '')] : undefined;
    if (found !== undefined) return found;
    this.problems.push({
      field,
      message: `${field} must be one of ${Object.keys(table).join(', ')}, not ${JSON.stringify(name)}.`,
    });
    return otherwise;
  }

  private value<T>(field: string, otherwise: T, fits: (value: unknown) => value is T, what: string): T {
    const value = this.config[field];
    if (value === undefined) return otherwise;
    if (fits(value)) return value;
    this.problems.push({ field, message: `${field} must be ${what}, not ${JSON.stringify(value)}.` });
    return otherwise;
  }
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
