/**
 * Attention maps of somebody else's ONNX file. Exporters write attention as a product, a Softmax and a product with V;
 * the Softmax's result is the map, but it is no output of the graph. This finds where each map is, and along which axes.
 */
import { sentence, type Argument, type Sentence } from '../errors/sentence';
import { openFused, type Opened } from './fused';
import type { OnnxGraph, OnnxNode } from './schema';

/** A map in the graph. Axes are counted from the end (-1: the last), the others are batch and heads in that order. */
export interface FoundMap {
  value: string;
  key: number;
  query: number;
  /** Maps the value depends on, at most: those of one layer (parallel branches, heads apart) have the same number. */
  level: number;
}

export interface AttentionSearch {
  /** In the graph's order: layer by layer. */
  maps: FoundMap[];
  /** What has to be computed beside the graph for maps that fused operators keep to themselves. */
  opened: Opened[];
  /** Operators that hold attention and cannot be opened: type and reason. */
  closed: Argument[];
  /** Softmax nodes that are no attention. */
  others: number;
}

/** Change no value (Where: the exporter's guard against NaN; Mul: a mask or a dropout's scale). */
const SAME_SHAPE = new Set([
  'Cast',
  'Dropout',
  'Identity',
  'Where',
  'Mul',
  'QuantizeLinear',
  'DequantizeLinear',
  'DynamicQuantizeLinear',
]);
const RESHAPING = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Expand']);
const PRODUCTS = new Set(['MatMul', 'Gemm', 'MatMulInteger', 'QLinearMatMul', 'FusedMatMul']);
/** Softmax and product lie next to each other, whatever is between. */
const FARTHEST = 8;

export function findAttention(graph: OnnxGraph): AttentionSearch {
  const consumers = consumersOf(graph);
  const search: AttentionSearch = { maps: [], opened: [], closed: [], others: 0 };
  const levels = new Map<string, number>();
  for (const node of graph.nodes) {
    const level = Math.max(0, ...node.inputs.map((input) => levels.get(input) ?? 0));
    const map = mapOf(node, consumers, search);
    if (map !== null) search.maps.push({ ...map, level });
    for (const output of node.outputs) levels.set(output, map === null ? level : level + 1);
  }
  return search;
}

type Axes = Omit<FoundMap, 'level'>;

function mapOf(node: OnnxNode, consumers: Map<string, OnnxNode[]>, search: AttentionSearch): Axes | null {
  const opened = openFused(node);
  if (opened !== null) {
    if ('reason' in opened) {
      search.closed.push(opened.reason);
      return null;
    }
    search.opened.push(opened);
    return { value: opened.map, key: -1, query: -2 };
  }
  if (node.opType !== 'Softmax') return null;
  const [result] = node.outputs;
  const map = result === undefined ? null : productWith(result, result, consumers, 0);
  if (map === null) search.others++;
  return map;
}

/** Follows a Softmax's result to the product with V. `map`: what still has the map's exact values. */
function productWith(value: string, map: string, consumers: Map<string, OnnxNode[]>, distance: number): Axes | null {
  for (const node of consumers.get(value) ?? []) {
    const found = PRODUCTS.has(node.opType)
      ? matrixProduct(node, value, map)
      : node.opType === 'Einsum'
        ? einsum(node, value, map)
        : null;
    if (found !== null) return found;
    const [next] = node.outputs;
    if (distance >= FARTHEST || next === undefined) continue;
    const reshaped = RESHAPING.has(node.opType);
    if (!reshaped && !SAME_SHAPE.has(node.opType)) continue;
    const further = productWith(next, reshaped ? next : map, consumers, distance + 1);
    if (further !== null) return further;
  }
  return null;
}

/** A V sums over the last axis of A; V' A' over the one before it. */
function matrixProduct({ opType, inputs, attributes }: OnnxNode, value: string, map: string): Axes | null {
  const second = opType === 'QLinearMatMul' ? inputs[3] : inputs[1];
  const first = inputs[0] === value;
  if (!first && second !== value) return null;
  const turned = attributes.get(first ? 'transA' : 'transB') === 1;
  return first === turned ? { value: map, key: -2, query: -1 } : { value: map, key: -1, query: -2 };
}

/** The axis of the map that the product sums over is the keys'; the one that only the map and the result have, the queries'. */
function einsum({ inputs, attributes }: OnnxNode, value: string, map: string): Axes | null {
  const equation = attributes.get('equation');
  const index = inputs.indexOf(value);
  if (typeof equation !== 'string' || inputs.length !== 2 || index < 0) return null;
  const [terms = '', result = ''] = equation.replace(/\s+/g, '').split('->');
  const operands = terms.split(',');
  const [own, other] = [operands[index], operands[1 - index]];
  if (own === undefined || other === undefined) return null;
  const letters = Array.from(own.replace('...', ''));
  const axis = (belongs: (letter: string) => boolean): number => {
    const found = letters.filter(belongs);
    return found.length === 1 ? letters.indexOf(found[0] ?? '') - letters.length : 0;
  };
  const key = axis((letter) => !result.includes(letter) && other.includes(letter));
  const query = axis((letter) => result.includes(letter) && !other.includes(letter));
  return key === 0 || query === 0 ? null : { value: map, key, query };
}

function consumersOf({ nodes }: OnnxGraph): Map<string, OnnxNode[]> {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of nodes) {
    for (const input of node.inputs) {
      const list = consumers.get(input);
      if (list === undefined) consumers.set(input, [node]);
      else if (list.at(-1) !== node) list.push(node);
    }
  }
  return consumers;
}

/** Kernel of the first convolution whose stride equals its kernel: the patch embedding's patch. */
export function findPatch(graph: OnnxGraph): [height: number, width: number] | null {
  for (const { opType, attributes } of graph.nodes) {
    const kernel = attributes.get('kernel_shape');
    const strides = attributes.get('strides');
    if (!/^(Conv|QLinearConv|ConvInteger|NhwcConv|FusedConv)$/.test(opType)) continue;
    if (!Array.isArray(kernel) || !Array.isArray(strides)) continue;
    const [height, width] = kernel;
    if (height === undefined || width === undefined || height < 2) continue;
    if (strides[0] === height && strides[1] === width) return [height, width];
  }
  return null;
}

/** Why there are no maps, as a sentence about the model of that name. */
export function noAttention(name: string, { closed, others }: Pick<AttentionSearch, 'closed' | 'others'>): Sentence {
  const [first] = closed;
  if (first !== undefined) return sentence('{0} keeps its attention inside an operator: {1}.', name, first);
  return others === 0
    ? sentence(
        '{0} shows no attention maps: no Softmax is in the graph (MatMul, Gemm or Einsum), and no attention operator is there.',
        name,
      )
    : sentence(
        '{0} shows no attention maps: no Softmax in the graph is followed by a product (MatMul, Gemm or Einsum), and no attention operator is there.',
        name,
      );
}
