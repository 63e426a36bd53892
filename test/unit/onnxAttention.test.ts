/** Where attention maps are in graphs of other exporters: what is read off the operators, without running them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findAttention, findPatch, noAttention } from '../../extension/onnx/attention';
import { inOrder } from '../../extension/onnx/order';
import type { AttributeValue, OnnxGraph, OnnxNode } from '../../extension/onnx/schema';

type Attributes = Record<string, AttributeValue>;

/** Without a name of its own, as many exporters leave them. */
const node = (
  opType: string,
  inputs: string[],
  output: string,
  attributes: Attributes = {},
  domain = '',
): OnnxNode => ({
  ...{ name: '', opType, domain, inputs, outputs: [output] },
  attributes: new Map(Object.entries(attributes)),
});
const graph = (nodes: OnnxNode[], more: Partial<OnnxGraph> = {}): OnnxGraph => ({
  ...{ name: '', nodes, inputs: [], outputs: [], initializers: new Map() },
  ...more,
});
const search = (...nodes: OnnxNode[]) => findAttention(graph(nodes));
const softmax = node('Softmax', ['scores'], 'map');
/** Where the map is, of the only one; null: it is no attention. */
function only(...nodes: OnnxNode[]): [value: string, query: number, key: number] | null {
  const { maps, others } = search(...nodes);
  assert.equal(maps.length + others, 1);
  return maps.length === 0 ? null : [maps[0]!.value, maps[0]!.query, maps[0]!.key];
}

test('the side of the product, and whether it is transposed, say which axis is the keys’', () => {
  for (const op of ['MatMul', 'Gemm', 'MatMulInteger', 'FusedMatMul']) {
    assert.deepEqual(only(softmax, node(op, ['map', 'v'], 'out')), ['map', -2, -1]);
    assert.deepEqual(only(softmax, node(op, ['v', 'map'], 'out')), ['map', -1, -2]);
    assert.deepEqual(only(softmax, node(op, ['map', 'v'], 'out', { transA: 1 })), ['map', -1, -2]);
    assert.deepEqual(only(softmax, node(op, ['v', 'map'], 'out', { transB: 1 })), ['map', -2, -1]);
    // of the other operand
    assert.deepEqual(only(softmax, node(op, ['map', 'v'], 'out', { transB: 1 })), ['map', -2, -1]);
    assert.deepEqual(only(softmax, node(op, ['v', 'map'], 'out', { transA: 1 })), ['map', -1, -2]);
  }
  const quantised = (...inputs: string[]) => only(softmax, node('QLinearMatMul', inputs, 'out'));
  assert.deepEqual(quantised('map', 's', 'z', 'v', 's', 'z', 's', 'z'), ['map', -2, -1]);
  assert.deepEqual(quantised('v', 's', 'z', 'map', 's', 'z', 's', 'z'), ['map', -1, -2]);
  assert.equal(quantised('v', 'map', 'z', 'w', 's', 'z', 's', 'z'), null, 'a scale is no operand');
});

test('an Einsum’s letters say it', () => {
  const einsum = (equation: AttributeValue | undefined, ...inputs: string[]) =>
    only(softmax, node('Einsum', inputs, 'out', equation === undefined ? {} : { equation }));
  assert.deepEqual(einsum('bhqk,bhkd->bhqd', 'map', 'v'), ['map', -2, -1]);
  assert.deepEqual(einsum(' b h q k , b k h d -> b q h d ', 'map', 'v'), ['map', -2, -1]);
  assert.deepEqual(einsum('bkhd,bhqk->bqhd', 'v', 'map'), ['map', -2, -1]);
  assert.deepEqual(einsum('bhkq,bhkd->bhqd', 'map', 'v'), ['map', -1, -2]);
  assert.deepEqual(einsum('bqhk,bkhd->bqhd', 'map', 'v'), ['map', -3, -1]);
  assert.deepEqual(einsum('...qk,...kd->...qd', 'map', 'v'), ['map', -2, -1]);
  // summed over two axes, over none, without a result, of one operand or three, or without an equation
  assert.equal(einsum('bhqk,bhkq->bh', 'map', 'v'), null);
  assert.equal(einsum('bqkl,bkld->bqd', 'map', 'v'), null);
  assert.equal(einsum('bqpk,bkd->bqpd', 'map', 'v'), null);
  assert.equal(einsum('bhqk,bhqk->bhqk', 'map', 'v'), null);
  assert.equal(einsum('bhqk->bhkq', 'map', 'v'), null);
  assert.equal(einsum('bhqk,bhkd,bhkd->bhqd', 'map', 'v', 'w'), null);
  assert.equal(einsum('bhqk', 'map', 'v'), null);
  assert.equal(einsum('bhst,bhtd', 'map', 'v'), null);
  assert.equal(einsum(undefined, 'map', 'v'), null);
  assert.equal(einsum(5, 'map', 'v'), null);
});

test('between a Softmax and its product may be what changes no value, or only the shape', () => {
  const same = [
    'Cast',
    'Dropout',
    'Identity',
    'Where',
    'Mul',
    'QuantizeLinear',
    'DequantizeLinear',
    'DynamicQuantizeLinear',
  ];
  for (const op of same) {
    assert.deepEqual(only(softmax, node(op, ['map'], 'x'), node('MatMul', ['x', 'v'], 'out')), ['map', -2, -1], op);
  }
  for (const op of ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose', 'Expand']) {
    assert.deepEqual(only(softmax, node(op, ['map'], 'x'), node('MatMul', ['x', 'v'], 'out')), ['x', -2, -1], op);
  }
  assert.equal(only(softmax, node('Relu', ['map'], 'x'), node('MatMul', ['x', 'v'], 'out')), null);
  const none = { ...node('Cast', ['map'], ''), outputs: [] };
  assert.equal(only(softmax, none, node('MatMul', ['x', 'v'], 'out')), null);
  // the first branch that leads to a product is taken
  const branches = [node('Relu', ['map'], 'r'), node('Identity', ['map'], 'i'), node('MatMul', ['v', 'i'], 'out')];
  assert.deepEqual(only(softmax, ...branches), ['map', -1, -2]);
  const chain = (length: number) => [
    ...Array.from({ length }, (_, i) => node('Identity', [i === 0 ? 'map' : `x${i - 1}`], `x${i}`)),
    node('MatMul', [`x${length - 1}`, 'v'], 'out'),
  ];
  assert.deepEqual(only(softmax, ...chain(8)), ['map', -2, -1]);
  assert.equal(only(softmax, ...chain(9)), null);
  assert.equal(only(node('Softmax', ['scores'], 'classes')), null);
  assert.equal(only({ ...softmax, outputs: [] }), null);
});

test('maps are numbered by what they depend on: layers, and what is beside them', () => {
  const layer = (from: string, name: string) => [
    node('Softmax', [from], `${name}.map`),
    node('MatMul', [`${name}.map`, 'v'], name),
  ];
  const { maps } = search(...layer('x', 'a'), ...layer('x', 'b'), node('Add', ['a', 'b'], 'sum'), ...layer('sum', 'c'), ...layer('c', 'd')); // prettier-ignore
  assert.deepEqual(maps.map(({ value, level }) => [value, level]), [['a.map', 0], ['b.map', 0], ['c.map', 1], ['d.map', 2]]); // prettier-ignore
  // nodes in another order are the same graph
  const shuffled = search(...layer('a', 'b'), ...layer('x', 'a'));
  assert.deepEqual(shuffled.maps.map(({ value, level }) => [value, level]), [['a.map', 0], ['b.map', 1]]); // prettier-ignore
});

test('an 8-bit Softmax’s map is read with its scale, unless that is done behind it', () => {
  const eight = node('QLinearSoftmax', ['scores', 's0', 'z0', 's1', 'z1'], 'map');
  const product = (value: string) => node('QLinearMatMul', [value, 's', 'z', 'v', 's', 'z', 's', 'z'], 'out');
  const { maps, opened } = search(eight, product('map'));
  const [read] = opened[0]!.nodes;
  assert.deepEqual(
    [read!.opType, read!.inputs, read!.outputs],
    ['DequantizeLinear', ['map', 's1', 'z1'], [maps[0]!.value]],
  );
  const turned = search(eight, node('Transpose', ['map'], 't'), product('t'));
  assert.equal(turned.opened[0]!.nodes[0]!.inputs[0], 't');
  const without = search({ ...eight, inputs: ['scores', 's0', 'z0', 's1'] }, product('map'));
  assert.deepEqual(without.opened[0]!.nodes[0]!.inputs, ['map', 's1']);
  const behind = search(
    eight,
    node('DequantizeLinear', ['map', 's1', 'z1'], 'plain'),
    node('MatMul', ['plain', 'v'], 'out'),
  );
  assert.deepEqual([behind.maps[0]!.value, behind.opened], ['plain', []]);
});

test('what is computed beside nodes without names has names of its own', () => {
  const eight = (layer: string) => node('QLinearSoftmax', ['scores', 's0', 'z0', 's1', 'z1'], `${layer}.map`);
  const product = (layer: string) =>
    node('QLinearMatMul', [`${layer}.map`, 's', 'z', 'v', 's', 'z', 's', 'z'], `${layer}.out`);
  const whole = (layer: string) => node('Attention', ['q', 'k', 'v'], `${layer}.out`);
  const { maps, opened } = search(eight('a'), product('a'), eight('b'), product('b'), whole('c'), whole('d'));
  assert.equal(maps.length, 4);
  const made = opened.flatMap(({ nodes, constants }) => [...nodes.flatMap(({ outputs }) => outputs), ...constants.map(({ name }) => name)]); // prettier-ignore
  assert.ok(made.length > 4);
  assert.deepEqual(made, [...new Set(made)]);
});

/** Attention as one operator: what is computed beside it, or why it stays closed. */
function fused(opType: string, inputs: string[], attributes: Attributes, domain = 'com.microsoft', more = {}) {
  const { maps, opened, closed } = findAttention(graph([node(opType, inputs, 'out', attributes, domain)], more));
  const nodes = opened[0]?.nodes ?? [];
  const [reason] = closed as { message: string }[];
  if (reason !== undefined) return reason.message;
  assert.deepEqual([maps[0]!.value, maps[0]!.query, maps[0]!.key], [opened[0]!.map, -2, -1]);
  assert.equal(nodes.at(-1)!.opType, 'Softmax');
  assert.equal(nodes.at(-1)!.attributes.get('axis'), -1);
  // each node reads what is there: an input of the operator, a constant, or an earlier node
  const known = new Set([...inputs, ...opened[0]!.constants.map(({ name }) => name)]);
  for (const { inputs, outputs } of nodes) {
    for (const input of inputs) assert.ok(known.has(input), input);
    known.add(outputs[0]!);
  }
  return nodes.map(({ opType }) => opType).join(' ');
}

test('fused attention is opened where its inputs say enough', () => {
  const scores = 'Transpose MatMul Shape Gather Cast Sqrt Div';
  const heads = 'Cast Reshape Transpose';
  const packed = 'Cast Cast MatMul Reshape Gather Transpose Gather Transpose';
  assert.equal(fused('Attention', ['x', 'w'], { num_heads: 2 }), `${packed} ${scores} Softmax`);
  assert.equal(
    fused('Attention', ['x', 'w'], { num_heads: 2, scale: { float: 0.5 } }),
    `${packed} Transpose MatMul Div Softmax`,
  );
  assert.equal(
    fused('Attention', ['x', 'w', 'b'], { num_heads: 2 }),
    `${packed.replace('MatMul', 'MatMul Cast Add')} ${scores} Softmax`,
  );
  assert.equal(
    fused('Attention', ['x', 'w', '', '', '', 'bias'], { num_heads: 2 }),
    `${packed} ${scores} Cast Add Softmax`,
  );
  assert.equal(
    fused('Attention', ['x', 'w'], { num_heads: 2, qkv_hidden_sizes: [8, 8, 8] }),
    `${packed} ${scores} Softmax`,
  );
  assert.equal(fused('MultiHeadAttention', ['q', 'k', 'v'], { num_heads: 2 }), `${heads} ${heads} ${scores} Softmax`);
  assert.equal(
    fused('MultiHeadAttention', ['q', 'k', 'v', 'b'], { num_heads: 2 }),
    `Cast Reshape Cast Gather Add Reshape Transpose Cast Gather Add Reshape Transpose ${scores} Softmax`,
  );
  assert.equal(fused('Attention', ['q', 'k', 'v'], {}, ''), `Cast Cast ${scores} Softmax`);
  assert.equal(
    fused('Attention', ['q', 'k', 'v'], { q_num_heads: 2, kv_num_heads: 2 }, ''),
    `${heads} ${heads} ${scores} Softmax`,
  );
  assert.equal(fused('Attention', ['q', 'k', 'v', 'm'], {}, ''), `Cast Cast ${scores} Cast Add Softmax`);
});

test('a mask of truth values keeps what is true: by its type, by what makes it, and through what only moves it', () => {
  const scores = 'Transpose MatMul Shape Gather Cast Sqrt Div Cast Add Softmax';
  const of = (before: OnnxNode[], more: Partial<OnnxGraph> = {}) => {
    const attention = node('Attention', ['q', 'k', 'v', 'm'], 'out', {});
    const { opened } = findAttention(graph([...before, attention], more));
    const nodes = opened[0]!.nodes.map(({ opType }) => opType).join(' ');
    if (nodes === `Cast Cast ${scores}`) return 'added';
    assert.equal(nodes, `Cast Cast Where ${scores}`);
    assert.equal(opened[0]!.nodes[2]!.inputs[0], 'm');
    const values = opened[0]!.nodes[2]!.inputs.slice(1).map((name) => {
      const { data } = opened[0]!.constants.find((constant) => constant.name === name)!;
      return new Float32Array(data.buffer)[0]!;
    });
    assert.ok(values[0] === 0 && values[1]! < -1e38);
    return 'keeps';
  };
  assert.equal(of([]), 'added');
  const input = (elementType: number) => ({ inputs: [{ name: 'm', elementType, shape: null }] });
  assert.equal(of([], input(9)), 'keeps');
  assert.equal(of([], input(1)), 'added');
  const tensor = { dims: [], external: false, externalData: new Map(), raw: null };
  const stored = (dataType: number) => ({ initializers: new Map([['m', { ...tensor, name: 'm', dataType }]]) });
  assert.equal(of([], stored(9)), 'keeps');
  assert.equal(of([], stored(1)), 'added');
  const tests = [
    'Equal',
    'Not',
    'And',
    'Or',
    'Xor',
    'Less',
    'LessOrEqual',
    'Greater',
    'GreaterOrEqual',
    'IsNaN',
    'IsInf',
  ];
  for (const op of tests) assert.equal(of([node(op, ['a', 'b'], 'm')]), 'keeps', op);
  for (const op of ['NotEqual', 'Add', 'MatMulNot']) assert.equal(of([node(op, ['a', 'b'], 'm')]), 'added', op);
  assert.equal(of([node('Cast', ['a'], 'm', { to: 9 })]), 'keeps');
  assert.equal(of([node('Cast', ['a'], 'm', { to: 1 })]), 'added');
  const not = node('Not', ['a'], 'n');
  const moves = ['Identity', 'Slice', 'Gather', 'Concat', 'Trilu', 'Reshape', 'Unsqueeze', 'Transpose', 'Expand'];
  for (const op of moves) {
    assert.equal(of([not, node(op, ['n', 'a'], 'm')]), 'keeps', op);
    assert.equal(of([not, node(op, ['a', 'n'], 'm')]), 'added', op);
  }
  assert.equal(of([not, node('Where', ['c', 'n', 'a'], 'm')]), 'keeps');
  assert.equal(of([not, node('Where', ['n', 'a', 'c'], 'm')]), 'added', 'what is chosen by, not what is chosen');
  assert.equal(of([not, node('Cast', ['n'], 'm', { to: 1 })]), 'added');
});

test('attention that cannot be taken apart says why', () => {
  const masked = 'Attention with a mask, a past or rotary positions cannot be taken apart';
  assert.equal(fused('Attention', ['x', 'w'], {}), masked);
  assert.equal(fused('Attention', ['x', 'w', '', 'm'], { num_heads: 2 }), masked);
  assert.equal(fused('Attention', ['x', 'w', '', '', 'p'], { num_heads: 2 }), masked);
  for (const flag of ['unidirectional', 'do_rotary']) assert.equal(fused('Attention', ['x', 'w'], { num_heads: 2, [flag]: 1 }), masked); // prettier-ignore
  assert.notEqual(fused('Attention', ['x', 'w'], { num_heads: 2, do_rotary: 0, unidirectional: 0 }), masked);
  for (const sizes of [[8, 8, 16], 8]) {
    const said = fused('Attention', ['x', 'w'], { num_heads: 2, qkv_hidden_sizes: sizes });
    assert.equal(said, 'Attention with values of another length than its keys cannot be taken apart');
  }
  const past = 'MultiHeadAttention with a mask or a past cannot be taken apart';
  assert.equal(fused('MultiHeadAttention', ['q', 'k', 'v'], {}), past);
  assert.equal(fused('MultiHeadAttention', ['q', 'k', 'v'], { num_heads: 2, unidirectional: 1 }), past);
  assert.equal(fused('MultiHeadAttention', ['q', 'k', 'v', '', 'm'], { num_heads: 2 }), past);
  assert.equal(fused('MultiHeadAttention', ['q', 'k', 'v', '', '', '', 'p'], { num_heads: 2 }), past);
  const inOne = 'MultiHeadAttention with queries, keys and values in one input cannot be taken apart';
  for (const inputs of [['qkv'], ['q', 'kv'], ['q', '', 'v']]) {
    assert.equal(fused('MultiHeadAttention', inputs, { num_heads: 2 }), inOne);
  }
  const causal = 'Attention with a past, a causal mask or shared keys cannot be taken apart';
  assert.equal(fused('Attention', ['q', 'k', 'v', '', 'p'], {}, ''), causal);
  assert.equal(fused('Attention', ['q', 'k', 'v'], { is_causal: 1 }, ''), causal);
  assert.equal(fused('Attention', ['q', 'k', 'v'], { q_num_heads: 4, kv_num_heads: 2 }, ''), causal);
  assert.equal(fused('Attention', ['q', 'k', 'v'], { q_num_heads: 4 }, ''), causal);
  assert.equal(fused('Attention', ['q', 'k', 'v'], { softcap: { float: 5 } }, ''), causal);
  assert.equal(fused('Attention', ['q', 'k', 'v'], { softcap: 5 }, ''), causal);
  assert.notEqual(fused('Attention', ['q', 'k', 'v'], { is_causal: 0, softcap: { float: 0 } }, ''), causal);
  const closed = ['QAttention', 'PackedAttention', 'PackedMultiHeadAttention', 'GroupQueryAttention', 'PagedAttention', 'SparseAttention', 'DecoderMaskedMultiHeadAttention', 'LongformerAttention']; // prettier-ignore
  for (const op of closed) assert.equal(fused(op, ['q'], {}), `${op} gives no maps and cannot be taken apart`);
});

test('why there are no maps', () => {
  const of = (...nodes: OnnxNode[]) => noAttention('a.onnx', search(...nodes)).message;
  assert.equal(of(node('QAttention', [], 'out'), softmax), 'a.onnx keeps its attention inside an operator: QAttention gives no maps and cannot be taken apart.'); // prettier-ignore
  assert.match(of(softmax), /^a\.onnx shows no attention maps: no Softmax in the graph is followed by a product/);
  assert.match(of(node('Relu', ['x'], 'y')), /^a\.onnx shows no attention maps: no Softmax is in the graph/);
});

test('the patch is the kernel of the first convolution that does not overlap itself', () => {
  const conv = (kernel: AttributeValue, strides: AttributeValue, op = 'Conv') =>
    node(op, ['x'], 'y', { kernel_shape: kernel, strides });
  for (const op of ['Conv', 'QLinearConv', 'ConvInteger', 'NhwcConv', 'FusedConv']) {
    assert.deepEqual(findPatch(graph([conv([16, 8], [16, 8], op)])), [16, 8]);
  }
  const patch = conv([4, 4], [4, 4]);
  const others = [
    ...[conv([3, 3], [2, 2]), conv([4, 4], [4, 2]), conv([4, 4], [2, 4]), conv([1, 1], [1, 1]), conv([4], [4])],
    ...[
      conv([8, 8], [8, 8], 'MyConv'),
      conv([8, 8], [8, 8], 'MaxPool'),
      conv(8, [8, 8]),
      conv([8, 8], 8),
      conv([8, 8], [8, 8], 'ConvTranspose'),
    ],
  ];
  assert.deepEqual(findPatch(graph([...others, patch, conv([16, 16], [16, 16])])), [4, 4]);
  assert.deepEqual(findPatch(graph([conv([2, 2], [2, 2])])), [2, 2]);
  assert.equal(findPatch(graph(others)), null);
});

test('nodes are put into an order in which they can be computed; circles come last', () => {
  const order = (...nodes: OnnxNode[]) => inOrder(nodes).map(({ outputs }) => outputs[0]).join(''); // prettier-ignore
  const [a, b, c, d] = [
    node('A', ['x'], 'a'),
    node('B', ['a'], 'b'),
    node('C', ['a', 'b'], 'c'),
    node('D', ['c', 'c'], 'd'),
  ];
  assert.equal(order(a, b, c, d), 'abcd');
  assert.equal(order(d, c, b, a), 'abcd');
  assert.equal(order(b, d, a, c), 'abcd');
  const [e, f] = [node('E', ['f'], 'e'), node('F', ['e'], 'f')];
  assert.equal(order(e, f, b, a), 'abef');
  assert.equal(order(node('S', ['s'], 's'), a), 'as');
});
