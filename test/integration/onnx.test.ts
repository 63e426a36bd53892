/** onnxruntime, the real one, on models written here: the export, foreign files with promoted attention, what is refused. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type {
  Architecture,
  ModelDescription,
  TensorSource,
  WeightSource,
} from '../../extension/architecture/description';
import type { EngineOptions } from '../../extension/engine/requests';
import { OnnxBackend } from '../../extension/engine/onnx/backend';
import { plainArchitecture, plainBlock } from '../../extension/architecture/plain';
import { withRegularFile } from '../../extension/files/regularFile';
import { openModel } from '../../extension/models/open';
import { rolloutRow } from '../../extension/engine/onnx/rollout';
import { exportOnnx } from '../../extension/onnx/export';
import { readOnnxHeader } from '../../extension/onnx/header';
import { NOTES_KEY, pictureInput } from '../../extension/onnx/picture';
import { readModel } from '../../extension/onnx/schema';
import { tensorsFromFiles } from '../../extension/onnx/weights';

const root = path.resolve(__dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'onnx-test-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const options: EngineOptions = { engine: 'onnx', threads: 1, gemm: 'packed', precision: 'fp32' };
const signal = new AbortController().signal;
const noSeeds = (): never => assert.fail('these models have tensors');
const backend = new OnnxBackend(noSeeds);

const dim = 24;
const norm = { kind: 'layer', eps: 1e-6 } as const;
const architecture: Architecture = plainArchitecture({
  image: { channels: 3, height: 16, width: 24 },
  tokenizer: { kind: 'patch', patch: [4, 8], bias: true, norm: null },
  dim,
  depth: 3,
  block: plainBlock(dim, 2, 40, norm.eps),
  prefix: { class: true, distillation: false, registers: 2 },
  position: { kind: 'learned', covers: 'class', grid: [4, 3], resample: 'bicubic' },
  finalNorm: norm,
  classes: 7,
});

/** Numbers in -1..1 from a linear congruence: the same on every machine. */
function numbers(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function makeTensors(): Record<string, TensorSource> {
  const shapes: Record<string, number[]> = {
    'patch_embed.proj.weight': [dim, 3, 4, 8],
    'patch_embed.proj.bias': [dim],
    cls_token: [1, 1, dim],
    reg_token: [1, 2, dim],
    pos_embed: [1, 13, dim],
    'norm.weight': [dim],
    'norm.bias': [dim],
    'head.weight': [7, dim],
    'head.bias': [7],
  };
  for (let i = 0; i < 3; i++) {
    for (const which of ['norm1', 'norm2'])
      for (const part of ['weight', 'bias']) shapes[`blocks.${i}.${which}.${part}`] = [dim];
    for (const [name, rows, columns] of [
      ['attn.qkv', 3 * dim, dim],
      ['attn.proj', dim, dim],
      ['mlp.fc1', 40, dim],
      ['mlp.fc2', dim, 40],
    ] as const) {
      shapes[`blocks.${i}.${name}.weight`] = [rows, columns];
      shapes[`blocks.${i}.${name}.bias`] = [rows];
    }
  }
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => {
      const values = numbers(
        shape.reduce((a, b) => a * b, 1),
        i + 1,
      );
      return [name, { dtype: 'F32' as const, shape, values: values.map((v) => v * 0.3) }];
    }),
  );
}

function describe(weights: WeightSource, file = folder): ModelDescription {
  return {
    id: file,
    name: path.basename(file),
    path: file,
    family: 'timm',
    architecture: weights.kind === 'onnx' ? null : architecture,
    weights,
    preprocessing: {
      channels: 3,
      resize: { kind: 'exact', height: 16, width: 24 },
      interpolation: 'bicubic',
      crop: null,
      rescale: 1 / 255,
      mean: [0, 0, 0],
      std: [1, 1, 1],
    },
    labels: null,
    scores: 'softmax',
    dtypes: ['F32'],
    bytes: 0,
    findings: [],
  };
}

const tensors = makeTensors();
const input = numbers(2 * 3 * 16 * 24, 99);

/** The export without maps: what somebody else's exporter would have written. */
function writeForeign(name: string): string {
  const file = path.join(folder, name);
  const read = tensorsFromFiles(tensors);
  writeFileSync(file, Buffer.concat(exportOnnx(name, architecture, read, { attention: false, tokens: false })));
  return file;
}

async function exported() {
  const model = await backend.load(describe({ kind: 'tensors', tensors }), options);
  return { model, run: await model.forward({ input, batch: 2, attention: true, tokens: true, signal }) };
}

/** Other outputs, other fusions: the same mathematics in another order. */
function assertClose(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  const difference = actual.reduce((largest, value, i) => Math.max(largest, Math.abs(value - (expected[i] ?? NaN))), 0);
  assert.ok(difference < 1e-6, `they differ by ${difference}`);
}

test('the export gives logits, maps and tokens of the shapes the architecture says', async () => {
  const { model, run } = await exported();
  assert.deepEqual(model.inputShape, [3, 16, 24]);
  assert.equal(model.loaded.numTokens, 15);
  assert.deepEqual(model.loaded.prefixNames, ['class', 'register 1', 'register 2']);
  assert.equal(run.logits.length, 2 * 7);
  const maps = await run.slice(1, { kind: 'attention', layer: 2 });
  assert.deepEqual(maps.shape, [2, 15, 15]);
  for (let row = 0; row < 2 * 15; row++) {
    const sum = maps.values.subarray(row * 15, (row + 1) * 15).reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 1) < 1e-5, `row ${row} sums to ${sum}`);
  }
  assert.deepEqual((await run.slice(0, { kind: 'tokens', layer: 3 })).shape, [15, dim]);
  const row = await run.slice(1, { kind: 'attention-rows', layer: 2, query: 4 });
  assert.deepEqual(row.shape, [2, 15]);
  assert.deepEqual(row.values.slice(15), maps.values.slice(15 * 15 + 4 * 15, 15 * 15 + 5 * 15));
  await assert.rejects(
    run.slice(0, { kind: 'attention-rows', layer: 0, query: 15 }),
    /Token 15 is not among the 15 tokens/,
  );
});

test('a batch gives what its images give alone', async () => {
  const { model, run } = await exported();
  const size = input.length / 2;
  const alone = await model.forward({ input: input.slice(size), batch: 1, attention: false, tokens: false, signal });
  for (let i = 0; i < 7; i++) assert.ok(Math.abs((alone.logits[i] ?? NaN) - (run.logits[7 + i] ?? NaN)) < 1e-5);
});

const inputOf = (file: string) => pictureInput(readModel(readFileSync(file)).graph);

test("a foreign file's maps are promoted on load, in order; the file stays as it is", async () => {
  const file = writeForeign('foreign.onnx');
  const before = readFileSync(file);
  const model = await backend.load(describe({ kind: 'onnx', file, input: inputOf(file) }, file), options);
  assert.equal(model.loaded.attention, true);
  assert.equal(model.loaded.layers, 3);
  assert.equal(model.loaded.heads, 2);
  assert.deepEqual(model.loaded.grid, [4, 3]);
  assert.equal(model.loaded.numPrefix, 3);
  assert.deepEqual(model.inputShape, [3, 16, 24]);
  const run = await model.forward({ input, batch: 2, attention: true, tokens: false, signal });
  const { run: reference } = await exported();
  assertClose(run.logits, reference.logits);
  for (let layer = 0; layer < 3; layer++) {
    for (const image of [0, 1]) {
      const maps = await run.slice(image, { kind: 'attention', layer });
      const expected = await reference.slice(image, { kind: 'attention', layer });
      assert.deepEqual(maps.shape, expected.shape);
      assertClose(maps.values, expected.values);
    }
  }
  assert.deepEqual(readFileSync(file), before);
  await assert.rejects(run.slice(0, { kind: 'step', name: 'patches' }), /native engine only/);
});

test('what cannot be read or run is refused in one sentence that names the file', async () => {
  const load = (name: string, bytes: Uint8Array): Promise<unknown> => {
    const file = path.join(folder, name);
    writeFileSync(file, bytes);
    return backend.load(describe({ kind: 'onnx', file, input: null }, file), options);
  };
  const whole = readFileSync(writeForeign('whole.onnx'));
  await assert.rejects(
    load('text.onnx', Buffer.from('this is no model at all')),
    /text\.onnx cannot be used: it is not an ONNX model/,
  );
  await assert.rejects(load('empty.onnx', new Uint8Array(0)), /empty\.onnx cannot be used: it is not an ONNX model/);
  await assert.rejects(load('cut.onnx', whole.subarray(0, whole.length / 2)), /cut\.onnx/);
  const missing = path.join(folder, 'missing.onnx');
  await assert.rejects(
    backend.load(describe({ kind: 'onnx', file: missing, input: null }, missing), options),
    /missing\.onnx does not exist\.$/,
  );
});

test('the header is read without the weights: the same structure, for the fewest bytes', async () => {
  const file = writeForeign('header.onnx');
  const whole = readModel(readFileSync(file));
  const { model: header } = await withRegularFile(file, readOnnxHeader);
  assert.deepEqual(header.graph.nodes, whole.graph.nodes);
  assert.deepEqual(header.graph.inputs, whole.graph.inputs);
  assert.equal(header.graph.initializers.size, 0);
  const cut = path.join(folder, 'cut-header.onnx');
  writeFileSync(cut, readFileSync(file).subarray(0, -10));
  await assert.rejects(withRegularFile(cut, readOnnxHeader), { message: 'it is cut short' });
});

test('a file says its own input size; one exported here says its preprocessing and labels too', async () => {
  const plain = await openModel(writeForeign('plain.onnx'), { root });
  assert.deepEqual(plain.preprocessing.crop, { height: 16, width: 24, fill: [0, 0, 0] });
  const notes = {
    preprocessing: { ...plain.preprocessing, mean: [0.1, 0.2, 0.3] },
    labels: ['a', 'b'],
    energyThreshold: -1,
  };
  const file = path.join(folder, 'noted.onnx');
  const metadata = { [NOTES_KEY]: JSON.stringify(notes) };
  const chunks = exportOnnx('noted', architecture, tensorsFromFiles(tensors), {
    attention: false,
    tokens: false,
    metadata,
  });
  writeFileSync(file, Buffer.concat(chunks));
  const noted = await openModel(file, { root });
  assert.deepEqual(noted.preprocessing, notes.preprocessing);
  assert.deepEqual(noted.labels, notes.labels);
  assert.equal(noted.energyThreshold, -1);
});

test('the graph is read back as it was written', () => {
  const { graph, opsets } = readModel(readFileSync(writeForeign('read.onnx')));
  assert.equal(opsets.get(''), 20);
  assert.deepEqual(graph.inputs, [{ name: 'input', elementType: 1, shape: ['batch', 3, 16, 24] }]);
  assert.deepEqual(graph.outputs, [{ name: 'logits', elementType: 1, shape: ['batch', 7] }]);
  const convolution = graph.nodes.find(({ opType }) => opType === 'Conv');
  assert.deepEqual(convolution?.attributes.get('kernel_shape'), [4, 8]);
  assert.deepEqual(graph.initializers.get('patch_embed.proj.weight')?.dims, [dim, 3, 4, 8]);
});

test('rollout is the row of the product of (A + I) / 2', async () => {
  const tokens = 3;
  // rows sum to 1; one head
  const layers = [
    [0.2, 0.3, 0.5, 0.1, 0.6, 0.3, 0.25, 0.25, 0.5],
    [0.7, 0.2, 0.1, 0.4, 0.4, 0.2, 0, 0.5, 0.5],
  ].map((values) => Float32Array.from(values));
  const row = rolloutRow((i) => layers[i] ?? assert.fail(), 1, tokens, {
    query: 0,
    from: 0,
    to: 1,
    fusion: 'mean',
    discardRatio: 0,
  });
  // by hand: row 0 of ((A1 + I)/2) ((A0 + I)/2) = (0.85, 0.1, 0.05) times (A0 + I)/2
  const expected = [
    0.85 * 0.6 + 0.1 * 0.05 + 0.05 * 0.125,
    0.85 * 0.15 + 0.1 * 0.8 + 0.05 * 0.125,
    0.85 * 0.25 + 0.1 * 0.15 + 0.05 * 0.75,
  ];
  expected.forEach((value, i) =>
    assert.ok(Math.abs((row[i] ?? NaN) - value) < 1e-6, `${i}: ${row[i]} is not ${value}`),
  );
});
