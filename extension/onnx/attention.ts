/**
 * Attention maps of somebody else's ONNX file. Exporters write attention as a product, a Softmax and a product with V;
 * the Softmax's result is the map, but it is no output of the graph. This finds where each map is, and along which axes.
 */
import { sentence, type Argument, type Sentence } from '../errors/sentence';
import { dequantized, openFused, type Opened } from './fused';
import { inOrder } from './order';
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

/** Of quantised graphs too. */
const SOFTMAX = new Set(['Softmax', 'QLinearSoftmax']);
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
  const booleans = booleansOf(graph);
  for (const node of inOrder(graph.nodes)) {
    const level = Math.max(0, ...node.inputs.map((input) => levels.get(input) ?? 0));
    const map = mapOf(node, consumers, search, booleans);
    if (map !== null) search.maps.push({ ...map, level });
    for (const output of node.outputs) levels.set(output, map === null ? level : level + 1);
  }
  return search;
}

type Axes = Omit<FoundMap, 'level'>;

/** A value that is a map, or one as the whole numbers that a quantised operator gives. */
interface Carrier {
  value: string;
  quantised: boolean;
}

function mapOf(
  node: OnnxNode,
  consumers: Map<string, OnnxNode[]>,
  search: AttentionSearch,
  booleans: ReadonlySet<string>,
): Axes | null {
  const opened = openFused(node, booleans);
  if (opened !== null) {
    if ('reason' in opened) {
      search.closed.push(opened.reason);
      return null;
    }
    search.opened.push(opened);
    return { value: opened.map, key: -1, query: -2 };
  }
  if (!SOFTMAX.has(node.opType)) return null;
  const [result] = node.outputs;
  const quantised = node.opType === 'QLinearSoftmax';
  const found = result === undefined ? null : productWith(result, { value: result, quantised }, consumers, 0);
  if (found === null) search.others++;
  if (found === null || !found.quantised) return found;
  const plain = dequantized(node, found.value);
  search.opened.push(plain);
  return { ...found, value: plain.map };
}

/** Follows a Softmax's result to the product with V. `map`: what still has the map's exact values. */
function productWith(
  value: string,
  map: Carrier,
  consumers: Map<string, OnnxNode[]>,
  distance: number,
): (Axes & Carrier) | null {
  for (const node of consumers.get(value) ?? []) {
    const found = PRODUCTS.has(node.opType)
      ? matrixProduct(node, value)
      : node.opType === 'Einsum'
        ? einsum(node, value)
        : null;
    if (found !== null) return { ...found, ...map };
    const [next] = node.outputs;
    if (distance >= FARTHEST || next === undefined) continue;
    const reshaped = RESHAPING.has(node.opType);
    if (!reshaped && !SAME_SHAPE.has(node.opType)) continue;
    const plain = map.quantised && node.opType === 'DequantizeLinear';
    const carried = plain ? { value: next, quantised: false } : reshaped ? { ...map, value: next } : map;
    const further = productWith(next, carried, consumers, distance + 1);
    if (further !== null) return further;
  }
  return null;
}

type Summed = Omit<Axes, 'value'>;

/** A V sums over the last axis of A; V' A' over the one before it. */
function matrixProduct({ opType, inputs, attributes }: OnnxNode, value: string): Summed | null {
  const second = opType === 'QLinearMatMul' ? inputs[3] : inputs[1];
  const first = inputs[0] === value;
  if (!first && second !== value) return null;
  const turned = attributes.get(first ? 'transA' : 'transB') === 1;
  return first === turned ? { key: -2, query: -1 } : { key: -1, query: -2 };
}

/** The axis of the map that the product sums over is the keys'; the one that only the map and the result have, the queries'. */
function einsum({ inputs, attributes }: OnnxNode, value: string): Summed | null {
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
  return key === 0 || query === 0 ? null : { key, query };
}

const GIVES_BOOLEANS = /^(Equal|Not|And|Or|Xor|Less|LessOrEqual|Greater|GreaterOrEqual|IsNaN|IsInf)$/;
const BOOL = 9;

/** Values that are true or false, as far as the operators tell: a mask of them keeps, one of numbers is added. */
function booleansOf({ nodes, inputs, initializers }: OnnxGraph): Set<string> {
  const found = new Set(inputs.flatMap(({ name, elementType }) => (elementType === BOOL ? [name] : [])));
  for (const { name, dataType } of initializers.values()) if (dataType === BOOL) found.add(name);
  for (const { opType, inputs: read, outputs, attributes } of inOrder(nodes)) {
    const passes = RESHAPING.has(opType) || /^(Identity|Slice|Gather|Concat|Where|Trilu)$/.test(opType);
    const boolean =
      GIVES_BOOLEANS.test(opType) ||
      (opType === 'Cast' && attributes.get('to') === BOOL) ||
      (passes && found.has(read[opType === 'Where' ? 1 : 0] ?? ''));
    if (boolean) for (const output of outputs) found.add(output);
  }
  return found;
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
