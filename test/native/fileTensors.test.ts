/** What a weight file holds, as its editor lists it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { PbfWriter } from 'pbf';
import { loadBinding } from '../../extension/engine/native/binding';
import { fileTensors } from '../../extension/models/fileTensors';
import { Graph } from '../integration/onnxGraphs';
import { file, scratch, write } from '../unit/models/files';

const folder = scratch();
const binding = loadBinding();

async function read(path: string, { values = true, signal = new AbortController().signal } = {}) {
  const reported: number[] = [];
  const found = await fileTensors(path, {
    addon: values ? binding : null,
    signal,
    opened: () => undefined,
    report: ({ done, total }) => reported.push(done / total),
  });
  return { ...found, reported };
}

/** F32 2 x 3, I64 of one, BF16 of two. */
function mixed(): Buffer {
  const data = Buffer.alloc(24 + 8 + 4);
  [3, -4, 0, NaN, Infinity, 0].forEach((x, i) => data.writeFloatLE(x, 4 * i));
  data.writeUInt16LE(0x3f80, 32); // 1
  data.writeUInt16LE(0xc000, 34); // -2
  const header = {
    w: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
    steps: { dtype: 'I64', shape: [], data_offsets: [24, 32] },
    b: { dtype: 'BF16', shape: [2], data_offsets: [32, 36] },
  };
  return Buffer.concat([file(header, 0), data]);
}

test('tensors in the order of the file, with what their values are like where those are floating-point numbers', async () => {
  const path = write(folder, 'mixed.safetensors', mixed());
  const { tensors, total, readable, reported } = await read(path);
  assert.deepEqual([total, readable, reported.at(-1)], [3, 28, 1]);
  assert.deepEqual(
    tensors.map(({ name, dtype, shape, bytes }) => [name, dtype, shape, bytes]),
    [
      ['w', 'F32', [2, 3], 24],
      ['steps', 'I64', [], 8],
      ['b', 'BF16', [2], 4],
    ],
  );
  const [w, steps, b] = tensors.map(({ statistics }) => statistics);
  // of 3, -4, 0, 0: the root of 25 / 4
  assert.deepEqual(w, { rms: 2.5, least: -4, most: 3, zeros: 2, notFinite: 2 });
  assert.equal(steps, null);
  assert.deepEqual(b, { rms: Math.sqrt(2.5), least: -2, most: 1, zeros: 0, notFinite: 0 });
});

test('without their values nothing is said of those', async () => {
  const { tensors } = await read(write(folder, 'list.safetensors', mixed()), { values: false });
  assert.deepEqual([tensors.length, tensors.every(({ statistics }) => statistics === null)], [3, true]);
});

test('the weights of an ONNX graph, whatever their type', async () => {
  const graph = new Graph();
  const picture = graph.input('pixels', [1, 3, 48, 32]);
  graph.node('Mul', [picture, graph.weight([2], [1, -1])], {}, { as: 'scores' });
  graph.output('scores', [1, 3, 48, 32]);
  const { tensors, total } = await read(write(folder, 'graph.onnx', Buffer.from(graph.bytes())));
  assert.equal(total, 1);
  const [{ dtype, shape, statistics } = assert.fail()] = tensors;
  assert.deepEqual([dtype, shape], ['float', [2]]);
  assert.deepEqual(statistics, { rms: 1, least: -1, most: 1, zeros: 0, notFinite: 0 });
});

test('every type of a tensor in ONNX is called what the standard calls it, a later one by its number', async () => {
  // onnx.proto: TensorProto.DataType
  const types: [code: number | null, name: string][] = [
    [null, 'undefined'], [0, 'undefined'], [1, 'float'], [2, 'uint8'], [3, 'int8'], [4, 'uint16'], [5, 'int16'], [6, 'int32'], [7, 'int64'],
    [8, 'string'], [9, 'bool'], [10, 'float16'], [11, 'double'], [12, 'uint32'], [13, 'uint64'], [14, 'complex64'], [15, 'complex128'],
    [16, 'bfloat16'], [17, 'float8e4m3fn'], [18, 'float8e4m3fnuz'], [19, 'float8e5m2'], [20, 'float8e5m2fnuz'], [21, 'uint4'], [22, 'int4'],
    [99, '99'],
  ]; // prettier-ignore
  const pbf = new PbfWriter();
  const tensor = (_: null, to: PbfWriter, code: number | null, i: number) => {
    to.writePackedVarint(1, [1]);
    if (code !== null) to.writeVarintField(2, code);
    to.writeStringField(8, `t${i}`);
    to.writeBytesField(9, Buffer.from([0, 0x3c, 0, 0]));
  };
  const graph = (_: null, to: PbfWriter) =>
    types.forEach(([code], i) => to.writeMessage(5, (nothing: null, at) => tensor(nothing, at, code, i), null));
  pbf.writeMessage(7, graph, null);
  const { tensors } = await read(write(folder, 'types.onnx', Buffer.from(pbf.finish())));
  assert.deepEqual(tensors.map(({ dtype }) => dtype), types.map(([, name]) => name)); // prettier-ignore
  const readable = tensors.filter(({ statistics }) => statistics !== null).map(({ dtype }) => dtype);
  assert.deepEqual(readable, ['float', 'float16', 'bfloat16']);
});

test('what is none of them is refused in a sentence that names it', async () => {
  for (const name of ['text.safetensors', 'text.onnx']) {
    const path = write(folder, name, Buffer.from('This is a text that someone renamed.'));
    await assert.rejects(
      read(path),
      (error: Error) => error.message.startsWith(path) && /[^\n]\.$/.test(error.message),
    );
  }
  const missing = join(folder, 'missing.safetensors');
  await assert.rejects(read(missing), { code: 'missing' });
});

test('whoever gives up is not kept waiting', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(read(write(folder, 'left.safetensors', mixed()), { signal }), { code: 'ERR_CANCELLED' });
});
