/** One attention + neural network unit (encoding block or token transformer) as ONNX nodes. Shapes: x is (B, N, D). */
import type { Block } from '../architecture/description';
import { transpose, type Operators } from './operators';
import type { AttentionPositions } from './positions';

/** Names to give the block's results that become graph outputs, and what its attention knows of places. */
interface BlockResults {
  positions?: AttentionPositions;
  /** (B, h, N, N) after softmax */
  attention?: string;
  /** (B, N, D) */
  tokens?: string;
}

/** Writes block `name` ('blocks.3', 'tokenizer.stages.0') and returns its result (B, N, dim). */
export function writeBlock(op: Operators, name: string, block: Block, x: string, results: BlockResults = {}): string {
  const attention = (input: string): string =>
    scale(op, `${name}.ls1`, block, attend(op, `${name}.attn`, block, input, results));
  const network = (input: string): string =>
    scale(op, `${name}.ls2`, block, feedForward(op, `${name}.mlp`, block, input));
  const norm = (input: string, which: 1 | 2): string => op.norm(input, `${name}.norm${which}`, block.norm);
  switch (block.order) {
    case 'pre': {
      const attended = attention(norm(x, 1));
      const middle = block.attnResidual ? op.add(x, attended) : attended;
      return op.add(middle, network(norm(middle, 2)), results.tokens);
    }
    case 'res-post': {
      const middle = op.add(x, norm(attention(x), 1));
      return op.add(middle, norm(network(middle), 2), results.tokens);
    }
    case 'post': {
      const middle = norm(op.add(x, attention(x)), 1);
      return op.norm(op.add(middle, network(middle)), `${name}.norm2`, block.norm, results.tokens);
    }
    case 'parallel':
      return writeParallel(op, name, block, x, results);
    case 'parallel-scaling':
      return writeParallelScaling(op, name, block, x, results);
  }
}

/** timm ParallelThingsBlock; the map is the mean over its branches. */
function writeParallel(op: Operators, name: string, block: Block, x: string, results: BlockResults): string {
  const branches = Array.from({ length: block.branches }, (_, p) => p);
  const maps = branches.map((p) => `${name}.attns.${p}.map`);
  const attended = branches.map((p) => {
    const path = `${name}.attns.${p}`;
    const inner = attend(op, `${path}.attn`, block, op.norm(x, `${path}.norm`, block.norm), {
      attention: maps[p],
      positions: results.positions,
    });
    return scale(op, `${path}.ls`, block, inner);
  });
  if (results.attention !== undefined) op.graph.node('Mean', maps, {}, results.attention);
  const middle = attended.reduce((sum, a) => op.add(sum, a), x);
  const networks = branches.map((p) => {
    const path = `${name}.ffns.${p}`;
    return scale(
      op,
      `${path}.ls`,
      block,
      feedForward(op, `${path}.mlp`, block, op.norm(middle, `${path}.norm`, block.norm)),
    );
  });
  return networks.reduce((sum, n, i) => op.add(sum, n, i === networks.length - 1 ? results.tokens : undefined), middle);
}

/** timm ParallelScalingBlock: in_proj gives the MLP's hidden activations, then Q, K and V. */
function writeParallelScaling(op: Operators, name: string, block: Block, x: string, results: BlockResults): string {
  const { graph } = op;
  const length = block.heads * block.headDim;
  let inner = op.linear(op.norm(x, `${name}.in_norm`, block.norm), `${name}.in_proj`, op.has(`${name}.in_proj.bias`));
  if (op.has(`${name}.mlp_bias`)) {
    const bias = new Float32Array(block.mlpHidden + 3 * length);
    // Columns are MLP, Q, K, V; mlp_bias is the MLP's, as timm has it since 1.0.25.
    bias.set(op.tensor(`${name}.mlp_bias`).values);
    inner = op.add(inner, graph.weight(`${name}.mlp_bias`, [bias.length], bias));
  }
  const [hidden, q, k, v] = graph.split(inner, 2, [block.mlpHidden, length, length, length]) as [
    string,
    string,
    string,
    string,
  ];
  const toHeads = (t: string): string => op.transpose(op.reshape(t, [0, 0, block.heads, block.headDim]), [0, 2, 1, 3]);
  const context = attendHeads(op, name, block, [toHeads(q), toHeads(k), toHeads(v)], results);
  const attended = op.linear(context, `${name}.attn_out_proj`, block.projBias);
  const network = op.linear(op.activation(hidden, block.activation), `${name}.mlp_out_proj`, block.mlpBias);
  return op.add(x, scale(op, `${name}.ls`, block, op.add(attended, network)), results.tokens);
}

function scale(op: Operators, name: string, block: Block, x: string): string {
  if (!block.layerScale) return x;
  const gamma = op.tensor(`${name}.gamma`);
  return op.graph.node('Mul', [x, op.graph.weight(`${name}.gamma`, [gamma.values.length], gamma.values)]);
}

/** Multi-head attention: (B, N, dimIn) -> (B, N, dim). */
function attend(op: Operators, name: string, block: Block, x: string, results: BlockResults): string {
  const { heads, headDim } = block;
  const qkv = op.transpose(
    op.reshape(op.linear(x, `${name}.qkv`, block.qkvBias), [0, 0, 3, heads, headDim]),
    [2, 0, 3, 1, 4],
  );
  const [q, k, v] = op.graph
    .split(qkv, 0, [1, 1, 1])
    .map((part) => op.graph.node('Squeeze', [part, op.graph.int64([0])])) as [string, string, string];
  let context = attendHeads(op, name, block, [q, k, v], results);
  if (block.attnNorm !== null) context = op.norm(context, `${name}.norm`, block.attnNorm);
  const projected = op.linear(context, `${name}.proj`, block.projBias);
  return block.valueSkip ? op.add(joinHeads(op, block, v), projected) : projected;
}

/** Q, K, V (B, h, N, hd) -> softmax(scale Q K^T + bias) V as (B, N, h*hd). */
function attendHeads(
  op: Operators,
  name: string,
  block: Block,
  [q, k, v]: [string, string, string],
  { attention: map, positions }: BlockResults,
): string {
  const { graph } = op;
  if (block.qkNorm !== null) {
    q = op.norm(q, `${name}.q_norm`, block.qkNorm);
    k = op.norm(k, `${name}.k_norm`, block.qkNorm);
  }
  if (positions) [q, k] = [positions.turn(q), positions.turn(k)];
  if (block.performer)
    return joinHeads(op, block, attendByFeatures(op, name, block.performer.features, [q, k, v], map));
  const scaled = graph.node('Mul', [q, graph.scalar(block.scale)]);
  const product = graph.node('MatMul', [scaled, op.transpose(k, [0, 1, 3, 2])]);
  const scores = positions ? positions.bias(product) : product;
  const weights = graph.node('Softmax', [scores], { axis: -1 }, map);
  return joinHeads(op, block, graph.node('MatMul', [weights, v]));
}

/** Performer, as native/src/vit/performer.h says it: Q, K, V (B, 1, N, hd) -> (B, 1, N, hd), without a map unless one is asked for. */
function attendByFeatures(
  op: Operators,
  name: string,
  features: number,
  [q, k, v]: [string, string, string],
  map?: string,
): string {
  const { graph } = op;
  const w = op.tensor(`${name}.features`);
  const length = w.values.length / features;
  const across = graph.weight(`${name}.features.T`, [length, features], transpose(w.values, features, length));
  const phi = (x: string): string => {
    const half = graph.node('Mul', [graph.node('ReduceSum', [graph.node('Mul', [x, x]), graph.int64([-1])], { keepdims: 1 }), graph.scalar(0.5)]);
    const exponent = graph.node('Sub', [graph.node('MatMul', [x, across]), half]);
    return graph.node('Mul', [graph.node('Exp', [exponent]), graph.scalar(features ** -0.5)]);
  };
  const [query, key] = [phi(q), phi(k)];
  const total = graph.node('ReduceSum', [key, graph.int64([2])], { keepdims: 1 });
  const sum = graph.node('ReduceSum', [graph.node('Mul', [query, total]), graph.int64([-1])], { keepdims: 1 });
  const divisor = graph.node('Add', [sum, graph.scalar(1e-8)]);
  if (map !== undefined) {
    const rows = graph.node('MatMul', [query, op.transpose(key, [0, 1, 3, 2])]);
    graph.node('Div', [rows, divisor], {}, map);
  }
  const summed = graph.node('MatMul', [op.transpose(key, [0, 1, 3, 2]), v]);
  return graph.node('Div', [graph.node('MatMul', [query, summed]), divisor]);
} // prettier-ignore

/** (B, h, N, hd) -> (B, N, h*hd) */
function joinHeads(op: Operators, block: Block, x: string): string {
  return op.reshape(op.transpose(x, [0, 2, 1, 3]), [0, 0, block.heads * block.headDim]);
}

/** (B, N, dim) -> (B, N, dim) */
function feedForward(op: Operators, name: string, block: Block, x: string): string {
  const { graph } = op;
  let hidden = op.linear(x, `${name}.fc1`, block.mlpBias);
  if (block.mlp === 'mlp') hidden = op.activation(hidden, block.activation);
  else {
    const half = block.mlpHidden / 2;
    const [first, second] = graph.split(hidden, 2, [half, half]) as [string, string];
    // swiglu: the gate is the first half; glu: the second (see Block.mlp)
    const [gate, value] = block.mlp === 'swiglu' ? [first, second] : [second, first];
    hidden = graph.node('Mul', [op.activation(gate, block.activation), value]);
  }
  if (block.mlpNorm !== null) hidden = op.norm(hidden, `${name}.norm`, block.mlpNorm);
  return op.linear(hidden, `${name}.fc2`, block.mlpBias);
}
