/**
 * Attention maps of somebody else's ONNX file. Exporters write attention as MatMul, Softmax, MatMul; the Softmax's result is the map,
 * but it is no output of the graph. It becomes one here, on a copy in memory: the file stays as it is.
 */
import { PbfWriter } from 'pbf';
import { writeValue, type OnnxGraph, type OnnxNode } from './schema';

/** Nodes that may stand between the Softmax and the product with V and change no value (Where: the exporter's guard against NaN). */
const PASS_THROUGH = new Set(['Cast', 'Dropout', 'Identity', 'Where']);

/** Attention as one operator: its map exists nowhere in the graph. */
const FUSED = new Set([
  'Attention',
  'MultiHeadAttention',
  'PackedAttention',
  'PackedMultiHeadAttention',
  'GroupQueryAttention',
]);

export interface AttentionSearch {
  /** Names of the Softmax results, in the graph's order: layer by layer. */
  maps: string[];
  /** How many attention operators are fused and can give no map. */
  fused: number;
}

/** Finds every Softmax whose result is multiplied with something (V); a classifier's final Softmax is not. */
export function findAttention(graph: OnnxGraph): AttentionSearch {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      const list = consumers.get(input);
      if (list === undefined) consumers.set(input, [node]);
      else list.push(node);
    }
  }
  const meetsProduct = (name: string, depth: number): boolean =>
    (consumers.get(name) ?? []).some((node) => {
      if (node.opType === 'MatMul') return node.inputs[0] === name;
      return (
        depth < 4 &&
        PASS_THROUGH.has(node.opType) &&
        node.outputs[0] !== undefined &&
        meetsProduct(node.outputs[0], depth + 1)
      );
    });
  const maps: string[] = [];
  let fused = 0;
  for (const node of graph.nodes) {
    const [result] = node.outputs;
    if (FUSED.has(node.opType)) fused++;
    else if (node.opType === 'Softmax' && result !== undefined && meetsProduct(result, 0)) maps.push(result);
  }
  return { maps, fused };
}

/**
 * The model with more of its inner values as outputs. A message field that appears twice is merged by every protobuf
 * parser, repeated fields one after the other: a second, small GraphProto at the end adds outputs and leaves all else untouched.
 */
export function promoteToOutputs(model: Uint8Array, graph: OnnxGraph, names: string[]): Uint8Array {
  const existing = new Set(graph.outputs.map((output) => output.name));
  const tail = new PbfWriter();
  tail.writeMessage(
    7,
    (wanted: string[], pbf) => {
      for (const name of wanted) pbf.writeMessage(12, writeValue, { name, elementType: 0, shape: null });
    },
    names.filter((name) => !existing.has(name)),
  );
  return Buffer.concat([model, tail.finish()]);
}

/** Kernel of the first convolution whose stride equals its kernel: the patch embedding's patch. */
export function findPatch(graph: OnnxGraph): [height: number, width: number] | null {
  for (const { opType, attributes } of graph.nodes) {
    const kernel = attributes.get('kernel_shape');
    const strides = attributes.get('strides');
    if (opType !== 'Conv' || !Array.isArray(kernel) || !Array.isArray(strides)) continue;
    const [height, width] = kernel;
    if (height === undefined || width === undefined || height < 2) continue;
    if (strides[0] === height && strides[1] === width) return [height, width];
  }
  return null;
}
