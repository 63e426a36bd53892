/** ONNX models read from bytes and written to them: each field of onnx.proto that is used, by its number. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PbfWriter } from 'pbf';
import type { Opened } from '../../extension/onnx/fused';
import { GraphBuilder } from '../../extension/onnx/graphBuilder';
import { promoted, promoteToOutputs } from '../../extension/onnx/promote';
import { readModel, writeNode, writeValue, type OnnxNode } from '../../extension/onnx/schema';
import { bytes, fixed32, fixed64, message, model, number, packed, text, type Bytes } from './protobuf';

const relu = message(1, text(4, 'Relu'));
const read = (...graph: Bytes[]) => readModel(model([relu, ...graph])).graph;

test('what a model says of itself', () => {
  const opset = (domain: string, version: number) => message(8, ...(domain ? [text(1, domain)] : []), number(2, version)); // prettier-ignore
  const whole = model(
    [relu, text(2, 'main')],
    ...[text(2, 'pytorch'), opset('', 17), opset('com.microsoft', 300), text(3, 'ignored'), fixed64(30), fixed32(31, 1)],
    ...[message(14, text(1, 'a'), text(2, 'b')), message(14, text(1, 'c'), text(2, 'd'))],
  ); // prettier-ignore
  const { irVersion, producer, opsets, graph, metadata } = readModel(whole);
  assert.deepEqual([irVersion, producer, graph.name], [9, 'pytorch', 'main']);
  assert.deepEqual([...opsets], [['', 17], ['com.microsoft', 300]]); // prettier-ignore
  assert.deepEqual([...metadata], [['a', 'b'], ['c', 'd']]); // prettier-ignore
  const bare = readModel(model([relu]));
  assert.deepEqual([bare.producer, bare.opsets.size, bare.metadata.size, bare.graph.name], ['', 0, 0, '']);
  assert.deepEqual([bare.graph.inputs, bare.graph.outputs, bare.graph.initializers.size], [[], [], 0]);
});

test('what is no model', () => {
  const refused = (bytes: Bytes, message: RegExp) => assert.throws(() => readModel(Uint8Array.from(bytes)), { message });
  const broken = /^it is not an ONNX model \(its protobuf cannot be read; the file may be cut short\)$/;
  const empty = /^it is not an ONNX model \(it holds no graph\)$/;
  refused([], empty);
  refused(number(1, 9), empty);
  refused([...message(7, relu)], empty);
  refused([...number(1, 9), ...message(7, text(2, 'nothing'))], empty);
  refused([...number(1, 9), 0x3e], broken);
}); // prettier-ignore

test('nodes: names, places, and attributes of each kind', () => {
  const node = message(
    1,
    ...[text(1, 'x'), text(1, ''), text(1, 'y'), text(2, 'out'), text(2, 'more')],
    ...[text(3, 'n'), text(4, 'Conv'), text(7, 'ai.onnx'), text(6, 'a comment')],
    message(5, text(1, 'alpha'), fixed32(2, 0.5), number(20, 1)),
    message(5, text(1, 'axis'), number(3, -1), number(20, 2)),
    message(5, text(1, 'mode'), text(4, 'cubic'), number(20, 3)),
    message(5, text(1, 'packed'), packed(8, [1, 300]), number(20, 7)),
    message(5, text(1, 'apart'), number(8, 4), number(8, -5), number(8, 6), number(20, 7)),
    message(5, text(1, 'graph'), message(6, relu), number(20, 5)),
  );
  const found = readModel(model([node])).graph.nodes[0]!;
  assert.deepEqual({ ...found, attributes: null }, {
    ...{ name: 'n', opType: 'Conv', domain: 'ai.onnx', inputs: ['x', '', 'y'], outputs: ['out', 'more'], attributes: null },
  }); // prettier-ignore
  assert.deepEqual([...found.attributes], [
    ['alpha', { float: 0.5 }],
    ['axis', -1],
    ['mode', 'cubic'],
    ['packed', [1, 300]],
    ['apart', [4, -5, 6]],
  ]); // prettier-ignore
  const bare = readModel(model([message(1)])).graph.nodes[0];
  assert.deepEqual(bare, { name: '', opType: '', domain: '', inputs: [], outputs: [], attributes: new Map() });
});

test('weights: in the model, in another form, in another file', () => {
  const { initializers } = read(
    message(5, packed(1, [2, 300]), number(2, 1), text(8, 'raw'), bytes(9, [1, 2, 3])),
    message(5, number(1, 2), number(1, 3), number(2, 10), text(8, 'apart'), message(4, fixed32(1, 1))),
    message(5, text(8, 'outside'), number(2, 16), number(14, 1), message(13, text(1, 'location'), text(2, 'w.bin')), message(13, text(1, 'offset'), text(2, '12'))),
    message(5, text(8, 'twice'), number(14, 1), number(14, 0)),
    message(5, text(8, 'here'), number(14, 0)),
  ); // prettier-ignore
  const of = (name: string) => {
    const { dims, dataType, external, externalData, raw } = initializers.get(name)!;
    return [dims, dataType, external, [...externalData], raw && [...raw]];
  };
  assert.deepEqual([...initializers.keys()], ['raw', 'apart', 'outside', 'twice', 'here']);
  assert.deepEqual(of('raw'), [[2, 300], 1, false, [], [1, 2, 3]]);
  assert.deepEqual(of('apart'), [[2, 3], 10, false, [], null]);
  assert.deepEqual(of('outside'), [[], 16, true, [['location', 'w.bin'], ['offset', '12']], null]); // prettier-ignore
  // what once lies outside is not read from here
  assert.deepEqual([of('twice'), of('here')], [[[], 0, true, [], null], [[], 0, false, [], null]]); // prettier-ignore
});

test('fields that are not known are passed over, in every message', () => {
  const [other, numbered] = [text(19, 'other'), number(18, 5)];
  const shape = message(2, other, message(1, other, number(1, 3), numbered));
  const content = model(
    [
      message(1, text(4, 'Op'), other, numbered, message(5, text(1, 'axis'), number(3, 1), other, numbered)),
      message(5, text(8, 'w'), message(13, text(1, 'location'), text(2, 'f'), other), other, numbered),
      message(11, text(1, 'x'), other, numbered, message(2, other, message(1, number(1, 1), shape, other, numbered))),
      ...[message(12, text(1, 'y')), other, numbered],
    ],
    ...[other, numbered, message(8, number(2, 17), other), message(8), message(14), message(14, other)],
  );
  const { graph, opsets, metadata } = readModel(content);
  const { nodes, inputs, outputs, initializers } = graph;
  assert.deepEqual([nodes.length, nodes[0]!.opType, [...nodes[0]!.attributes]], [1, 'Op', [['axis', 1]]]);
  assert.deepEqual(inputs, [{ name: 'x', elementType: 1, shape: [3] }]);
  assert.deepEqual(outputs, [{ name: 'y', elementType: 0, shape: null }]);
  assert.deepEqual([...initializers.get('w')!.externalData], [['location', 'f']]);
  assert.deepEqual([[...opsets], [...metadata]], [[['', 0]], [['', '']]]);
  // messages without a field: an attribute without a value is none
  const bare = read(message(1, message(5)), message(5), message(5, message(13)), message(11), message(12));
  assert.deepEqual([bare.nodes[1]!.attributes.size, [...bare.initializers.keys()]], [0, ['']]);
  assert.deepEqual([...bare.initializers.get('')!.externalData], [['', '']]);
  assert.deepEqual(
    [...bare.inputs, ...bare.outputs],
    [0, 1].map(() => ({ name: '', elementType: 0, shape: null })),
  );
  assert.deepEqual([...read(message(1, message(5, number(3, 7)))).nodes[1]!.attributes], [['', 7]]);
});

/** ValueInfoProto: name, type { tensor_type { elem_type, shape { dim } } } */
const dim = (side: number | string | null) =>
  message(1, ...(side === null ? [] : [typeof side === 'number' ? number(1, side) : text(2, side)]));
const value = (tag: number, name: string, type: number, shape: (number | string | null)[] | null) =>
  message(
    tag,
    text(1, name),
    message(2, message(1, number(1, type), ...(shape ? [message(2, ...shape.map(dim))] : []))),
  );
test('inputs and outputs: sides that are numbers, have names, or are not known', () => {
  const { inputs, outputs } = read(
    value(11, 'x', 1, ['batch', 3, null, 224]),
    value(11, 'y', 10, null),
    message(11, text(1, 'z')),
    message(11, text(1, 'sequence'), message(2, message(4, number(1, 1)))),
    value(12, 'scalar', 16, []),
    value(12, 'open', 1, [-1]),
  );
  assert.deepEqual(inputs, [
    { name: 'x', elementType: 1, shape: ['batch', 3, '', 224] },
    { name: 'y', elementType: 10, shape: null },
    { name: 'z', elementType: 0, shape: null },
    { name: 'sequence', elementType: 0, shape: null },
  ]);
  assert.deepEqual(outputs, [
    { name: 'scalar', elementType: 16, shape: [] },
    { name: 'open', elementType: 1, shape: [-1] },
  ]);
}); // prettier-ignore

const written = (tag: number, write: (pbf: PbfWriter) => void): Bytes => {
  const inner = new PbfWriter();
  write(inner);
  return bytes(tag, inner.finish());
};

test('what is written is byte for byte what the schema says', () => {
  const node: OnnxNode = {
    ...{ name: 'n', opType: 'Op', inputs: ['a', ''], outputs: ['o'], domain: 'd' },
    attributes: new Map<string, number | number[] | string | { float: number }>([
      ...([['f', { float: 0.5 }], ['i', -1], ['s', 'text'], ['l', [3, -4]], ['e', []]] as const),
    ] as Iterable<[string, number | number[] | string | { float: number }]>),
  }; // prettier-ignore
  const attributes = [
    message(5, text(1, 'f'), fixed32(2, 0.5), number(20, 1)),
    message(5, text(1, 'i'), number(3, -1), number(20, 2)),
    message(5, text(1, 's'), text(4, 'text'), number(20, 3)),
    message(5, text(1, 'l'), number(8, 3), number(8, -4), number(20, 7)),
    message(5, text(1, 'e'), number(20, 7)),
  ];
  const names = [text(1, 'a'), text(1, ''), text(2, 'o'), text(3, 'n'), text(4, 'Op')];
  assert.deepEqual(written(1, (pbf) => writeNode(node, pbf)), message(1, ...names, text(7, 'd'), ...attributes)); // prettier-ignore
  const usual = { ...node, domain: '', attributes: new Map() };
  assert.deepEqual(written(1, (pbf) => writeNode(usual, pbf)), message(1, ...names)); // prettier-ignore
  const shape = ['batch', 3];
  assert.deepEqual(written(11, (pbf) => writeValue({ name: 'x', elementType: 1, shape }, pbf)), value(11, 'x', 1, shape)); // prettier-ignore
  assert.deepEqual(written(11, (pbf) => writeValue({ name: 'x', elementType: 1, shape: null }, pbf)), message(11, text(1, 'x'))); // prettier-ignore
});

test('a model that is built is read back: numbers, names, constants once for each value', () => {
  const graph = new GraphBuilder('built', 20);
  const x = graph.input({ name: 'x', elementType: 1, shape: [1, 4] });
  const weight = graph.weight('w', [2, 2], new Float32Array([9, 1, 2, 3, 4]).subarray(1));
  assert.equal(graph.bytes('b', [3], new Int8Array([9, -1, 0, 1]).subarray(1)), 'b');
  assert.notEqual(graph.scalar(0.5), graph.scalar(0.25));
  const constants = [graph.scalar(0.5), graph.int64([1, -2]), graph.scalar(0.5), graph.int64([1, -2]), graph.int64([1]), graph.int64([12]), graph.int64([1, 2])]; // prettier-ignore
  assert.equal(new Set(constants).size, 5);
  const product = graph.node('MatMul', [x, weight]);
  const [first, second] = graph.split(product, 1, [3, 1]) as [string, string];
  assert.equal(graph.node('Add', [first, second], { axis: 1 }, 'sum'), 'sum');
  const three = graph.several('DynamicQuantizeLinear', ['sum'], 3);
  assert.equal(new Set([product, first, second, ...three]).size, 6);
  graph.output({ name: 'sum', elementType: 1, shape: ['n', 3] });
  const { irVersion, producer, opsets, metadata, graph: made } = readModel(Buffer.concat(graph.finish('us', { k: 'v', l: 'w' }))); // prettier-ignore
  assert.deepEqual([irVersion, producer, [...opsets], [...metadata], made.name], [9, 'us', [['', 20]], [['k', 'v'], ['l', 'w']], 'built']); // prettier-ignore
  assert.deepEqual(made.inputs, [{ name: 'x', elementType: 1, shape: [1, 4] }]);
  assert.deepEqual(made.outputs, [{ name: 'sum', elementType: 1, shape: ['n', 3] }]);
  const of = (name: string) => {
    const { dims, dataType, raw } = made.initializers.get(name)!;
    return { dims, dataType, buffer: Uint8Array.from(raw!).buffer };
  };
  assert.deepEqual([of('w').dims, of('w').dataType, [...new Float32Array(of('w').buffer)]], [[2, 2], 1, [1, 2, 3, 4]]);
  assert.deepEqual([of('b').dims, of('b').dataType, [...new Int8Array(of('b').buffer)]], [[3], 3, [-1, 0, 1]]);
  assert.deepEqual([of(constants[0]!).dims, of(constants[0]!).dataType, [...new Float32Array(of(constants[0]!).buffer)]], [[], 1, [0.5]]); // prettier-ignore
  assert.deepEqual([of(constants[1]!).dims, of(constants[1]!).dataType, [...new BigInt64Array(of(constants[1]!).buffer)]], [[2], 7, [1n, -2n]]); // prettier-ignore
  assert.equal(made.initializers.size, 9, 'w, b, two scalars, four lists and the sizes of the split');
  const plain = made.nodes.map(({ name, opType, domain, inputs, outputs, attributes }) => [name, opType, domain, inputs, outputs, [...attributes]]); // prettier-ignore
  const sizes = made.nodes[1]!.inputs[1]!;
  assert.deepEqual([...new BigInt64Array(of(sizes).buffer)], [3n, 1n]);
  assert.deepEqual(plain, [
    [product, 'MatMul', '', ['x', 'w'], [product], []],
    [first, 'Split', '', [product, sizes], [first, second], [['axis', 1]]],
    ['sum', 'Add', '', [first, second], ['sum'], [['axis', 1]]],
    [three[0], 'DynamicQuantizeLinear', '', ['sum'], three, []],
  ]);
});

test('a model that does not fit 2 GiB says how large it is', () => {
  // the same memory every time
  const values = new Float32Array(2 ** 24);
  const of = (weights: number) => {
    const graph = new GraphBuilder('large', 20);
    for (let i = 0; i < weights; i++) graph.weight(`w${i}`, [values.length], values);
    return () => graph.finish('us').reduce((sum, { length }) => sum + length, 0);
  };
  assert.ok(of(31)() > 31 * 2 ** 26);
  const message = "the model's weights (2.0 GiB) do not fit the 2 GiB an ONNX file can hold";
  assert.throws(of(32), { message });
});

test('values of a graph become outputs by a second graph behind it', () => {
  const before = model([relu, text(2, 'main')]);
  const opened: Opened = {
    nodes: [{ name: 'o', opType: 'Softmax', domain: '', inputs: ['s'], outputs: ['o'], attributes: new Map() }],
    constants: [{ name: 'c', dims: [1, 2], dataType: 1, data: Uint8Array.of(5, 6) }],
    map: 'o',
  };
  const after = promoteToOutputs(before, ['y', 'o', 'y'], [opened]);
  const cast = (name: string) =>
    message(1, text(1, name), text(2, `promoted/${name}`), text(3, `promoted/${name}`), text(4, 'Cast'), message(5, text(1, 'to'), number(3, 1), number(20, 2))); // prettier-ignore
  const tail = message(
    7,
    message(1, text(1, 's'), text(2, 'o'), text(3, 'o'), text(4, 'Softmax')),
    ...[cast('y'), cast('o'), message(5, packed(1, [1, 2]), number(2, 1), text(8, 'c'), bytes(9, [5, 6]))],
    ...[message(12, text(1, 'promoted/y')), message(12, text(1, 'promoted/o'))],
  );
  assert.deepEqual([...after], [...before, ...tail]);
  assert.equal(promoted('a/b'), 'promoted/a/b');
  const { graph } = readModel(after);
  assert.deepEqual(graph.outputs.map(({ name }) => name), ['promoted/y', 'promoted/o']); // prettier-ignore
});
