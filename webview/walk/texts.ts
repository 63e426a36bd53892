/** What the walk-through says about each step: the articles' words, the field's standard term, and one sentence. */
import * as l10n from '@vscode/l10n';
import type { Activation, Architecture, Block } from '../../extension/architecture/description';
import type { Scores } from '../../extension/architecture/scores';

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
  /** null: the model gives features. */
  scores: Scores | null;
}

type Entry = [
  title: string | ((facts: Facts) => string),
  term: string | null | ((facts: Facts) => string | null),
  sentence: string | ((facts: Facts) => string),
];

const activationNames: Partial<Record<Activation, string>> = {
  gelu: 'GELU',
  gelu_tanh: l10n.t('GELU (tanh approximation)'),
  quick_gelu: 'QuickGELU',
  relu: 'ReLU',
  silu: 'SiLU',
};

const normName = ({ block }: Facts) =>
  ({ layer: l10n.t('Layer normalization'), rms: l10n.t('RMS normalization'), identity: l10n.t('No normalization') })[
    block?.norm.kind ?? 'layer'
  ];

const normsBefore = (block: Block | null) => block?.order !== 'post' && block?.order !== 'res-post';

/** Pages with a fixed name. */
const whole: Record<string, Entry> = {
  input: [
    l10n.t('Image'),
    l10n.t('input tensor'),
    l10n.t(
      'The picture after resizing, cropping and normalizing: the numbers the model is given, one plane a channel.',
    ),
  ],
  patches: [
    l10n.t('Image to patches'),
    null,
    l10n.t(
      'The image is cut into patches that do not overlap, numbered row by row. Choose one to follow it through the model.',
    ),
  ],
  token: [
    l10n.t('A patch becomes a token'),
    l10n.t('flattening'),
    l10n.t(
      'The pixels of one patch are written in a row, channel after channel: that row is a token, and its length the number of pixels times channels.',
    ),
  ],
  patch_embed: [
    l10n.t('Projection of the patches'),
    l10n.t('patch embedding'),
    ({ architecture }) =>
      l10n.t(
        'One learned matrix, the same for every token, turns each token into one of length {0}.',
        architecture?.dim ?? 'D',
      ),
  ],
  'patch_embed.norm': [
    l10n.t('Norm of the patches'),
    null,
    l10n.t('Every patch token is normalized by itself before anything is added to it.'),
  ],
  prefix: [
    l10n.t('Prediction token'),
    l10n.t({ message: 'class token', comment: ['the standard term'] }),
    l10n.t(
      'Learned tokens that belong to no patch go in front; in the end the prediction is read from the first of them.',
    ),
  ],
  pos_embed: [
    l10n.t('Position embedding'),
    null,
    ({ architecture }) =>
      architecture?.position.kind === 'sinusoid'
        ? l10n.t(
            'Attention does not see order, so each position has a pattern of its own: sines in the even columns, cosines in the odd ones.',
          )
        : architecture?.position.kind === 'sinusoid-2d'
          ? l10n.t(
              'Attention does not see order, so each position has a pattern of its own: sines and cosines of its column, then of its row.',
            )
          : l10n.t('Attention does not see order, so each position has a pattern of its own, learned in training.'),
  ],
  'blocks.*.pos_embed': [
    l10n.t('Positions of this block'),
    null,
    l10n.t('Every block has a table of positions of its own, which is added to the tokens before it.'),
  ],
  tokens: [
    l10n.t('Tokens with positions'),
    null,
    l10n.t('The position embedding is added; this is what enters the first encoding block.'),
  ],
  norm_pre: [
    l10n.t('Norm before the blocks'),
    l10n.t('pre-norm'),
    l10n.t('The tokens are normalized once before the first block, as CLIP does.'),
  ],
  depth: [
    l10n.t('Depth'),
    l10n.t('layers'),
    ({ architecture }) =>
      l10n.t(
        'The encoding block repeats {0} times, with weights of its own each time. Reading a prediction after every block shows when the model makes up its mind.',
        architecture?.depth ?? 'N',
      ),
  ],
  norm: [
    l10n.t('Norm after the blocks'),
    l10n.t('final normalization'),
    l10n.t('All tokens are normalized once more after the last block.'),
  ],
  pool: [
    l10n.t('What goes on to the head'),
    l10n.t('pooling'),
    ({ architecture }) =>
      ({
        token: l10n.t('Only the prediction token goes on; it has gathered what it needs from the patches.'),
        avg: l10n.t('The tokens are averaged to one.'),
        max: l10n.t('The largest value of each column goes on.'),
        avgmax: l10n.t('Half the average and half the maximum of the tokens go on.'),
        distilled: l10n.t('The class token and the distillation token go on, each to a head of its own.'),
        'class-avg': l10n.t('The class token goes on together with the average of the patch tokens.'),
        map: l10n.t('A learned query gathers from all tokens by attention.'),
        none: l10n.t('All tokens are features.'),
      })[architecture?.pool ?? 'token'],
  ],
  fc_norm: [l10n.t('Norm before the head'), 'fc_norm', l10n.t('What was pooled is normalized before the head.')],
  projection: [
    l10n.t('Projection of what was pooled'),
    null,
    ({ architecture }) =>
      architecture?.classes === 0
        ? l10n.t('What was pooled goes into the space that pictures and texts share: this is the feature.')
        : l10n.t('One more learned layer stands between what was pooled and the head.'),
  ],
  head: [
    // not a head of attention
    l10n.t({ message: 'Head', comment: ['the classifier'] }),
    l10n.t('classifier, logits'),
    ({ scores, architecture }) =>
      scores === 'value' && architecture?.classes === 1
        ? l10n.t('One more learned matrix turns the prediction token into one number.')
        : l10n.t('One more learned matrix turns the prediction token into one number for each class.'),
  ],
  prediction: [
    l10n.t('Prediction'),
    ({ scores }) =>
      scores === 'value'
        ? l10n.t('regression')
        : scores === 'sigmoid'
          ? l10n.t('sigmoid')
          : scores === 'softmax'
            ? 'softmax'
            : null,
    ({ scores }) =>
      scores === 'value'
        ? l10n.t('There are no classes to compare: the number that comes out is the prediction.')
        : scores === 'sigmoid'
          ? l10n.t(
              'Every logit becomes a probability of its own, by the logistic function: more than one class may hold.',
            )
          : scores === 'softmax'
            ? l10n.t('The exponentials of the logits, divided by their sum, are the probabilities.')
            : l10n.t('There is no classifier: what was pooled is the result.'),
  ],
};

/** Steps inside a block, by the end of their name. */
const inside: Record<string, Entry> = {
  norm1: [
    ({ block }) => (normsBefore(block) ? l10n.t('Norm before attention') : l10n.t('Norm after attention')),
    l10n.t('layer norm'),
    (facts) =>
      normsBefore(facts.block)
        ? l10n.t('{0} of every token by itself, before attention.', normName(facts))
        : l10n.t('{0} of every token by itself, after attention.', normName(facts)),
  ],
  norm2: [
    ({ block }) =>
      normsBefore(block) ? l10n.t('Norm before the neural network') : l10n.t('Norm after the neural network'),
    l10n.t('layer norm'),
    (facts) =>
      normsBefore(facts.block)
        ? l10n.t('{0} of every token by itself, before the neural network.', normName(facts))
        : l10n.t('{0} of every token by itself, after the neural network.', normName(facts)),
  ],
  norm: [l10n.t('Norm'), l10n.t('layer norm'), (facts) => l10n.t('{0} of every token by itself.', normName(facts))],
  in_norm: [l10n.t('Norm'), l10n.t('layer norm'), (facts) => l10n.t('{0} of every token by itself.', normName(facts))],
  in_proj: [
    l10n.t('One projection for all'),
    l10n.t('fused in-projection'),
    l10n.t('Queries, keys, values and the hidden layer come from one matrix.'),
  ],
  'attn.q': [
    l10n.t('Queries, keys and values'),
    'Q, K, V',
    ({ block }) =>
      !block
        ? l10n.t('Three learned matrices make of every token a query, a key and a value, for each head.')
        : block.heads === 1
          ? l10n.t(
              'Three learned matrices make of every token a query, a key and a value, {0} long in each of 1 head.',
              block.headDim,
            )
          : l10n.t(
              'Three learned matrices make of every token a query, a key and a value, {0} long in each of {1} heads.',
              block.headDim,
              block.heads,
            ),
  ],
  'attn.q_rotated': [
    l10n.t('Queries and keys, turned'),
    l10n.t('rotary position embedding, RoPE'),
    ({ architecture }) =>
      architecture?.rotary?.prefix
        ? l10n.t(
            'Pairs of values of every query and key turn by angles that say where the token lies, so that their product knows how far apart two tokens are. Tokens in front have learned angles.',
          )
        : l10n.t(
            'Pairs of values of every query and key turn by angles that say where the patch lies, so that their product knows how far apart two patches are. Tokens in front of the patches do not turn.',
          ),
  ],
  'attn.bias': [
    l10n.t('Bias by distance'),
    l10n.t('relative position bias'),
    ({ architecture }) =>
      architecture?.relativeBias?.tables === 'shared'
        ? l10n.t(
            'A learned number for every distance between two patches, the same in every block; it is added to the scores.',
          )
        : l10n.t(
            'A learned number for every distance between two patches, in every head and block; it is added to the scores.',
          ),
  ],
  'attn.q_features': [
    l10n.t('Random features'),
    l10n.t('Performer, positive random features'),
    l10n.t(
      'Queries and keys become exponentials of random mixtures: products of these stand for the softmax of products, and no attention matrix has to be made.',
    ),
  ],
  'attn.scores': [
    l10n.t('Queries times keys'),
    l10n.t('attention scores, QKᵀ'),
    ({ block }) =>
      block
        ? l10n.t(
            'How well each query (row) fits each key (column), times the scale {0}.',
            Number(block.scale.toPrecision(4)),
          )
        : l10n.t('How well each query (row) fits each key (column), times the scale.'),
  ],
  'attn.weights': [
    l10n.t('Attention matrix A'),
    l10n.t('attention map'),
    l10n.t(
      'Softmax turns each row of scores into shares that add up to 1: how much this token takes from every other.',
    ),
  ],
  'attn.context': [
    l10n.t('Attention times values'),
    'A · V',
    l10n.t('Each token becomes the mixture of values its row of A asks for; the heads stand side by side again.'),
  ],
  'attn.norm': [
    l10n.t('Norm of the heads'),
    'scale_attn_norm',
    l10n.t('The joined heads are normalized before the projection.'),
  ],
  'attn.proj': [
    l10n.t('Projection of the heads'),
    l10n.t('output projection'),
    l10n.t('One learned matrix mixes what the heads found.'),
  ],
  'attn.value_skip': [
    l10n.t('Skip over attention'),
    l10n.t('value skip'),
    l10n.t('The values are added to the projection, as the published Attention module does: x = v + proj(A v).'),
  ],
  'attn.residual': [
    l10n.t('Split connection around attention'),
    l10n.t('residual connection'),
    l10n.t('What entered is added again, so that the block only has to learn the change.'),
  ],
  'mlp.fc1': [
    l10n.t('Neural network: first layer'),
    l10n.t('MLP, fc1'),
    ({ block }) =>
      block
        ? l10n.t('A learned matrix makes every token {0} long.', block.mlpHidden)
        : l10n.t('A learned matrix makes every token longer.'),
  ],
  'mlp.act': [
    l10n.t('Neural network: activation'),
    l10n.t('MLP, activation'),
    ({ block }) =>
      block && block.mlp !== 'mlp'
        ? l10n.t('One half of the columns gates the other.')
        : block
          ? l10n.t('{0} of every value by itself.', activationNames[block.activation] ?? block.activation)
          : l10n.t('An activation of every value by itself.'),
  ],
  'mlp.norm': [
    l10n.t('Neural network: norm'),
    'scale_mlp_norm',
    l10n.t('The hidden values are normalized before the second layer.'),
  ],
  'mlp.fc2': [
    l10n.t('Neural network: second layer'),
    l10n.t('MLP, fc2'),
    ({ block }) =>
      block
        ? l10n.t('Another learned matrix brings every token back to {0} values.', block.dim)
        : l10n.t('Another learned matrix brings every token back to its length.'),
  ],
  'mlp.residual': [
    l10n.t('Split connection around the neural network'),
    l10n.t('residual connection'),
    l10n.t('What entered the neural network is added again: this leaves the block.'),
  ],
  sum: [l10n.t('Attention and network together'), l10n.t('parallel sum'), l10n.t('Both branches are added.')],
  residual: [
    l10n.t('Split connection'),
    l10n.t('residual connection'),
    l10n.t('What entered is added again: this leaves the block.'),
  ],
};

export function text(id: string, architecture: Architecture | null, scores: Scores | null = 'softmax'): PageText {
  const stage = /^tokenizer\.(splits|stages)\.(\d+)\.(.*)$/.exec(id);
  if (stage?.[1] === 'splits') return softSplitText(Number(stage[2]), architecture);
  const tokenizer = architecture?.tokenizer;
  const stages = tokenizer?.kind === 'soft-split' ? tokenizer.stages : [];
  const block = stage ? (stages[Number(stage[2])] ?? null) : (architecture?.block ?? null);
  const entry = Object.hasOwn(whole, id) ? whole[id]! : insideEntry(id);
  if (!entry) return { title: id, term: null, sentence: l10n.t('A step of this model.') };
  const [title, term, says] = entry;
  const facts = { architecture, block, scores };
  const branch = /\.(?:attns|ffns)\.(\d+)\./.exec(id);
  const named = typeof title === 'string' ? title : title(facts);
  return {
    title: branch ? l10n.t('{0}, branch {1}', named, Number(branch[1]) + 1) : named,
    term: typeof term === 'function' ? term(facts) : term,
    sentence: typeof says === 'string' ? says : says(facts),
  };
}

function insideEntry(id: string): Entry | undefined {
  // the norm of a branch is that before its attention or network
  const parts = id
    .replace(/\.attns\.\d+\.norm$/, '.norm1')
    .replace(/\.ffns\.\d+\.norm$/, '.norm2')
    .split('.');
  const known = [parts.slice(-2).join('.'), parts.at(-1)!].find((name) => Object.hasOwn(inside, name));
  return known === undefined ? undefined : inside[known];
}

function softSplitText(index: number, architecture: Architecture | null): PageText {
  const tokenizer = architecture?.tokenizer;
  const split = tokenizer?.kind === 'soft-split' ? tokenizer.splits[index] : undefined;
  return {
    title: index === 0 ? l10n.t('Soft split') : l10n.t('Soft split again'),
    term: 'unfold',
    sentence: split
      ? l10n.t(
          'Windows {0} × {0}, {1} apart, with {2} of padding overlap, so that neighbours share pixels; each window is written in a row and becomes a token.',
          split.kernel,
          split.stride,
          split.padding,
        )
      : l10n.t(
          'Windows overlap, so that neighbours share pixels; each window is written in a row and becomes a token.',
        ),
  };
}
