/**
 * Activations: what families call them, and what ONNX nodes (opset 20) compute them. Their formulas are in
 * native/src/kernels/activations.cc. All take torch's default arguments.
 */
import type { Activation } from './description';

/** The part of onnx/graphBuilder.ts a node is written with: inputs by name, the result's name back. */
interface Graph {
  node(operator: string, inputs: string[], attributes?: Record<string, string | number | { float: number }>): string;
  scalar(value: number): string;
}

interface Row {
  /** Class of torch.nn.modules.activation: act_layer of a .vit.json. */
  torch?: string;
  /** act_layer of timm, hidden_act of transformers (ACT2FN). */
  names?: readonly string[];
  onnx(graph: Graph, x: string): string;
}

/** One node, its attributes float32 unless they are texts. */
const node =
  (operator: string, attributes: Record<string, string | number> = {}) =>
  (graph: Graph, x: string): string =>
    graph.node(
      operator,
      [x],
      Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, typeof value === 'number' ? { float: value } : value]),
      ),
    );

const clip =
  (low: number, high: number) =>
  (graph: Graph, x: string): string =>
    graph.node('Clip', [x, graph.scalar(low), graph.scalar(high)]);

/** x * sigmoid(factor * x) */
const sigmoidTimes =
  (factor: number) =>
  (graph: Graph, x: string): string => {
    const scaled = factor === 1 ? x : graph.node('Mul', [x, graph.scalar(factor)]);
    return graph.node('Mul', [x, graph.node('Sigmoid', [scaled])]);
  };

export const activations: Record<Activation, Row> = {
  gelu: { torch: 'GELU', names: ['gelu', 'gelu_python', 'gelu_erf'], onnx: node('Gelu') },
  gelu_tanh: {
    names: ['gelu_tanh', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh'],
    onnx: node('Gelu', { approximate: 'tanh' }),
  },
  quick_gelu: { names: ['quick_gelu', 'quickgelu'], onnx: sigmoidTimes(1.702) },
  relu: { torch: 'ReLU', names: ['relu'], onnx: node('Relu') },
  relu6: { torch: 'ReLU6', names: ['relu6'], onnx: clip(0, 6) },
  silu: { torch: 'SiLU', names: ['silu', 'swish'], onnx: sigmoidTimes(1) },
  sigmoid: { torch: 'Sigmoid', names: ['sigmoid'], onnx: node('Sigmoid') },
  tanh: { torch: 'Tanh', names: ['tanh'], onnx: node('Tanh') },
  elu: { torch: 'ELU', names: ['elu'], onnx: node('Elu', { alpha: 1 }) },
  celu: { torch: 'CELU', names: ['celu'], onnx: node('Celu', { alpha: 1 }) },
  selu: { torch: 'SELU', names: ['selu'], onnx: node('Selu') },
  leaky_relu: { torch: 'LeakyReLU', names: ['leaky_relu'], onnx: node('LeakyRelu', { alpha: 0.01 }) },
  // torch draws the slope while training and evaluates with the mean of its bounds
  rrelu: { torch: 'RReLU', names: ['rrelu'], onnx: node('LeakyRelu', { alpha: (1 / 8 + 1 / 3) / 2 }) },
  hardswish: { torch: 'Hardswish', names: ['hard_swish'], onnx: node('HardSwish') },
  hardsigmoid: {
    torch: 'Hardsigmoid',
    names: ['hard_sigmoid'],
    onnx: node('HardSigmoid', { alpha: 1 / 6, beta: 0.5 }),
  },
  hardtanh: { torch: 'Hardtanh', onnx: clip(-1, 1) },
  hardshrink: { torch: 'Hardshrink', onnx: node('Shrink', { lambd: 0.5, bias: 0 }) },
  softshrink: { torch: 'Softshrink', onnx: node('Shrink', { lambd: 0.5, bias: 0.5 }) },
  tanhshrink: { torch: 'Tanhshrink', onnx: (graph, x) => graph.node('Sub', [x, graph.node('Tanh', [x])]) },
  softplus: { torch: 'Softplus', onnx: node('Softplus') },
  softsign: { torch: 'Softsign', onnx: node('Softsign') },
  mish: { torch: 'Mish', names: ['mish'], onnx: node('Mish') },
  log_sigmoid: {
    torch: 'LogSigmoid',
    onnx: (graph, x) => graph.node('Neg', [graph.node('Softplus', [graph.node('Neg', [x])])]),
  },
  identity: { torch: 'Identity', names: ['linear', 'identity'], onnx: (_, x) => x },
};

const rows = Object.entries(activations) as [Activation, Row][];

/** By class of torch.nn, in alphabetical order, as messages list them. */
export const TORCH_ACTIVATIONS: Record<string, Activation> = Object.fromEntries(
  rows.flatMap(([id, { torch }]) => (torch === undefined ? [] : ([[torch, id]] as [string, Activation][]))).sort(),
);

/** By the names of timm and transformers. */
export const NAMED_ACTIVATIONS: Record<string, Activation> = Object.fromEntries(
  rows.flatMap(([id, { names = [] }]) => names.map((name) => [name, id])),
);
