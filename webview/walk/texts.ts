/** What the walk-through says about each step: the articles' words, the field's standard term, and one sentence. */
import type { Activation, Architecture, Block } from '../../extension/architecture/description';

export interface PageText {
  /** In the articles' words. */
  title: string;
  /** The standard term, where it is another one. */
  term: string | null;
  sentence: string;
}

interface Facts {
  architecture: Architecture | null;
  block: Block | null;
}

type Entry = [title: string, term: string | null, sentence: string | ((facts: Facts) => string)];

const activationNames: Partial<Record<Activation, string>> = {
  gelu: 'GELU',
  gelu_tanh: 'GELU (tanh approximation)',
  quick_gelu: 'QuickGELU',
  relu: 'ReLU',
  silu: 'SiLU',
};

const normName = ({ block }: Facts) =>
  ({ layer: 'Layer normalization', rms: 'RMS normalization', identity: 'No normalization' })[
    block?.norm.kind ?? 'layer'
  ];

/** Pages with a fixed name. */
const whole: Record<string, Entry> = {
  input: [
    'Image',
    'input tensor',
    'The picture after resizing, cropping and normalizing: the numbers the model is given, one plane a channel.',
  ],
  patches: [
    'Image to patches',
    null,
    'The image is cut into patches that do not overlap, numbered row by row. Choose one to follow it through the model.',
  ],
  token: [
    'A patch becomes a token',
    'flattening',
    'The pixels of one patch are written in a row, channel after channel: that row is a token, and its length the number of pixels times channels.',
  ],
  patch_embed: [
    'Projection',
    'patch embedding',
    ({ architecture }) =>
      `One learned matrix, the same for every token, turns each token into one of length ${architecture?.dim ?? 'D'}.`,
  ],
  prefix: [
    'Prediction token',
    'class token',
    'Learned tokens that belong to no patch go in front; in the end the prediction is read from the first of them.',
  ],
  pos_embed: [
    'Position embedding',
    null,
    ({ architecture }) =>
      architecture?.position.kind === 'sinusoid'
        ? 'Attention does not see order, so each position has a pattern of its own: sines in the even columns, cosines in the odd ones.'
        : 'Attention does not see order, so each position has a pattern of its own, learned in training.',
  ],
  tokens: [
    'Tokens with positions',
    null,
    'The position embedding is added; this is what enters the first encoding block.',
  ],
  norm_pre: [
    'Norm before the blocks',
    'pre-norm',
    'The tokens are normalized once before the first block, as CLIP does.',
  ],
  depth: [
    'Depth',
    'layers',
    ({ architecture }) =>
      `The encoding block repeats ${architecture?.depth ?? 'N'} times, with weights of its own each time. Reading a prediction after every block shows when the model makes up its mind.`,
  ],
  norm: ['Norm', 'final normalization', 'All tokens are normalized once more after the last block.'],
  pool: [
    'Prediction token',
    'pooling',
    ({ architecture }) =>
      ({
        token: 'Only the prediction token goes on; it has gathered what it needs from the patches.',
        avg: 'The tokens are averaged to one.',
        max: 'The largest value of each column goes on.',
        avgmax: 'Half the average and half the maximum of the tokens go on.',
        distilled: 'The class token and the distillation token go on, each to a head of its own.',
        'class-avg': 'The class token goes on together with the average of the patch tokens.',
        map: 'A learned query gathers from all tokens by attention.',
        none: 'All tokens are features.',
      })[architecture?.pool ?? 'token'],
  ],
  fc_norm: ['Norm before the head', 'fc_norm', 'What was pooled is normalized before the head.'],
  head: [
    'Head',
    'classifier, logits',
    'One more learned matrix turns the prediction token into one number for each class.',
  ],
  prediction: ['Prediction', 'softmax', 'The exponentials of the logits, divided by their sum, are the probabilities.'],
};

/** Steps inside a block, by the end of their name. */
const inside: Record<string, Entry> = {
  norm1: ['Norm', 'layer norm', (facts) => `${normName(facts)} of every token by itself, before attention.`],
  norm2: ['Norm', 'layer norm', (facts) => `${normName(facts)} of every token by itself, before the neural network.`],
  norm: ['Norm', 'layer norm', (facts) => `${normName(facts)} of every token by itself.`],
  in_norm: ['Norm', 'layer norm', (facts) => `${normName(facts)} of every token by itself.`],
  in_proj: [
    'One projection for all',
    'fused in-projection',
    'Queries, keys, values and the hidden layer come from one matrix.',
  ],
  'attn.q': [
    'Queries, keys and values',
    'Q, K, V',
    ({ block }) =>
      `Three learned matrices make of every token a query, a key and a value, ${block ? `${block.headDim} long in each of ${block.heads} ${block.heads === 1 ? 'head' : 'heads'}` : 'for each head'}.`,
  ],
  'attn.scores': [
    'Queries times keys',
    'attention scores, QKᵀ',
    ({ block }) =>
      `How well each query (row) fits each key (column), times the scale${block ? ` ${Number(block.scale.toPrecision(4))}` : ''}.`,
  ],
  'attn.weights': [
    'Attention matrix A',
    'attention map',
    'Softmax turns each row of scores into shares that add up to 1: how much this token takes from every other.',
  ],
  'attn.context': [
    'Attention times values',
    'A · V',
    'Each token becomes the mixture of values its row of A asks for; the heads stand side by side again.',
  ],
  'attn.norm': ['Norm of the heads', 'scale_attn_norm', 'The joined heads are normalized before the projection.'],
  'attn.proj': ['Projection', 'output projection', 'One learned matrix mixes what the heads found.'],
  'attn.value_skip': [
    'Skip over attention',
    'value skip',
    'The values are added to the projection, as the published Attention module does: x = v + proj(A v).',
  ],
  'attn.residual': [
    'Split connection',
    'residual connection',
    'What entered is added again, so that the block only has to learn the change.',
  ],
  'mlp.fc1': [
    'Neural network: first layer',
    'MLP, fc1',
    ({ block }) => `A learned matrix makes every token ${block ? `${block.mlpHidden} long` : 'longer'}.`,
  ],
  'mlp.act': [
    'Neural network: activation',
    'MLP, activation',
    ({ block }) =>
      block && block.mlp !== 'mlp'
        ? 'One half of the columns gates the other.'
        : `${(block && (activationNames[block.activation] ?? block.activation)) ?? 'An activation'} of every value by itself.`,
  ],
  'mlp.norm': ['Neural network: norm', 'scale_mlp_norm', 'The hidden values are normalized before the second layer.'],
  'mlp.fc2': [
    'Neural network: second layer',
    'MLP, fc2',
    ({ block }) =>
      `Another learned matrix brings every token back to ${block ? block.dim : 'its'} ${block ? 'values' : 'length'}.`,
  ],
  'mlp.residual': [
    'Split connection',
    'residual connection',
    'What entered the neural network is added again: this leaves the block.',
  ],
  sum: ['Attention and network together', 'parallel sum', 'Both branches are added.'],
  residual: ['Split connection', 'residual connection', 'What entered is added again: this leaves the block.'],
};

export function text(id: string, architecture: Architecture | null): PageText {
  const stage = /^tokenizer\.(splits|stages)\.(\d+)\.(.*)$/.exec(id);
  if (stage?.[1] === 'splits') return softSplitText(Number(stage[2]), architecture);
  const tokenizer = architecture?.tokenizer;
  const stages = tokenizer?.kind === 'soft-split' ? tokenizer.stages : [];
  const block = stage ? (stages[Number(stage[2])] ?? null) : (architecture?.block ?? null);
  const entry = Object.hasOwn(whole, id) ? whole[id]! : insideEntry(id);
  if (!entry) return { title: id, term: null, sentence: 'A step of this model.' };
  const [title, term, sentence] = entry;
  return { title, term, sentence: typeof sentence === 'string' ? sentence : sentence({ architecture, block }) };
}

function insideEntry(id: string): Entry | undefined {
  const parts = id.split('.');
  const known = [parts.slice(-2).join('.'), parts.at(-1)!].find((name) => Object.hasOwn(inside, name));
  return known === undefined ? undefined : inside[known];
}

function softSplitText(index: number, architecture: Architecture | null): PageText {
  const tokenizer = architecture?.tokenizer;
  const split = tokenizer?.kind === 'soft-split' ? tokenizer.splits[index] : undefined;
  const sizes = split
    ? ` ${split.kernel} × ${split.kernel}, ${split.stride} apart, with ${split.padding} of padding`
    : '';
  return {
    title: index === 0 ? 'Soft split' : 'Soft split again',
    term: 'unfold',
    sentence: `Windows${sizes} overlap, so that neighbours share pixels; each window is written in a row and becomes a token.`,
  };
}
