/** An .onnx file read by position: its structure without its weights, where they lie, and which are in other files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { externalRanges } from '../../extension/onnx/externalData';
import { fieldsOf, FileWindow, VarintReader } from '../../extension/onnx/fields';
import { readOnnxHeader, readOnnxSkeleton } from '../../extension/onnx/header';
import { everyInitializer, initializersOf } from '../../extension/onnx/initializers';
import { readModel } from '../../extension/onnx/schema';
import { bytes, fixed32, fixed64, memoryFile, message, model, number, packed, text, varint, type Bytes } from './protobuf'; // prettier-ignore

const relu = message(1, text(4, 'Relu'));
const unreadable = { message: 'it is not an ONNX model (its protobuf cannot be read)' };
const short = { message: 'it is cut short' };
const windowOf = (content: Bytes) => new FileWindow(memoryFile(Uint8Array.from(content)).file);

test('numbers of any length, and what is none', () => {
  for (const value of [0, 1, 127, 128, 300, 2 ** 31, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER]) {
    const reader = new VarintReader(Uint8Array.from([...varint(value), 99]));
    assert.equal(reader.varint(), value);
    assert.equal(reader.at, varint(value).length);
  }
  // ten bytes are the most: 64 bits
  assert.equal(new VarintReader(Uint8Array.from(varint(-1))).varint(), 2 ** 64);
  assert.throws(() => new VarintReader(Uint8Array.from([...Array<number>(10).fill(128), 1])).varint(), unreadable);
  assert.throws(() => new VarintReader(Uint8Array.of(128)).varint(), unreadable);
  assert.throws(() => new VarintReader(new Uint8Array()).varint(), unreadable);
});

test('fields of each kind, and where they lie', async () => {
  const content = [...number(1, 300), ...fixed64(2), ...text(3, 'abc'), ...fixed32(4, 1), ...bytes(500, []), ...number(6, 0)];
  const fields = await fieldsOf(windowOf(content), 0, content.length);
  const places = fields.map(({ tag, wireType, start, value, end }) => [tag, wireType, start, value, end]);
  assert.deepEqual(places, [[1, 0, 0, 3, 3], [2, 1, 3, 4, 12], [3, 2, 12, 14, 17], [4, 5, 17, 18, 22], [500, 2, 22, 25, 25], [6, 0, 25, 27, 27]]);
  assert.deepEqual(await fieldsOf(windowOf(content), 3, 3), []);
  assert.deepEqual((await fieldsOf(windowOf(content), 12, 22)).map(({ tag }) => tag), [3, 4]);
  await assert.rejects(fieldsOf(windowOf(content), 0, 16), short);
  for (const wireType of [3, 4, 6, 7]) await assert.rejects(fieldsOf(windowOf([8 | wireType, 0, 0]), 0, 3), unreadable);
  await assert.rejects(fieldsOf(windowOf([8]), 0, 1), unreadable);
}); // prettier-ignore

test('what lies close together comes from one read; what is large from one of its own', async () => {
  const content = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
  const { file, asked } = memoryFile(content);
  const source = new FileWindow(file);
  const part = async (from: number, to: number) => assert.deepEqual([...(await source.read(from, to))], [...content.slice(from, to)]); // prettier-ignore
  await part(0, 10);
  await part(65_526, 65_536);
  assert.deepEqual(asked, [[0, 65536]]);
  await part(65_527, 65_537);
  assert.deepEqual(asked.splice(0), [[0, 65536], [65527, 65536]]); // prettier-ignore
  await part(100_000, 100_000 + 65_536);
  assert.deepEqual(asked.splice(0), [[100_000, 65_536]]);
  await part(65_527, 65_530);
  assert.deepEqual(asked, []);
  await part(65_526, 65_530);
  await part(199_990, 200_000);
  assert.deepEqual(asked.splice(0), [[65_526, 65_536], [199_990, 65_536]]); // prettier-ignore
  await assert.rejects(source.read(199_991, 200_001), short);
  await assert.rejects(source.read(190_000, 190_000 + 65_536), short);
});

const value = (tag: number, name: string) => message(tag, text(1, name));
const weight = (name: string, ...fields: Bytes[]) => message(5, packed(1, [2, 3]), number(2, 1), text(8, name), ...fields); // prettier-ignore

test('a header has all but the weights, whose names it has where there are several inputs', async () => {
  const raw = bytes(9, new Uint8Array(1000));
  const [x, w] = [value(11, 'x'), value(11, 'w')];
  const read = async (...graph: Bytes[]) => {
    const content = model(graph, text(2, 'pytorch'), message(8, number(2, 17)));
    const header = await readOnnxHeader(memoryFile(content).file);
    assert.equal(header.bytes, content.length);
    assert.deepEqual([header.model.producer, header.model.opsets.get(''), header.model.irVersion], ['pytorch', 17, 9]);
    assert.equal(header.model.graph.nodes.length, 1);
    return header.model.graph;
  };
  const one = await read(x, weight('w', raw), relu);
  assert.deepEqual([one.inputs.length, one.initializers.size], [1, 0]);
  const two = await read(x, weight('w', raw), relu, w, weight('v', text(12, 'a comment')));
  assert.deepEqual([...two.initializers.values()], ['w', 'v'].map((name) => ({ name, dims: [], dataType: 0, external: false, externalData: new Map(), raw: null }))); // prettier-ignore
});

test('a skeleton has the weights without their values, of whatever kind', async () => {
  const kept = [packed(1, [2, 3]), number(2, 1), text(8, 'w'), message(13, text(1, 'location'), text(2, 'f')), number(14, 1)];
  const values = [4, 5, 6, 7, 9, 10, 11].map((tag) => bytes(tag, [1, 2, 3, 4]));
  const content = model([text(2, 'main'), message(5, ...values, ...kept, ...values), relu], text(2, 'us'));
  const skeleton = await readOnnxSkeleton(memoryFile(content).file);
  assert.deepEqual([...skeleton], [...model([text(2, 'main'), message(5, ...kept), relu], text(2, 'us'))]);
  // one that has nothing else is left out; lengths beyond 127 take two bytes
  const long = 'x'.repeat(200);
  const other = await readOnnxSkeleton(memoryFile(model([message(5, ...values), text(2, long), relu])).file);
  assert.deepEqual([...other], [...model([text(2, long), relu])]);
  for (const length of [127 - 14, 128 - 14]) {
    const edge = model([text(2, 'y'.repeat(length)), relu]);
    assert.deepEqual([...(await readOnnxSkeleton(memoryFile(edge).file))], [...edge]);
  }
}); // prettier-ignore

test('what does not begin like a model is none', async () => {
  const of = (content: Bytes) => readOnnxHeader(memoryFile(Uint8Array.from(content)).file);
  await assert.rejects(of([]), { message: 'it is empty' });
  const none = { message: 'it is not an ONNX model' };
  // tag 0, tag 21, and kinds of fields that a model does not begin with
  for (const first of [0, 2, 21 << 3, (21 << 3) | 2, 9, 11, 12, 13, 14, 15]) await assert.rejects(of([first, 0, 0, 0]), none);
  await assert.rejects(of([8, 9, ...message(7, relu).slice(0, -1)]), short);
  const last = number(15, 1);
  assert.equal((await of([...last, ...model([relu])])).model.irVersion, 9);
}); // prettier-ignore

test('weights by place: their type, their sides, their bytes', async () => {
  const raw = bytes(9, [1, 2, 3, 4]);
  const content = model([
    weight('raw', raw),
    relu,
    message(5, number(1, 2), number(1, 300), number(2, 10), bytes(4, [1, 2]), text(8, 'apart')),
    message(5, number(2, 16), fixed32(4, 1), text(8, 'not packed')),
    message(5, number(2, 99)),
    message(5),
    number(5, 3),
    text(2, 'main'),
  ], number(7, 5)); // prettier-ignore
  const { file } = memoryFile(content);
  const all = await everyInitializer(file);
  const at = Buffer.from(content).indexOf(Buffer.from([1, 2, 3, 4]));
  const two = Buffer.from(content).indexOf(Buffer.from([0x22, 2, 1, 2])) + 2;
  assert.deepEqual(all, [
    { name: 'raw', dims: [2, 3], type: 'float', dtype: 'F32', begin: at, end: at + 4 },
    { name: 'apart', dims: [2, 300], type: 'float16', dtype: 'F16', begin: two, end: two + 2 },
    { name: 'not packed', dims: [], type: 'bfloat16', dtype: 'BF16', begin: 0, end: 0 },
    { name: '', dims: [], type: '99', dtype: null, begin: 0, end: 0 },
    { name: '', dims: [], type: 'undefined', dtype: null, begin: 0, end: 0 },
  ]);
  assert.deepEqual(await initializersOf(file), all.slice(0, 2));
});

test('types by number, as onnx.proto has them', async () => {
  const types = ['undefined', 'float', 'uint8', 'int8', 'uint16', 'int16', 'int32', 'int64', 'string', 'bool', 'float16', 'double', 'uint32', 'uint64', 'complex64', 'complex128', 'bfloat16', 'float8e4m3fn', 'float8e4m3fnuz', 'float8e5m2', 'float8e5m2fnuz', 'uint4', 'int4', 'float4e2m1', 'float8e8m0', 'uint2', 'int2']; // prettier-ignore
  const { file } = memoryFile(model(types.map((_, i) => message(5, number(2, i), bytes(9, [0])))));
  assert.deepEqual((await everyInitializer(file)).map(({ type }) => type), types); // prettier-ignore
  assert.deepEqual((await initializersOf(file)).map(({ type, dtype }) => [type, dtype]), [['float', 'F32'], ['float16', 'F16'], ['bfloat16', 'BF16']]); // prettier-ignore
});

const outside = (name: string, shape: number[], type: number, entry: Record<string, string>) =>
  message(5, ...shape.map((side) => number(1, side)), number(2, type), text(8, name), ...Object.entries(entry).map(([k, v]) => message(13, text(1, k), text(2, v))), number(14, 1)); // prettier-ignore
const ranges = (...graph: Bytes[]) => {
  const content = model([relu, ...graph]);
  return externalRanges(content, readModel(content).graph);
};

test('bytes of a weight in another file, by the bits of each type', () => {
  // [type, bytes of 9 numbers], 4-bit ones two in a byte
  const sizes: [type: number, bytes: number][] = [
    ...([[1, 36], [2, 9], [3, 9], [4, 18], [5, 18], [6, 36], [7, 72], [9, 9], [10, 18], [11, 72], [12, 36], [13, 72]] as const),
    ...([[14, 72], [15, 144], [16, 18], [17, 9], [18, 9], [19, 9], [20, 9], [21, 5], [22, 5], [23, 5], [24, 9]] as const),
  ].map(([type, size]) => [type, size]); // prettier-ignore
  for (const [type, size] of sizes)
    assert.deepEqual(ranges(outside('w', [3, 3], type, { location: 'f' })), [{ tensor: 'w', location: 'f', begin: 0, end: size }], `${type}`); // prettier-ignore
  const unknown = { message: 'weight w lies in f in an unknown number format' };
  for (const type of [0, 8, 25]) assert.throws(() => ranges(outside('w', [1], type, { location: 'f' })), unknown);
  assert.deepEqual(ranges(outside('w', [2], 1, { location: 'a/b.bin', offset: '12', length: '8' }), outside('v', [], 1, { location: 'f', offset: '20' }), weight('here')), [
    { tensor: 'w', location: 'a/b.bin', begin: 12, end: 20 },
    { tensor: 'v', location: 'f', begin: 20, end: 24 },
  ]); // prettier-ignore
});

test('places that cannot be', () => {
  const of = (shape: number[], entry: Record<string, string>) => () => ranges(outside('w', shape, 1, entry));
  const f = { location: 'f' };
  const impossible = { message: 'weight w lies in an impossible place of f' };
  for (const offset of ['-1', '1.5', '', ' 1', '1 ', 'x', '9007199254740992', '00000000000000001', '9007199254740991'])
    assert.throws(of([2], { ...f, offset }), impossible, offset);
  assert.throws(of([-1], f), impossible);
  assert.throws(of([2 ** 30, 2 ** 30], f), impossible);
  assert.equal(of([2], { ...f, offset: '9007199254740983' })()[0]!.end, Number.MAX_SAFE_INTEGER);
  assert.equal(of([0], f)()[0]!.end, 0);
  const claims = (length: string, said: string) =>
    assert.throws(of([2, 3], { ...f, length }), { message: `weight w of shape (2, 3) takes 24 bytes, but ${said} are claimed in f` }); // prettier-ignore
  claims('23', '23');
  claims('25', '25');
  claims('-24', 'an unreadable number');
  const nowhere = (location: string, why: string) =>
    assert.throws(of([1], { location }), { message: `weight w should lie in ${JSON.stringify(location)}, ${why}` });
  assert.throws(of([1], {}), { message: 'weight w should lie in "", which names no file' });
  nowhere('', 'which names no file');
  for (const odd of ['a_ORT_MEM_ADDR_', 'a\0b', 'a\\b']) nowhere(odd, 'which is no name of a file');
  for (const far of ['/f', 'c:f', 'Z:/f', '../f', 'a/../../f', '..']) nowhere(far, "which is not inside the model's directory"); // prettier-ignore
  for (const near of ['a/f', '..f', 'f..', 'a..b/f', 'ab:f', '1:f', './f'])
    assert.equal(of([1], { location: near })()[0]!.location, near);
});

test('only weights of the main graph may lie outside, each under a name of its own', () => {
  const [w, there] = [outside('w', [1], 1, { location: 'f' }), number(14, 1)];
  assert.throws(() => ranges(w, w), { message: 'two of its weights have one name' });
  assert.throws(() => ranges(outside('w', [1], 1, {}), weight('w', number(14, 1))), { message: 'two of its weights have one name' }); // prettier-ignore
  const away = { message: 'a constant or an inner graph keeps its numbers in another file, which is not supported' };
  const attribute = (...fields: Bytes[]) => message(1, message(5, ...fields));
  const tensor = (tag: number) => message(tag, there);
  const inner: Bytes[] = [
    ...[attribute(tensor(5)), attribute(tensor(10)), attribute(message(6, message(5, there))), attribute(message(11, message(5, there)))],
    ...[22, 23].flatMap((tag) => [1, 2].map((part) => attribute(message(tag, tensor(part))))),
    ...[1, 2].map((part) => message(15, tensor(part))),
    attribute(message(6, attribute(tensor(5)))),
  ]; // prettier-ignore
  for (const field of inner) assert.throws(() => ranges(field), away, JSON.stringify(field));
  const beside: Bytes[] = [
    ...[1, 2].map((part) => message(20, message(part, message(5, there)))),
    ...[message(25, message(7, message(5, tensor(5)))), message(25, message(11, tensor(5)))],
  ];
  for (const field of beside) {
    const content = model([relu], field);
    assert.throws(() => externalRanges(content, readModel(content).graph), away, JSON.stringify(field));
  }
  // what is said to lie here, and fields of other kinds and numbers
  const fine = [attribute(message(5, number(14, 0))), attribute(message(5, bytes(14, [1]))), attribute(message(7, there)), attribute(number(5, 1), fixed32(2, 1), fixed64(30))]; // prettier-ignore
  for (const field of fine) assert.deepEqual(ranges(field), []);
  assert.equal(ranges(w, weight('v', number(14, 0)), ...fine).length, 1);
});

test('graphs in graphs: three messages each, sixty at most', () => {
  const nested = (levels: number): Bytes => (levels === 0 ? relu : message(1, message(5, message(6, nested(levels - 1)))));
  assert.deepEqual(ranges(nested(19)), []);
  assert.throws(() => ranges(nested(20)), { message: 'its graphs are nested too deep' });
}); // prettier-ignore
