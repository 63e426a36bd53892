/** What is worked out before a graph is written: positions between tables, the bytes of an export and of its runs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalTensors } from '../../extension/architecture/tensors';
import { allBenchModels, benchModels } from '../../extension/bench/models';
import { batchOf } from '../../extension/engine/inputShape';
import type { BackendModel } from '../../extension/engine/backend';
import { EngineError } from '../../extension/errors/engineError';
import { placesOf } from '../../extension/onnx/biasPlaces';
import { GraphBuilder } from '../../extension/onnx/graphBuilder';
import { quantisedProduct } from '../../extension/onnx/quantised';
import { readModel } from '../../extension/onnx/schema';
import { exportedBytes, passBytes } from '../../extension/onnx/size';

const rows = (from: number, to: number, how: 'bilinear' | 'geometric') => {
  const matrix = placesOf(from, to, how);
  return Array.from({ length: to }, (_, i) =>
    [...matrix.slice(i * from, (i + 1) * from)].map((x) => Number(x.toFixed(4))),
  );
};

test('a table of positions is mixed along an axis with half-pixel centres, and stays itself at its own size', () => {
  assert.deepEqual(rows(3, 3, 'bilinear'), [[1, 0, 0], [0, 1, 0], [0, 0, 1]]); // prettier-ignore
  assert.deepEqual(rows(2, 4, 'bilinear'), [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]]); // prettier-ignore
  assert.deepEqual(rows(4, 2, 'bilinear'), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]); // prettier-ignore
});

test('BEiT’s places are dense in the middle: symmetric, the middle and the ends are kept', () => {
  for (const [from, to] of [
    [5, 9],
    [7, 27],
    [9, 13],
  ] as const) {
    // prettier-ignore
    const matrix = rows(from, to, 'geometric');
    for (const [i, row] of matrix.entries()) {
      assert.ok(Math.abs(row.reduce((a, b) => a + b) - 1) < 1e-3);
      assert.ok(row.filter((share) => share !== 0).length <= 2);
      assert.ok(
        row.every((share, k) => Math.abs(share - matrix[to - 1 - i]![from - 1 - k]!) < 2e-3),
        `row ${i}`,
      );
      // places go on from left to right
      const place = (each: number[]) => each.reduce((sum, share, k) => sum + share * k, 0);
      assert.ok(i === 0 || place(row) >= place(matrix[i - 1]!));
    }
    const middle = matrix[(to - 1) / 2]!;
    assert.equal(middle[(from - 1) / 2], 1);
    assert.ok(matrix[0]![0]! > 0.99 && matrix[to - 1]![from - 1]! > 0.99);
  }
  // 1 + q = 4 at the edge of 9, so that q = 3 lies beyond the places that are looked for: 1.5 is the most
  assert.deepEqual(rows(5, 9, 'geometric')[5], [0, 0, 0, 1, 0]);
});

test('an export has its weights in float32; of a T2T-ViT also what unfolds its soft splits', () => {
  const [ti] = benchModels();
  // 5,717,416 parameters: DeiT-Ti's, as published
  assert.equal(exportedBytes(ti!.architecture!), 4 * 5_717_416);
  const t2t = allBenchModels().find(({ architecture }) => architecture!.tokenizer.kind === 'soft-split')!;
  const { tokenizer, image } = t2t.architecture!;
  assert.ok(tokenizer.kind === 'soft-split');
  const channels = [image.channels, ...tokenizer.stages.map(({ dim }) => dim)];
  const unfolded = tokenizer.splits.reduce((sum, { kernel }, i) => sum + (channels[i]! * kernel ** 2) ** 2, 0);
  const sizes = canonicalTensors(t2t.architecture!).map(({ shape }) =>
    shape.reduce((product, side) => product * side, 1),
  );
  assert.equal(exportedBytes(t2t.architecture!), 4 * (sizes.reduce((sum, size) => sum + size) + unfolded));
});

test('a pass needs its input, two sets of scores and a block’s tokens, for each image; what is kept comes on top', () => {
  const { architecture } = benchModels()[0]!;
  const [tokens, dim, heads, depth] = [197, 192, 3, 12];
  const map = heads * tokens ** 2;
  const working = 3 * 224 * 224 + 2 * map + tokens * (dim + 3 * dim + 4 * dim);
  const of = (batch: number, attention: boolean, kept: boolean) =>
    passBytes(architecture!, batch, { attention, tokens: kept });
  assert.equal(of(1, false, false), 4 * working);
  assert.equal(of(3, false, false), 3 * 4 * working);
  assert.equal(of(1, true, false), 4 * (working + depth * map));
  assert.equal(of(2, true, true), 2 * 4 * (working + depth * map + (depth + 1) * tokens * dim));
});

test('an input is pictures as the model takes them, and has all of its values', () => {
  const model = { inputShape: [3, 2, 4] } as unknown as BackendModel;
  assert.equal(batchOf([2, 3, 2, 4], 48, model), 2);
  const refused = (shape: number[], length: number, message: string) =>
    assert.throws(
      () => batchOf(shape, length, model),
      (error) => error instanceof EngineError && error.code === 'ERR_ARGUMENT' && error.message === message,
    );
  for (const shape of [[3, 2, 4], [1, 1, 3, 2, 4], [0, 3, 2, 4], [2, 3, 2, 5], [2, 1, 2, 4], []]) {
    // prettier-ignore
    const product = shape.reduce((a, b) => a * b, 1);
    refused(shape, product, `The input has shape (${shape.join(', ')}), but the model takes (B, 3, 2, 4).`);
  }
  refused([2, 3, 2, 4], 47, 'The input has 47 values, which is not its shape (2, 3, 2, 4).');
});

test('8-bit weights: whole numbers of each output times its factor, its largest one 127', () => {
  const [rows, columns] = [3, 4];
  const values = Float32Array.from([0.5, -1, 0.25, 0, 3, 2, -1, 0.1, 0, 0, 0, 0]);
  const graph = new GraphBuilder('one layer', 17);
  const input = graph.input({ name: 'x', elementType: 1, shape: ['n', columns] });
  quantisedProduct(graph, input, 'fc', { rows, columns, values });
  const { initializers, nodes } = readModel(Buffer.concat(graph.finish('test'))).graph;
  assert.deepEqual(
    nodes.map(({ opType }) => opType),
    ['DynamicQuantizeLinear', 'MatMulInteger', 'Mul', 'Cast', 'Mul'],
  );
  const rawOf = (name: string) => Uint8Array.from(initializers.get(name)!.raw!).buffer;
  const [numbers, scales] = [new Int8Array(rawOf('fc.T')), new Float32Array(rawOf('fc.scale'))];
  assert.deepEqual([initializers.get('fc.T')!.dims, initializers.get('fc.scale')!.dims], [[columns, rows], [rows]]);
  assert.deepEqual([...new Int8Array(rawOf('fc.zero'))], [0]);
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * columns, (row + 1) * columns);
    const found = [0, 1, 2, 3].map((k) => numbers[k * rows + row]!);
    assert.equal(Math.max(...found.map(Math.abs)), row === 2 ? 0 : 127);
    found.forEach((number, k) =>
      assert.ok(Math.abs(number * scales[row]! - own[k]!) <= scales[row]! / 2 + 1e-6, `${row} ${k}`),
    );
  }
});
