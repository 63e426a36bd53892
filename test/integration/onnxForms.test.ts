/** Foreign ONNX files: attention in every form exporters write it, what the end of a graph means, batches and sizes. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { BackendModel } from '../../extension/engine/backend';
import type { EngineOptions } from '../../extension/engine/requests';
import { OnnxBackend } from '../../extension/engine/onnx/backend';
import { scoresOf } from '../../extension/architecture/scores';
import { openModel } from '../../extension/models/open';
import { withInputSize } from '../../extension/models/inputSize';
import {
  classifier, DIM, Graph, HEADS, join, numbers, plain, projections, qkv, scores, SIDE, split, TOKENS,
  type Attend, type Shape,
} from './onnxGraphs'; // prettier-ignore

const root = path.resolve(__dirname, '../..');
const folder = mkdtempSync(path.join(os.tmpdir(), 'onnx-forms-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const options: EngineOptions = { engine: 'onnx', threads: 1, gemm: 'packed', precision: 'fp32' };
const signal = new AbortController().signal;
const backend = new OnnxBackend(() => assert.fail('these models have no seeds'));
const input = numbers(3 * 3 * SIDE * SIDE, 99);

let serial = 0;
async function load(bytes: Uint8Array, config?: object, size?: [number, number]) {
  const directory = path.join(folder, String(serial++));
  mkdirSync(directory);
  const file = path.join(directory, 'model.onnx');
  writeFileSync(file, bytes);
  if (config) writeFileSync(path.join(directory, 'config.json'), JSON.stringify(config));
  const description = await openModel(file, { root });
  return backend.load(size ? withInputSize(description, ...size) : description, options);
}

async function pass(bytes: Uint8Array, batch = 2) {
  const model = await load(bytes);
  const values = input.slice(0, batch * 3 * SIDE * SIDE);
  const run = await model.forward({ input: values, batch, attention: true, tokens: false, signal });
  return { model, run };
}

function assertClose(actual: ArrayLike<number>, expected: ArrayLike<number>, limit: number): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < expected.length; i++) {
    const apart = Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN));
    assert.ok(apart <= limit, `${i}: ${actual[i]} is not ${expected[i]}`);
  }
}

const reference = pass(classifier(plain));

/** Rows of Q, K and V and what comes before a form's own part. */
const heads = (graph: Graph, tokens: string) =>
  projections(graph, tokens).map((value) => split(graph, value)) as [string, string, string];
const softmax = (graph: Graph, value: string, axis = -1) => graph.node('Softmax', [value], { axis });
const transposed = (graph: Graph, value: string) => graph.node('Transpose', [value], { perm: [0, 1, 3, 2] });

const forms: Record<string, Attend> = {
  Einsum: (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const product = graph.node('Einsum', [q, k], { equation: 'bhqd,bhkd->bhqk' });
    const map = softmax(graph, graph.node('Mul', [product, graph.scalar((DIM / HEADS) ** -0.5)]));
    return join(graph, graph.node('Einsum', [map, v], { equation: 'bhqk, bhkd -> bhqd' }));
  },
  'Einsum with V first and heads last': (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const raw = graph.node('Transpose', [scores(graph, q, k)], { perm: [0, 2, 3, 1] });
    const map = softmax(graph, raw, 2);
    return graph.node('Reshape', [
      graph.node('Einsum', [v, map], { equation: 'bhkd,bqkh->bqhd' }),
      graph.ints([0, 0, -1]),
    ]);
  },
  "V' A'": (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const map = softmax(graph, scores(graph, k, q), -2);
    return join(graph, transposed(graph, graph.node('MatMul', [transposed(graph, v), map])));
  },
  'transposed after the Softmax': (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const map = transposed(graph, softmax(graph, scores(graph, q, k)));
    return join(graph, transposed(graph, graph.node('MatMul', [transposed(graph, v), map])));
  },
  'reshaped around the Softmax': (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const rows = graph.node('Reshape', [scores(graph, q, k), graph.ints([-1, TOKENS])]);
    const map = graph.node('Reshape', [softmax(graph, rows), graph.ints([-1, HEADS, TOKENS, TOKENS])]);
    return join(graph, graph.node('MatMul', [map, v]));
  },
  'heads folded into the batch': (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const fold = (value: string) => graph.node('Reshape', [value, graph.ints([-1, TOKENS, DIM / HEADS])]);
    const rows = graph.node('Reshape', [scores(graph, q, k), graph.ints([-1, TOKENS, TOKENS])]);
    const product = graph.node('MatMul', [softmax(graph, rows), fold(v)]);
    return join(graph, graph.node('Reshape', [product, graph.ints([-1, HEADS, TOKENS, DIM / HEADS])]));
  },
  'each head by itself': (graph, tokens) => {
    const whole = heads(graph, tokens);
    const parts = Array.from({ length: HEADS }, (_, head) => {
      const one = (value: string) => graph.node('Slice', [value, graph.ints([head]), graph.ints([head + 1]), graph.ints([1])]);
      const [q, k, v] = whole.map(one) as [string, string, string];
      return graph.node('MatMul', [softmax(graph, scores(graph, q, k)), v]);
    });
    return join(graph, graph.node('Concat', parts, { axis: 1 }));
  },
  'a guard, a dropout and a cast between': (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const map = softmax(graph, scores(graph, q, k));
    const nan = graph.node('IsNaN', [map]);
    const guarded = graph.node('Where', [nan, graph.scalar(0), map]);
    const cast = graph.node('Cast', [graph.node('Dropout', [guarded])], { to: 1 });
    return join(graph, graph.node('MatMul', [cast, v]));
  },
  'casts appended at the end of the file': (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const before = graph.node('Cast', [scores(graph, q, k)], { to: 1 }, { last: true });
    const after = graph.node('Cast', [softmax(graph, before)], { to: 1 }, { last: true });
    return join(graph, graph.node('MatMul', [after, v]));
  },
  'com.microsoft Attention': (graph, tokens) => {
    const columns = Float32Array.from({ length: DIM * 3 * DIM }, (_, i) => {
      const [row, column] = [Math.floor(i / (3 * DIM)), i % (3 * DIM)];
      return qkv[Math.floor(column / DIM)]?.[row * DIM + (column % DIM)] ?? NaN;
    });
    const bias = graph.weight([3 * DIM], new Float32Array(3 * DIM));
    const inputs = [tokens, graph.weight([DIM, 3 * DIM], columns), bias];
    return graph.node('Attention', inputs, { num_heads: HEADS }, { domain: 'com.microsoft' });
  },
  'com.microsoft MultiHeadAttention': (graph, tokens) => {
    const bias = graph.weight([3 * DIM], new Float32Array(3 * DIM));
    const inputs = [...projections(graph, tokens), bias];
    const scale = { float: (DIM / HEADS) ** -0.5 };
    return graph.node('MultiHeadAttention', inputs, { num_heads: HEADS, scale }, { domain: 'com.microsoft' });
  },
}; // prettier-ignore

for (const [name, attend] of Object.entries(forms)) {
  test(`maps of ${name} are those of the plain form`, async () => {
    const { model, run } = await pass(classifier(attend));
    const expected = (await reference).run;
    assert.equal(model.loaded.attention, true);
    assert.deepEqual([model.loaded.layers, model.loaded.heads, model.loaded.numTokens], [2, HEADS, TOKENS]);
    assertClose(run.logits, expected.logits, 1e-5);
    for (const image of [0, 1]) {
      for (const layer of [0, 1]) {
        const maps = await run.slice(image, { kind: 'attention', layer });
        assert.deepEqual(maps.shape, [HEADS, TOKENS, TOKENS]);
        assertClose(maps.values, (await expected.slice(image, { kind: 'attention', layer })).values, 1e-6);
      }
    }
  });
}

/** As `classifier`: ReduceMean's axes are an input since opset 18. */
function opset23(attend: Attend): Uint8Array {
  const graph = new Graph();
  const picture = graph.input('pixel_values', ['batch', 3, SIDE, SIDE]);
  const kernel = graph.weight(
    [DIM, 3, 4, 4],
    numbers(DIM * 48, 11).map((value) => value * 0.3),
  );
  const patches = graph.node('Conv', [picture, kernel], { kernel_shape: [4, 4], strides: [4, 4] });
  let tokens = graph.node('Transpose', [graph.node('Reshape', [patches, graph.ints([0, DIM, -1])])], {
    perm: [0, 2, 1],
  });
  for (let block = 0; block < 2; block++) tokens = graph.node('Add', [tokens, attend(graph, tokens)]);
  const pooled = graph.node('ReduceMean', [tokens, graph.ints([1])], { keepdims: 0 });
  graph.node('MatMul', [pooled, graph.weight([DIM, 3], numbers(DIM * 3, 31))], {}, { as: 'logits' });
  graph.output('logits', ['batch', 3]);
  return graph.bytes(23);
}

test('Attention of opset 23, with heads as an axis and as an attribute, and what exporters write though it is the default', async () => {
  const expected = (await reference).run;
  const defaults = { softcap: { float: 0 }, is_causal: 0, qk_matmul_output_mode: 0 };
  for (const attend of [
    ((graph, tokens) => join(graph, graph.node('Attention', heads(graph, tokens), defaults))) satisfies Attend,
    ((graph, tokens) =>
      graph.node('Attention', projections(graph, tokens), {
        q_num_heads: HEADS,
        kv_num_heads: HEADS,
      })) satisfies Attend,
  ]) {
    const { model, run } = await pass(opset23(attend));
    assert.equal(model.loaded.layers, 2);
    assertClose(run.logits, expected.logits, 1e-5);
    const maps = await run.slice(1, { kind: 'attention', layer: 1 });
    assertClose(maps.values, (await expected.slice(1, { kind: 'attention', layer: 1 })).values, 1e-6);
  }
});

test("Attention's mask of truth values hides tokens, one of numbers is added", async () => {
  const kept = Array.from({ length: TOKENS * TOKENS }, (_, i) => i % TOKENS !== 3);
  const masks: ((graph: Graph) => string)[] = [
    (graph) => graph.flags([TOKENS, TOKENS], kept),
    (graph) => graph.node('Not', [graph.node('Not', [graph.flags([TOKENS, TOKENS], kept)])]),
    (graph) =>
      graph.weight(
        [TOKENS, TOKENS],
        kept.map((keep) => (keep ? 0 : -1e30)),
      ),
  ];
  for (const mask of masks) {
    const masked = (graph: Graph, tokens: string) =>
      join(graph, graph.node('Attention', [...heads(graph, tokens), mask(graph)]));
    const { values } = await (await pass(opset23(masked))).run.slice(0, { kind: 'attention', layer: 0 });
    const whole = await (await reference).run.slice(0, { kind: 'attention', layer: 0 });
    for (let row = 0; row < HEADS * TOKENS; row++) {
      const left = whole.values.subarray(row * TOKENS, (row + 1) * TOKENS).map((share, key) => (key === 3 ? 0 : share));
      const sum = left.reduce((total, share) => total + share, 0);
      assertClose(
        values.subarray(row * TOKENS, (row + 1) * TOKENS),
        left.map((share) => share / sum),
        1e-6,
      );
    }
  }
});

test('an 8-bit Softmax gives its map in whole numbers, which are read with their scale', async () => {
  for (const back of [false, true]) {
    const { model, run } = await pass(
      classifier((graph, tokens) => {
        const [q, k, v] = heads(graph, tokens);
        const [fine, share, zero] = [graph.scalar(1 / 8), graph.scalar(1 / 256), graph.byte(0)];
        const middle = graph.byte(128);
        const coarse = graph.node('QuantizeLinear', [scores(graph, q, k), fine, middle]);
        const shares = graph.node(
          'QLinearSoftmax',
          [coarse, fine, middle, share, zero],
          { axis: -1, opset: 17 },
          { domain: 'com.microsoft' },
        );
        if (back) return join(graph, graph.node('MatMul', [graph.node('DequantizeLinear', [shares, share, zero]), v]));
        const values = graph.node('QuantizeLinear', [v, fine, middle]);
        const product = graph.node('QLinearMatMul', [shares, share, zero, values, fine, middle, fine, middle]);
        return join(graph, graph.node('DequantizeLinear', [product, fine, middle]));
      }),
    );
    assert.deepEqual([model.loaded.layers, model.loaded.heads], [2, HEADS]);
    const maps = await run.slice(0, { kind: 'attention', layer: 0 });
    const expected = await (await reference).run.slice(0, { kind: 'attention', layer: 0 });
    assertClose(maps.values, expected.values, 0.03);
  }
});

test('a quantised graph gives the same logits whether its maps are looked at or not asked for', async () => {
  const bytes = classifier((graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const [scale, zero] = [graph.scalar(1 / 127), graph.zeroPoint()];
    const coarse = graph.node('QuantizeLinear', [softmax(graph, scores(graph, q, k)), scale, zero]);
    return join(graph, graph.node('MatMul', [graph.node('DequantizeLinear', [coarse, scale, zero]), v]));
  });
  const model = await load(bytes);
  const values = input.slice(0, 3 * SIDE * SIDE);
  const ask = (attention: boolean) => model.forward({ input: values, batch: 1, attention, tokens: false, signal });
  assertClose((await ask(false)).logits, (await ask(true)).logits, 1e-5);
  model.close();
});

test('8-bit maps (QDQ) are read before they are rounded', async () => {
  const { model, run } = await pass(
    classifier((graph, tokens) => {
      const [q, k, v] = heads(graph, tokens);
      const [scale, zero] = [graph.scalar(1 / 127), graph.zeroPoint()];
      const coarse = graph.node('QuantizeLinear', [softmax(graph, scores(graph, q, k)), scale, zero]);
      const back = graph.node('DequantizeLinear', [coarse, scale, zero]);
      return join(graph, graph.node('MatMul', [back, v]));
    }),
  );
  assert.equal(model.loaded.layers, 2);
  const maps = await run.slice(0, { kind: 'attention', layer: 0 });
  const expected = await (await reference).run.slice(0, { kind: 'attention', layer: 0 });
  assertClose(maps.values, expected.values, 1e-6);
});

test('float16, in and out', async () => {
  const { model, run } = await pass(classifier(plain, new Graph('float16')));
  const expected = (await reference).run;
  assert.equal(model.loaded.attention, true);
  assertClose(run.logits, expected.logits, 0.02);
  const maps = await run.slice(1, { kind: 'attention', layer: 1 });
  assertClose(maps.values, (await expected.slice(1, { kind: 'attention', layer: 1 })).values, 0.01);
});

test('parallel branches are one layer: their mean', async () => {
  const branches: Attend = (graph, tokens) => {
    const [q, k, v] = heads(graph, tokens);
    const other = softmax(graph, scores(graph, k, q));
    const first = softmax(graph, scores(graph, q, k));
    return graph.node('Add', [
      join(graph, graph.node('MatMul', [first, v])),
      join(graph, graph.node('MatMul', [other, v])),
    ]);
  };
  const { model, run } = await pass(classifier(branches));
  assert.deepEqual([model.loaded.layers, model.loaded.heads], [2, HEADS]);
  const swapped = (graph: Graph, tokens: string): string => {
    const [q, k, v] = heads(graph, tokens);
    return join(graph, graph.node('MatMul', [softmax(graph, scores(graph, k, q)), v]));
  };
  const layer = { kind: 'attention', layer: 0 } as const;
  const [one, two] = [
    await (await reference).run.slice(0, layer),
    await (await pass(classifier(swapped))).run.slice(0, layer),
  ];
  const mean = one.values.map((value, i) => (value + (two.values[i] ?? NaN)) / 2);
  assertClose((await run.slice(0, layer)).values, mean, 1e-6);
});

const reasonOf = ({ loaded: { attention } }: BackendModel): string => (attention === true ? '' : attention.message);

test('without maps a sentence says what was looked for', async () => {
  const none = await load(classifier((graph, tokens) => graph.node('Relu', [tokens])));
  assert.match(reasonOf(none), /no attention maps: no Softmax is in the graph/);
  const masked: Attend = (graph, tokens) => {
    const mask = graph.weight([1, 1, TOKENS, TOKENS], new Float32Array(TOKENS * TOKENS));
    const inputs = [...projections(graph, tokens), '', '', mask];
    return graph.node(
      'MultiHeadAttention',
      inputs,
      { num_heads: HEADS, unidirectional: 1 },
      { domain: 'com.microsoft' },
    );
  };
  const closed = await load(classifier(masked));
  assert.match(reasonOf(closed), /inside an operator: MultiHeadAttention/);
});

test('the end of a graph says what its numbers are', async () => {
  const logits = [...(await reference).run.logits];
  const ends: [Shape['end'], 'softmax' | 'sigmoid'][] = [
    [(graph, value) => (graph.node('Softmax', [value], { axis: 1 }, { as: 'output' }), graph.output('output', ['batch', 3])), 'softmax'],
    [(graph, value) => (graph.node('LogSoftmax', [value], { axis: 1 }, { as: 'output' }), graph.output('output', ['batch', 3])), 'softmax'],
    [(graph, value) => (graph.node('Sigmoid', [value], {}, { as: 'output' }), graph.output('output', ['batch', 3])), 'sigmoid'],
    [
      (graph, value) => {
        const shape = graph.ints([-1, 3]);
        graph.node('Reshape', [graph.node('Cast', [graph.node('Softmax', [value], { axis: 1 })], { to: 1 }), shape], {}, { as: 'y' });
        graph.output('y', ['batch', 3]);
      },
      'softmax',
    ],
    [
      // as frameworks without a Softmax operator write it
      (graph, value) => {
        const powers = graph.node('Exp', [value]);
        graph.node('Div', [powers, graph.node('ReduceSum', [powers, graph.ints([1])], { keepdims: 1 })], {}, { as: 'y' });
        graph.output('y', ['batch', 3]);
      },
      'softmax',
    ],
  ]; // prettier-ignore
  for (const [end, expected] of ends) {
    const { model, run } = await pass(classifier(plain, new Graph(), { end }));
    assert.equal(model.loaded.scores, expected);
    const share = scoresOf(run.logits.subarray(0, 3), expected);
    assertClose(share, scoresOf(logits.slice(0, 3), expected), 1e-6);
  }
});

test('what stands behind a Softmax or Sigmoid is seen through, or taken for what it is', async () => {
  const logits = [...(await reference).run.logits.subarray(0, 3)];
  const [shares, singles] = [scoresOf(logits, 'softmax'), scoresOf(logits, 'sigmoid')];
  const ending = (make: (graph: Graph, logits: string) => string, size: number, elementType = 1): Shape['end'] =>
    (graph, value) => {
      graph.node('Identity', [make(graph, value)], {}, { as: 'y' });
      graph.output('y', ['batch', size], elementType);
    }; // prettier-ignore
  const [all, each] = ['Softmax', 'Sigmoid'].map((op) => (graph: Graph, value: string) => graph.node(op, [value])) as [
    (graph: Graph, value: string) => string,
    (graph: Graph, value: string) => string,
  ];
  const second = (graph: Graph, value: string) =>
    graph.node('Slice', [value, graph.ints([1]), graph.ints([2]), graph.ints([1])]);
  const ends: [string, Shape['end'], 'softmax' | 'sigmoid' | 'value', ArrayLike<number>][] = [
    ['percent', ending((graph, value) => graph.node('Mul', [all(graph, value), graph.scalar(100)]), 3), 'softmax', shares],
    ['kept from 0', ending((graph, value) => graph.node('Clip', [all(graph, value), graph.scalar(1e-7), graph.scalar(1)]), 3), 'softmax', shares],
    ['the largest', ending((graph, value) => graph.node('ReduceMax', [all(graph, value)], { axes: [1], keepdims: 1 }), 1), 'softmax', shares],
    ['which is largest', ending((graph, value) => graph.node('ArgMax', [value], { axis: 1, keepdims: 1 }), 1, 7), 'softmax', shares],
    ['one of the shares', ending((graph, value) => second(graph, all(graph, value)), 1), 'sigmoid', shares.subarray(1, 2)],
    ['one of the classes', ending((graph, value) => second(graph, each(graph, value)), 1), 'sigmoid', singles.subarray(1, 2)],
    ['a scale of its own', ending((graph, value) => graph.node('Mul', [second(graph, each(graph, value)), graph.scalar(10)]), 1), 'value', [10 * (singles[1] ?? NaN)]],
  ]; // prettier-ignore
  for (const [name, end, scores, expected] of ends) {
    const { model, run } = await pass(classifier(plain, new Graph(), { end }), 1);
    assert.equal(model.loaded.scores, scores, name);
    assertClose(scoresOf(run.logits, scores), expected, 1e-5);
  }
});

test('features are never classes, whatever their number', async () => {
  const features: Shape['end'][] = [
    (graph, _logits, tokens) => (graph.node('Identity', [tokens], {}, { as: 'last_hidden_state' }), graph.output('last_hidden_state', ['batch', TOKENS, DIM])),
    (graph, logits) => (graph.node('Identity', [logits], {}, { as: 'pooler_output' }), graph.output('pooler_output', ['batch', 3])),
    (graph, logits) => (graph.node('Identity', [logits], {}, { as: 'image_embeds' }), graph.output('image_embeds', ['batch', 3])),
  ]; // prettier-ignore
  for (const end of features) assert.equal((await load(classifier(plain, new Graph(), { end }))).loaded.scores, null);
  // a config that names no classifier says so for any output
  const end: Shape['end'] = (graph, logits) => (graph.node('Identity', [logits], {}, { as: 'output' }), graph.output('output', ['batch', 3])); // prettier-ignore
  const bare = classifier(plain, new Graph(), { end });
  const config = { model_type: 'vit', architectures: ['ViTModel'], hidden_size: DIM, num_attention_heads: HEADS, image_size: SIDE, patch_size: 4 }; // prettier-ignore
  assert.equal((await load(bare, config)).loaded.scores, null);
  assert.equal((await load(bare)).loaded.scores, 'softmax');
  assert.equal((await load(bare, { ...config, architectures: ['ViTForImageClassification'], id2label: { 0: 'a', 1: 'b', 2: 'c' }, problem_type: 'multi_label_classification' })).loaded.scores, 'sigmoid'); // prettier-ignore
});

test('a single logit is a sigmoid, or a value where the config says regression', async () => {
  const end: Shape['end'] = (graph, logits) => {
    graph.node('Slice', [logits, graph.ints([0]), graph.ints([1]), graph.ints([1])], {}, { as: 'logits' });
    graph.output('logits', ['batch', 1]);
  };
  const bytes = classifier(plain, new Graph(), { end });
  assert.equal((await load(bytes)).loaded.scores, 'sigmoid');
  assert.equal((await load(bytes, { problem_type: 'regression', id2label: { 0: 'LABEL_0' } })).loaded.scores, 'value');
});

test('a file with a fixed batch runs any number of pictures', async () => {
  const expected = await pass(classifier(plain), 3);
  for (const batch of [1, 2]) {
    const { run } = await pass(classifier(plain, new Graph(), { batch }), 3);
    assertClose(run.logits, expected.run.logits, 1e-6);
    for (const image of [0, 1, 2]) {
      const layer = { kind: 'attention', layer: 1 } as const;
      assertClose((await run.slice(image, layer)).values, (await expected.run.slice(image, layer)).values, 1e-6);
    }
  }
});

test('a file that leaves its sides open takes the size that is asked for', async () => {
  const model = await load(classifier(plain, new Graph(), { sides: ['height', 'width'] }), undefined, [8, 16]);
  assert.deepEqual(model.inputShape, [3, 8, 16]);
  assert.deepEqual(model.loaded.grid, [2, 4]);
  await assert.rejects(load(classifier(plain), undefined, [8, 16]), /fixed input size/);
});
