/** Which of a graph's outputs is the answer, and whether the graph has turned it into probabilities itself. */
import type { Scores } from '../architecture/scores';
import type { OnnxGraph, OnnxNode } from './schema';

export interface Answer {
  /** The output. */
  output: string;
  /** What to read: the output, or what enters the Softmax or Sigmoid the graph ends in. */
  value: string;
  /** What the graph's end makes of it; null when the graph ends without. */
  scores: Scores | null;
  /** The numbers are probabilities that are no longer all there, each to be taken by itself. */
  probabilities: boolean;
}

/** Between the last operator and the output: other shape or number format, the same numbers. */
const SAME_NUMBERS = new Set([
  'Cast',
  'Identity',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'QuantizeLinear',
  'DequantizeLinear',
  'Clip',
]);
/** Say which of many it is, or how much the largest are: all of them are what they read. */
const CHOOSING = new Set(['ArgMax', 'ReduceMax', 'TopK']);
/** By a constant: percent, or a scale of its own. */
const SCALED = new Set(['Mul', 'Div']);
/** Some of the numbers. */
const TAKING = new Set(['Slice', 'Gather', 'Split']);

/** Where `output` comes from, looked at from its end. */
export function answerOf({ nodes, initializers }: OnnxGraph, output: string): Answer {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes) for (const name of node.outputs) makers.set(name, node);
  const isConstant = (name: string): boolean => initializers.has(name) || makers.get(name)?.opType === 'Constant';
  const whole: Answer = { output, value: output, scores: null, probabilities: false };
  let chosen = whole;
  let value = output;
  let some = false;
  let scaled = false;
  for (let steps = 0; steps < 24; steps++) {
    const node = makers.get(value);
    const [input] = node?.inputs ?? [];
    if (node === undefined || input === undefined) break;
    const end = ENDS[node.opType];
    if (end !== undefined) {
      const scores = end.scores === 'sigmoid' && scaled ? 'value' : end.scores;
      if (scores === 'value') return { ...whole, scores };
      if (!some && !end.closed) return { ...whole, value: input, scores };
      // what is left of a Softmax's shares is known one by one
      return scaled || end.logarithm ? chosen : { ...whole, scores: 'sigmoid', probabilities: true };
    }
    if (CHOOSING.has(node.opType)) chosen = { ...whole, value: input };
    else if (TAKING.has(node.opType)) some = true;
    else if (SCALED.has(node.opType) && node.inputs.filter((name) => name !== '' && !isConstant(name)).length === 1)
      scaled = true;
    else if (!SAME_NUMBERS.has(node.opType)) break;
    value = node.inputs.find((name) => name !== '' && !isConstant(name)) ?? input;
  }
  return chosen;
}

/** `closed`: what enters is whole numbers of a quantised operator. */
const ENDS: Record<string, { scores: Scores; closed?: true; logarithm?: true } | undefined> = {
  Softmax: { scores: 'softmax' },
  // softmax(log softmax(x)) is softmax(x)
  LogSoftmax: { scores: 'softmax', logarithm: true },
  Sigmoid: { scores: 'sigmoid' },
  QLinearSoftmax: { scores: 'softmax', closed: true },
  QLinearSigmoid: { scores: 'sigmoid', closed: true },
};

/** Names that exporters give to what an encoder gives; no class is among its numbers. */
export const namesFeatures = (output: string): boolean =>
  /hidden|pool|embed|feature|repres|latent|encod|token/i.test(output) && !namesClasses(output);

export const namesClasses = (output: string): boolean => /logit|prob|class|score|predict|softmax|sigmoid/i.test(output);
