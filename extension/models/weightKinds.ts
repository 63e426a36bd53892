/** What kinds of weights a model has, and how the values of each kind are spread: a sick one shows beside its like. */
import type { ValueSummary } from '../../native/binding';
import type { Finding } from '../architecture/description';
import { sentence, type Sentence } from '../errors/sentence';

/** Values of all tensors of a kind. */
export interface KindStatistics {
  kind: Sentence;
  tensors: number;
  values: number;
  /** Root of the mean square; of the finite values, like the next. */
  rms: number;
  /** Largest absolute value. */
  largest: number;
  zeros: number;
  /** NaN and infinities. */
  notFinite: number;
  /** Tensors of more than one value whose values are all the same. */
  constant: number;
}

/** By canonical name; an ONNX graph's own names are of one kind. */
const KINDS = {
  patches: { name: /^(patch_embed|tokenizer)\..*weight$/, title: sentence('patch embedding') },
  tokens: { name: /^(cls|dist|reg|det)_token$|latent$/, title: sentence('tokens') },
  positions: { name: /pos_embed$|^rope\.|rel_pos\./, title: sentence('positions') },
  norms: { name: /norm\d?\.weight$/, title: sentence('norm weights') },
  layerScale: { name: /ls\d?\.gamma$/, title: sentence('layer scale') },
  qkv: { name: /\.(qkv|in_proj|q|kv)\.weight$/, title: sentence('queries, keys, values') },
  projection: {
    name: /attn\.proj\.weight$|attn_out_proj\.weight$|attn_pool\.proj\.weight$/,
    title: sentence('attention projection'),
  },
  neuralNet: { name: /mlp\.fc\d\.weight$|mlp_out_proj\.weight$/, title: sentence('neural network') },
  head: { name: /^(head|head_dist|projection)\.weight$/, title: sentence('head') },
  biases: { name: /bias$/, title: sentence('biases') },
  others: { name: /^/, title: sentence('others') },
} as const;
type Kind = keyof typeof KINDS;
const kinds = Object.keys(KINDS) as Kind[];

/** Kinds whose tensors may well hold one value. */
const PLAIN: readonly Kind[] = ['biases', 'norms', 'layerScale', 'others'];

const kindOf = (name: string): Kind => kinds.find((kind) => KINDS[kind].name.test(name))!;

/** A matrix whose values are this many times as large as is common among its kind, or as small. */
const FAR = 100;
/** Kinds with fewer tensors have no common size. */
const LEAST_OF_A_KIND = 4;

export interface TensorValues {
  /** Of the architecture, and of the file. */
  canonical: string;
  name: string;
  summary: ValueSummary;
}

export class WeightKinds {
  readonly #kinds = new Map<Kind, TensorValues[]>();

  add(tensor: TensorValues): void {
    const kind = kindOf(tensor.canonical);
    const found = this.#kinds.get(kind);
    if (found) found.push(tensor);
    else this.#kinds.set(kind, [tensor]);
  }

  statistics(): KindStatistics[] {
    return [...this.#kinds]
      .sort(([a], [b]) => kinds.indexOf(a) - kinds.indexOf(b))
      .map(([kind, tensors]) => {
        const sum = (of: (summary: ValueSummary) => number) =>
          tensors.reduce((total, { summary }) => total + of(summary), 0);
        const finite = sum(({ count, notFinite }) => count - notFinite);
        return {
          kind: KINDS[kind].title,
          tensors: tensors.length,
          values: sum(({ count }) => count),
          rms: finite === 0 ? 0 : Math.sqrt(sum(({ squares }) => squares) / finite),
          largest: Math.max(...tensors.map(({ summary }) => Math.max(0, -summary.least, summary.most))),
          zeros: sum(({ zeros }) => zeros),
          notFinite: sum(({ notFinite }) => notFinite),
          constant: tensors.filter(({ summary }) => isConstant(summary)).length,
        };
      });
  }

  /** Matrices and tables without a pattern in them, and those far from their like. */
  findings(): Finding[] {
    return [...this.#kinds].flatMap(([kind, tensors]) => {
      if (PLAIN.includes(kind)) return [];
      const sizes = tensors.map(({ summary }) => rmsOf(summary)).sort((a, b) => a - b);
      const common = sizes.length < LEAST_OF_A_KIND ? 0 : (sizes[sizes.length >> 1] ?? 0);
      return tensors.flatMap(({ name, summary }) => oddValues(name, summary, common));
    });
  }
}

const rmsOf = ({ squares, count, notFinite }: ValueSummary) => Math.sqrt(squares / Math.max(1, count - notFinite));
const isConstant = ({ count, notFinite, least, most }: ValueSummary) => count > 1 && notFinite === 0 && least === most;

function oddValues(name: string, summary: ValueSummary, common: number): Finding[] {
  const warning = { severity: 'warning', code: 'odd-values', subject: name } as const;
  if (isConstant(summary) && summary.least === 0)
    return [{ ...warning, ...sentence('All {0} values of tensor {1} are 0.', summary.count, name) }];
  if (isConstant(summary))
    return [{ ...warning, ...sentence('All {0} values of tensor {1} are the same ({2}).', summary.count, name, summary.least) }]; // prettier-ignore
  const rms = rmsOf(summary);
  if (common > 0 && (rms > FAR * common || rms * FAR < common)) {
    const said = sentence(
      'The values of tensor {0} are of the size {1}, where {2} is common for its kind.',
      name,
      Number(rms.toPrecision(2)),
      Number(common.toPrecision(2)),
    );
    return [{ ...warning, ...said }];
  }
  return [];
}
