/** Activations by every name and as nodes, what nearly every model has, lists of steps, classes by name, tokens in another order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { activations, NAMED_ACTIVATIONS, TORCH_ACTIVATIONS } from '../../extension/architecture/activations';
import { classByName } from '../../extension/architecture/className';
import type { Activation } from '../../extension/architecture/description';
import { plainArchitecture, plainBlock } from '../../extension/architecture/plain';
import { scoresOf } from '../../extension/architecture/scores';
import { shapesOf } from '../../extension/architecture/steps';
import { mapsInOrder, ownOrder, tokensInOrder } from '../../extension/architecture/tokenOrder';

type Attributes = Record<string, string | number | { float: number }>;
interface Operation {
  operator: string;
  inputs: string[];
  attributes: Attributes;
}

/** Of the ONNX operators that are used, by https://onnx.ai/onnx/operators. */
const operators: Record<string, (x: number, y: number, of: (name: string, otherwise: number) => number) => number> = {
  Mul: (x, y) => x * y,
  Sub: (x, y) => x - y,
  Neg: (x) => -x,
  Tanh: (x) => Math.tanh(x),
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Relu: (x) => Math.max(0, x),
  Elu: (x, _y, of) => (x < 0 ? of('alpha', 1) * (Math.exp(x) - 1) : x),
  Celu: (x, _y, of) => Math.max(0, x) + Math.min(0, of('alpha', 1) * (Math.exp(x / of('alpha', 1)) - 1)),
  Selu: (x) => 1.05070102214813232421875 * (x > 0 ? x : 1.67326319217681884765625 * (Math.exp(x) - 1)),
  LeakyRelu: (x, _y, of) => (x < 0 ? of('alpha', 0.01) * x : x),
  HardSwish: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  HardSigmoid: (x, _y, of) => Math.max(0, Math.min(1, of('alpha', 0.2) * x + of('beta', 0.5))),
  Shrink: (x, _y, of) => (x < -of('lambd', 0.5) ? x + of('bias', 0) : x > of('lambd', 0.5) ? x - of('bias', 0) : 0),
  Softplus: (x) => Math.log(1 + Math.exp(x)),
  Softsign: (x) => x / (1 + Math.abs(x)),
  Mish: (x) => x * Math.tanh(Math.log(1 + Math.exp(x))),
};

const gelu = (x: number) => {
  // by Simpson's rule over the normal density
  const [steps, half] = [2000, x / 2000];
  let sum = 0;
  for (let i = 0; i <= steps; i++) sum += Math.exp(-((i * half) ** 2) / 2) * (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2);
  return x * (0.5 + ((half / 3) * sum) / Math.sqrt(2 * Math.PI));
}; // prettier-ignore
const geluTanh = (x: number) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

function run(kind: Activation, value: number): number {
  const nodes: Operation[] = [];
  const known = new Map<string, number>([['x', value]]);
  const graph = {
    scalar(constant: number) {
      known.set(`c${known.size}`, constant);
      return `c${known.size - 1}`;
    },
    node(operator: string, inputs: string[], attributes: Attributes = {}) {
      nodes.push({ operator, inputs, attributes });
      const [x, y = NaN, z = NaN] = inputs.map((name) => known.get(name)!) as [number, number?, number?];
      const of = (name: string, otherwise: number) => {
        const attribute = attributes[name];
        if (attribute === undefined) return otherwise;
        assert.ok(typeof attribute === 'object', 'numbers of activations are float32');
        return attribute.float;
      };
      const made =
        operator === 'Gelu'
          ? (attributes['approximate'] === 'tanh' ? geluTanh : gelu)(x)
          : operator === 'Clip'
            ? Math.max(y, Math.min(z, x))
            : operators[operator]!(x, y, of);
      known.set(`n${nodes.length}`, made);
      return `n${nodes.length}`;
    },
  };
  return known.get(activations[kind].onnx(graph, 'x'))!;
}

const clamp = (x: number, low: number, high: number) => Math.max(low, Math.min(high, x));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** torch.nn's and transformers' definitions: name of torch.nn, names of timm and transformers. */
const defined: Record<Activation, [of: (x: number) => number, torch: string | null, names: string[]]> = {
  gelu: [gelu, 'GELU', ['gelu', 'gelu_python', 'gelu_erf']],
  gelu_tanh: [geluTanh, null, ['gelu_tanh', 'gelu_new', 'gelu_fast', 'gelu_pytorch_tanh']],
  quick_gelu: [(x) => x * sigmoid(1.702 * x), null, ['quick_gelu', 'quickgelu']],
  relu: [(x) => Math.max(0, x), 'ReLU', ['relu']],
  relu6: [(x) => clamp(x, 0, 6), 'ReLU6', ['relu6']],
  silu: [(x) => x * sigmoid(x), 'SiLU', ['silu', 'swish']],
  sigmoid: [sigmoid, 'Sigmoid', ['sigmoid']],
  tanh: [(x) => Math.tanh(x), 'Tanh', ['tanh']],
  elu: [(x) => (x > 0 ? x : Math.exp(x) - 1), 'ELU', ['elu']],
  celu: [(x) => (x > 0 ? x : Math.exp(x) - 1), 'CELU', ['celu']],
  selu: [(x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * (Math.exp(x) - 1)), 'SELU', ['selu']],
  leaky_relu: [(x) => (x > 0 ? x : x / 100), 'LeakyReLU', ['leaky_relu']],
  rrelu: [(x) => (x > 0 ? x : (11 / 48) * x), 'RReLU', ['rrelu']],
  hardswish: [(x) => (x * clamp(x + 3, 0, 6)) / 6, 'Hardswish', ['hard_swish']],
  hardsigmoid: [(x) => clamp(x + 3, 0, 6) / 6, 'Hardsigmoid', ['hard_sigmoid']],
  hardtanh: [(x) => clamp(x, -1, 1), 'Hardtanh', []],
  hardshrink: [(x) => (Math.abs(x) > 0.5 ? x : 0), 'Hardshrink', []],
  softshrink: [(x) => Math.sign(x) * Math.max(0, Math.abs(x) - 0.5), 'Softshrink', []],
  tanhshrink: [(x) => x - Math.tanh(x), 'Tanhshrink', []],
  softplus: [(x) => Math.log1p(Math.exp(x)), 'Softplus', []],
  softsign: [(x) => x / (1 + Math.abs(x)), 'Softsign', []],
  mish: [(x) => x * Math.tanh(Math.log1p(Math.exp(x))), 'Mish', ['mish']],
  log_sigmoid: [(x) => Math.log(sigmoid(x)), 'LogSigmoid', []],
  identity: [(x) => x, 'Identity', ['linear', 'identity']],
};

for (const [kind, [of]] of Object.entries(defined) as [Activation, (typeof defined)[Activation]][]) {
  test(`${kind} is the same function as nodes`, () => {
    for (const x of [-7, -3.5, -0.9, -0.4, 0, 0.3, 0.6, 1.5, 4, 8]) {
      const made = run(kind, x);
      assert.ok(Math.abs(made - of(x)) < 1e-6 * Math.max(1, Math.abs(x)), `${x}: ${made} is not ${of(x)}`);
    }
  });
}

test('activations by the names of torch.nn, timm and transformers', () => {
  const rows = Object.entries(defined);
  const torch = rows.flatMap(([kind, [, name]]) => (name === null ? [] : [[name, kind]])).sort();
  assert.deepEqual(Object.entries(TORCH_ACTIVATIONS), torch, 'in alphabetical order');
  const named = Object.fromEntries(rows.flatMap(([kind, [, , names]]) => names.map((name) => [name, kind])));
  assert.deepEqual(NAMED_ACTIVATIONS, named);
  // x * sigmoid(x) needs no factor
  const nodes: string[] = [];
  activations.silu.onnx({ node: (operator) => `${nodes.push(operator)}`, scalar: () => assert.fail() }, 'x');
  assert.deepEqual(nodes, ['Sigmoid', 'Mul']);
});

test('what nearly every model has', () => {
  const block = plainBlock(12, 3, 48, 1e-5, { mlp: 'glu' });
  assert.deepEqual(block, {
    ...{ dimIn: 12, dim: 12, heads: 3, headDim: 4, scale: 0.5, qkvBias: true, projBias: true, qkNorm: null, attnNorm: null },
    ...{ valueSkip: false, attnResidual: true, norm: { kind: 'layer', eps: 1e-5 }, order: 'pre', branches: 1, layerScale: false },
    ...{ mlpHidden: 48, mlp: 'glu', mlpBias: true, mlpNorm: null, activation: 'gelu', performer: null },
  }); // prettier-ignore
  const given = {
    ...{ image: { channels: 3, height: 8, width: 8 }, dim: 12, depth: 1, block, classes: 2 },
    position: { kind: 'none' as const },
    tokenizer: { kind: 'patch' as const, patch: [4, 4] as [number, number], bias: true, norm: null },
  };
  const usual = {
    ...{ prefix: { class: true, distillation: false, registers: 0 }, rotary: null, relativeBias: null, preNorm: null },
    ...{ finalNorm: block.norm, pool: 'token', poolIncludesPrefix: false, fcNorm: null, mapPool: null, projection: null, headBias: true },
  }; // prettier-ignore
  assert.deepEqual(plainArchitecture(given), { ...usual, ...given });
  assert.equal(plainArchitecture({ ...given, finalNorm: null, pool: 'avg' }).finalNorm, null);
});

test('steps as a list: encoding blocks are one entry, the picture comes first', () => {
  const steps = ['patches', 'blocks.0.norm1', 'blocks.0.attn', 'blocks.1.norm1', 'blocks.9.x', 'blocks.10.norm1', 'tokenizer.blocks.1', 'head'];
  const list = (depth: number) =>
    shapesOf(
      { ...({ image: { channels: 3, height: 8, width: 6 } } as Parameters<typeof shapesOf>[0]), depth },
      steps.map((name) => ({ name, shape: [1, 2] }) as Parameters<typeof shapesOf>[1][number]),
    );
  assert.deepEqual(list(12)[0], { step: 'image', shape: [1, 3, 8, 6] });
  assert.deepEqual(list(12)[1], { step: 'patches', shape: [1, 2] });
  const names = (depth: number) => list(depth).map(({ step }) => step);
  assert.deepEqual(names(12), ['image', 'patches', 'blocks.0-11.norm1', 'blocks.0-11.attn', 'tokenizer.blocks.1', 'head']);
  assert.equal(names(2)[2], 'blocks.0-1.norm1');
  assert.equal(names(1)[2], 'blocks.0.norm1');
}); // prettier-ignore

test('a class by its number, its label, or what stands before the first comma of only one label', () => {
  const labels = ['tench, Tinca tinca', ' Crane ', 'crane, machine', 'kite, bird', 'kite, toy', '7'];
  const cases: [text: string, index: number | null][] = [
    ...([['0', 0], ['  12 ', 12], ['1234567', 1234567], ['7', 7], ['12345678', null], ['-1', null], ['1.5', null], ['7x', null], ['x7', null]] as const).map((x) => [...x] as [string, number | null]),
    ...([['Tench', 0], ['tench, tinca TINCA', 0], ['crane', 1], ['CRANE, machine', 2], ['kite', null], ['kite, toy', 4], ['tinca tinca', null], ['', null], [' ', null]] as const).map((x) => [...x] as [string, number | null]),
  ]; // prettier-ignore
  for (const [text, index] of cases) assert.equal(classByName(text, labels), index, text);
  assert.deepEqual([classByName('tench', null), classByName('3', null)], [null, 3]);
  assert.equal(classByName('', ['']), null);
});

test('values as they are, and sigmoids of each', () => {
  assert.deepEqual([...scoresOf([2, -3], 'value')], [2, -3]);
  assert.deepEqual([...scoresOf([0, Math.log(3)], 'sigmoid')].map((x) => x.toFixed(6)), ['0.500000', '0.750000']); // prettier-ignore
});

test('detection tokens stand behind the patches in a model’s own order', () => {
  const names = ['class', 'detection 1', 'detection 2'];
  assert.equal(ownOrder(['class', 'register 1'], 6), null);
  assert.equal(ownOrder([], 6), null);
  // class, then the three patches, then both detection tokens
  assert.deepEqual(ownOrder(names, 6), [0, 3, 4, 5, 1, 2]);
  assert.deepEqual(ownOrder(['detection 1'], 3), [1, 2, 0]);
  assert.deepEqual([...tokensInOrder(Float32Array.of(0, 1, 10, 11, 20, 21), [1, 2, 0])], [10, 11, 20, 21, 0, 1]);
  // maps of two heads: row and column in their digits
  const maps = Float32Array.from({ length: 18 }, (_, i) => 100 * Math.floor(i / 9) + 10 * (Math.floor(i / 3) % 3) + (i % 3));
  assert.deepEqual([...mapsInOrder(maps, [1, 2, 0])], [0, 100].flatMap((head) => [11, 12, 10, 21, 22, 20, 1, 2, 0].map((x) => head + x)));
}); // prettier-ignore
