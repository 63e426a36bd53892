/**
 * Attention as one operator keeps its maps to itself. Where its inputs say enough, the map is computed beside it, by
 * nodes of their own: softmax(scale Q K' + bias), in float32. What the operator gives stays untouched.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md, https://onnx.ai/onnx/operators/onnx__Attention.html
 */
import { sentence, type Sentence } from '../errors/sentence';
import { FLOAT, INT64, type AttributeValue, type OnnxNode } from './schema';

export interface Constant {
  name: string;
  /** Empty: a scalar. */
  dims: number[];
  dataType: number;
  data: Uint8Array;
}

/** Nodes and constants to add, and the value that then is the map, (B, h, N, N). */
export interface Opened {
  nodes: OnnxNode[];
  constants: Constant[];
  map: string;
}

/** Other operators with attention inside, of whose inputs no map can be made. */
const CLOSED = new Set([
  'QAttention',
  'PackedAttention',
  'PackedMultiHeadAttention',
  'GroupQueryAttention',
  'PagedAttention',
  'SparseAttention',
  'DecoderMaskedMultiHeadAttention',
  'LongformerAttention',
]);

/** null: no attention operator. Otherwise what opens it, or the reason why it stays closed. */
export function openFused(node: OnnxNode, booleans: ReadonlySet<string>): Opened | { reason: Sentence } | null {
  if (CLOSED.has(node.opType)) return { reason: sentence('{0} gives no maps and cannot be taken apart', node.opType) };
  if (node.opType === 'MultiHeadAttention') return multiHead(node);
  if (node.opType === 'Attention') return node.domain === 'com.microsoft' ? packed(node) : standard(node, booleans);
  return null;
}

/** com.microsoft.Attention: input (B, N, D), weights (D, 3D), bias (3D), mask, past, attention_bias. */
function packed(node: OnnxNode): Opened | { reason: Sentence } {
  const [input = '', weights = '', bias = '', mask = '', past = '', attentionBias = ''] = node.inputs;
  const heads = whole(node, 'num_heads');
  if (heads === null || mask !== '' || past !== '' || whole(node, 'unidirectional') || whole(node, 'do_rotary'))
    return { reason: sentence('Attention with a mask, a past or rotary positions cannot be taken apart') };
  if (node.attributes.has('qkv_hidden_sizes')) {
    const sizes = node.attributes.get('qkv_hidden_sizes');
    if (!Array.isArray(sizes) || new Set(sizes).size > 1)
      return { reason: sentence('Attention with values of another length than its keys cannot be taken apart') };
  }
  const build = new Build(node);
  let all = build.node('MatMul', [build.float(input), build.float(weights)]);
  if (bias !== '') all = build.node('Add', [all, build.float(bias)]);
  const apart = build.node('Reshape', [all, build.ints([0, 0, 3, heads, -1])]);
  const [q, k] = [0, 1].map((index) => {
    const taken = build.node('Gather', [apart, build.index(index)], { axis: 2 });
    return build.node('Transpose', [taken], { perm: [0, 2, 1, 3] });
  }) as [string, string];
  return build.map(q, k, attentionBias);
}

/** com.microsoft.MultiHeadAttention: Q, K, V (B, N, D), bias (3D), mask, attention_bias. */
function multiHead(node: OnnxNode): Opened | { reason: Sentence } {
  const [query = '', key = '', value = '', bias = '', mask = '', attentionBias = '', past = ''] = node.inputs;
  const heads = whole(node, 'num_heads');
  if (heads === null || mask !== '' || past !== '' || whole(node, 'unidirectional'))
    return { reason: sentence('MultiHeadAttention with a mask or a past cannot be taken apart') };
  if (key === '' || value === '')
    return { reason: sentence('MultiHeadAttention with queries, keys and values in one input cannot be taken apart') };
  const build = new Build(node);
  const rows = bias === '' ? null : build.node('Reshape', [build.float(bias), build.ints([3, -1])]);
  const [q, k] = [query, key].map((name, index) => {
    const plain = build.float(name);
    const shifted =
      rows === null ? plain : build.node('Add', [plain, build.node('Gather', [rows, build.index(index)], { axis: 0 })]);
    return build.heads(shifted, heads);
  }) as [string, string];
  return build.map(q, k, attentionBias);
}

/** ONNX Attention (opset 23): Q, K, V as (B, h, N, d), or (B, N, D) with the number of heads as an attribute. */
function standard(node: OnnxNode, booleans: ReadonlySet<string>): Opened | { reason: Sentence } {
  const [query = '', key = '', , mask = '', past = ''] = node.inputs;
  const [heads, keyHeads] = [whole(node, 'q_num_heads'), whole(node, 'kv_num_heads')];
  if (past !== '' || whole(node, 'is_causal') || (heads ?? 0) !== (keyHeads ?? 0) || real(node, 'softcap') !== 0)
    return { reason: sentence('Attention with a past, a causal mask or shared keys cannot be taken apart') };
  const build = new Build(node);
  const [q, k] = [query, key].map((name) =>
    heads === null ? build.float(name) : build.heads(build.float(name), heads),
  ) as [string, string];
  return build.map(q, k, booleans.has(mask) ? build.keeping(mask) : mask);
}

/** com.microsoft.QLinearSoftmax: what is in its output's whole numbers. */
export function dequantized({ name, inputs, outputs }: OnnxNode, value: string): Opened {
  const map = `opened/${outputs[0] ?? name}`;
  const [, , , scale = '', zero = ''] = inputs;
  const node = { name: map, opType: 'DequantizeLinear', domain: '', inputs: [value, scale, ...(zero ? [zero] : [])] };
  return { nodes: [{ ...node, outputs: [map], attributes: new Map() }], constants: [], map };
}

/** A float attribute; 0 where it is left out. */
function real({ attributes }: OnnxNode, name: string): number {
  const value = attributes.get(name);
  return typeof value === 'object' && 'float' in value ? value.float : typeof value === 'number' ? value : 0;
}

function whole({ attributes }: OnnxNode, name: string): number | null {
  const value = attributes.get(name);
  return typeof value === 'number' && value > 0 ? value : null;
}

class Build {
  private readonly nodes: OnnxNode[] = [];
  private readonly constants = new Map<string, Constant>();
  private readonly prefix: string;

  constructor(private readonly fused: OnnxNode) {
    this.prefix = `opened/${fused.outputs[0] ?? fused.name}`;
  }

  node(opType: string, inputs: string[], attributes: Record<string, AttributeValue> = {}): string {
    const output = `${this.prefix}/${this.nodes.length}`;
    const node = { name: output, opType, domain: '', inputs, outputs: [output] };
    this.nodes.push({ ...node, attributes: new Map(Object.entries(attributes)) });
    return output;
  }

  /** A list, for a shape. */
  ints(values: number[]): string {
    return this.constant(`ints/${values.join('/')}`, [values.length], INT64, BigInt64Array.from(values, BigInt));
  }

  /** A scalar: Gather by it drops the axis. */
  index(value: number): string {
    return this.constant(`index/${value}`, [], INT64, BigInt64Array.of(BigInt(value)));
  }

  /** What is added where true keeps: 0, else the least number. */
  keeping(mask: string): string {
    const [kept, left] = [0, -3.4028235e38].map((value) =>
      this.constant(`keep/${value}`, [], FLOAT, Float32Array.of(value)),
    ) as [string, string];
    return this.node('Where', [mask, kept, left]);
  }

  private constant(key: string, dims: number[], dataType: number, values: BigInt64Array | Float32Array): string {
    const name = `${this.prefix}/${key}`;
    this.constants.set(name, { name, dims, dataType, data: new Uint8Array(values.buffer) });
    return name;
  }

  float(value: string): string {
    return this.node('Cast', [value], { to: FLOAT });
  }

  /** (B, N, D) -> (B, h, N, d) */
  heads(value: string, heads: number): string {
    const apart = this.node('Reshape', [value, this.ints([0, 0, heads, -1])]);
    return this.node('Transpose', [apart], { perm: [0, 2, 1, 3] });
  }

  /** softmax(scale Q K' + bias) of (B, h, N, d) each. The scale is the operator's, else d^-0.5. */
  map(q: string, k: string, bias: string): Opened {
    const scores = this.node('MatMul', [q, this.node('Transpose', [k], { perm: [0, 1, 3, 2] })]);
    const scaled = this.node('Div', [scores, this.divisor(q)]);
    const biased = bias === '' ? scaled : this.node('Add', [scaled, this.float(bias)]);
    const map = this.node('Softmax', [biased], { axis: -1 });
    return { nodes: this.nodes, constants: [...this.constants.values()], map };
  }

  private divisor(q: string): string {
    const scale = this.fused.attributes.get('scale');
    if (typeof scale === 'object' && 'float' in scale && scale.float > 0) {
      return this.constant('divisor', [], FLOAT, Float32Array.of(1 / scale.float));
    }
    const shape = this.node('Shape', [q]);
    const width = this.node('Gather', [shape, this.index(3)], { axis: 0 });
    return this.node('Sqrt', [this.node('Cast', [width], { to: FLOAT })]);
  }
}
