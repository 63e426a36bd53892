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
]);

/** Where `output` comes from, looked at from its end. */
export function answerOf({ nodes }: OnnxGraph, output: string): Answer {
  const makers = new Map<string, OnnxNode>();
  for (const node of nodes) for (const name of node.outputs) makers.set(name, node);
  let value = output;
  for (let steps = 0; steps < 16; steps++) {
    const node = makers.get(value);
    const [input] = node?.inputs ?? [];
    if (node === undefined || input === undefined) break;
    // softmax(log softmax(x)) is softmax(x)
    if (node.opType === 'Softmax' || node.opType === 'LogSoftmax') return { output, value: input, scores: 'softmax' };
    if (node.opType === 'Sigmoid') return { output, value: input, scores: 'sigmoid' };
    if (!SAME_NUMBERS.has(node.opType)) break;
    value = input;
  }
  return { output, value: output, scores: null };
}

/** Names that exporters give to what an encoder gives; no class is among its numbers. */
export const namesFeatures = (output: string): boolean =>
  /hidden|pool|embed|feature|repres|latent|encod|token/i.test(output) && !namesClasses(output);

export const namesClasses = (output: string): boolean => /logit|prob|class|score|predict|softmax|sigmoid/i.test(output);
