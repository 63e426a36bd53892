/** What a graph's end says about its answer, which input takes the picture, what an export says of itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerOf, namesClasses, namesFeatures } from '../../extension/onnx/answer';
import { exportedNotes, pictureInput } from '../../extension/onnx/picture';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensorInfo, OnnxValue } from '../../extension/onnx/schema';

const node = (opType: string, inputs: string[], ...outputs: string[]): OnnxNode => ({
  ...{ name: '', opType, domain: '', inputs, outputs },
  attributes: new Map(),
});
const stored = (name: string): [string, OnnxTensorInfo] => [
  name,
  { name, dims: [], dataType: 1, external: false, externalData: new Map(), raw: null },
];
const graph = (nodes: OnnxNode[], more: Partial<OnnxGraph> = {}): OnnxGraph => ({
  ...{ name: '', nodes, inputs: [], outputs: [], initializers: new Map([stored('w')]) },
  ...more,
});
/** Of operators one after the other, the last of which gives `out`; each reads what the one before gives, and these. */
function of(...operators: (string | [string, ...string[]])[]) {
  const nodes = operators.map((operator, i) => {
    const [opType, ...more] = typeof operator === 'string' ? [operator] : operator;
    return node(opType, [`v${i}`, ...more], i === operators.length - 1 ? 'out' : `v${i + 1}`);
  });
  const { output, value, scores, probabilities } = answerOf(graph([...nodes, node('Constant', [], 'c')]), 'out');
  assert.equal(output, 'out');
  return `${value} ${scores}${probabilities ? ' probabilities' : ''}`;
}

test('a graph that ends without a Softmax or Sigmoid is read as it is', () => {
  assert.equal(of('MatMul'), 'out null');
  assert.equal(of('Softmax', 'MatMul'), 'out null');
  assert.deepEqual(answerOf(graph([]), 'out'), { output: 'out', value: 'out', scores: null, probabilities: false });
  assert.deepEqual(answerOf(graph([node('Softmax', [], 'out')]), 'out').value, 'out');
});

test('what enters the Softmax or Sigmoid at the end is what is read', () => {
  assert.equal(of('Softmax'), 'v0 softmax');
  assert.equal(of('MatMul', 'LogSoftmax'), 'v1 softmax');
  assert.equal(of('MatMul', 'Sigmoid'), 'v1 sigmoid');
  for (const same of ['Cast', 'Identity', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'QuantizeLinear', 'DequantizeLinear', 'Clip']) {
    assert.equal(of('Gemm', 'Softmax', same), 'v1 softmax', same);
    assert.equal(of('Gemm', 'Sigmoid', same, same), 'v1 sigmoid', same);
  }
  assert.equal(of('Softmax', 'Relu'), 'out null');
  // a shape before what is reshaped
  assert.equal(answerOf(graph([node('Softmax', ['x'], 'y'), node('Reshape', ['w', 'y'], 'out')]), 'out').value, 'x');
}); // prettier-ignore

test('of what chooses among classes, all of them are read', () => {
  for (const choosing of ['ArgMax', 'ReduceMax', 'TopK']) {
    assert.equal(of('Gemm', 'Softmax', choosing), 'v1 softmax', choosing);
    assert.equal(of('Gemm', choosing), 'v1 null', choosing);
    assert.equal(of('Gemm', choosing, 'Cast'), 'v1 null', choosing);
  }
});

test('a part of the shares, or whole numbers of them, are probabilities one by one', () => {
  for (const taking of ['Slice', 'Gather', 'Split']) {
    assert.equal(of('Gemm', 'Softmax', taking), 'out sigmoid probabilities', taking);
    assert.equal(of('Gemm', 'LogSoftmax', taking), 'out null', taking);
    assert.equal(of('Gemm', taking, 'Softmax'), 'v2 softmax', 'before it, all that is left');
    assert.equal(of('Gemm', 'Softmax', taking, 'TopK'), 'out sigmoid probabilities', taking);
    assert.equal(of('Gemm', 'LogSoftmax', taking, 'TopK'), 'v3 null', taking);
  }
  assert.equal(of('QLinearSoftmax'), 'out sigmoid probabilities');
  assert.equal(of('QLinearSoftmax', 'DequantizeLinear'), 'out sigmoid probabilities');
  assert.equal(of('QLinearSigmoid', 'DequantizeLinear'), 'out sigmoid probabilities');
});

test('scaled by a constant: a share of a Softmax stays one, a Sigmoid is a value of its own', () => {
  for (const scaling of ['Mul', 'Div']) {
    for (const constant of ['w', 'c']) {
      assert.equal(of('Softmax', [scaling, constant]), 'v0 softmax');
      assert.equal(of('Sigmoid', [scaling, constant]), 'out value');
      assert.equal(of('QLinearSoftmax', [scaling, constant]), 'out null');
      assert.equal(of('Softmax', 'Slice', [scaling, constant]), 'out null');
      assert.equal(of('QLinearSigmoid', [scaling, constant]), 'out value');
    }
    assert.equal(of('Softmax', [scaling, 'another']), 'out null');
    assert.equal(of('Sigmoid', 'Relu', [scaling, 'w']), 'out null');
    assert.equal(of('Softmax', [scaling, 'w', '']), 'v0 softmax');
  }
  // the constant may come first
  assert.equal(answerOf(graph([node('Softmax', ['x'], 'y'), node('Mul', ['w', 'y'], 'out')]), 'out').value, 'x');
  assert.equal(answerOf(graph([node('Softmax', ['x'], 'y'), node('Mul', ['w', 'w'], 'out')]), 'out').value, 'out');
});

test('24 operators are looked at, and no more', () => {
  const chain = (length: number) => of('Softmax', ...Array<string>(length).fill('Identity'));
  assert.equal(chain(23), 'v0 softmax');
  assert.equal(chain(24), 'out null');
});

test('an operator with several results', () => {
  const nodes = [node('Softmax', ['x'], 'y'), node('TopK', ['y', 'w'], 'values', 'indices')];
  assert.equal(answerOf(graph(nodes), 'indices').value, 'x');
  assert.equal(answerOf(graph(nodes), 'values').scores, 'softmax');
});

test('names that exporters give', () => {
  for (const name of ['last_hidden_state', 'pooler_output', 'image_embeds', 'features', 'representation', 'LATENT', 'encoder_out', 'tokens']) {
    assert.equal(namesFeatures(name), true, name);
    assert.equal(namesClasses(name), false, name);
  }
  for (const name of ['logits', 'probabilities', 'class_out', 'scores', 'prediction', 'Softmax_0', 'sigmoid', 'pooled_logits']) {
    assert.equal(namesFeatures(name), false, name);
    assert.equal(namesClasses(name), true, name);
  }
  assert.deepEqual([namesFeatures('output'), namesClasses('output')], [false, false]);
}); // prettier-ignore

const input = (name: string, shape: OnnxValue['shape'], elementType = 1): OnnxValue => ({ name, elementType, shape });
const picture = (...inputs: OnnxValue[]) => pictureInput(graph([], { inputs }));

test('the picture goes into the only input that no weight feeds, by its sides', () => {
  const usual = { name: 'x', elementType: 1, channelsLast: false, channels: 3, height: 224, width: 192, batch: null };
  assert.deepEqual(picture(input('x', ['n', 3, 224, 192])), usual);
  assert.deepEqual(picture(input('w', [1]), input('x', ['n', 3, 224, 192])), usual);
  assert.deepEqual(picture(input('x', [2, 1, 224, 192], 10)), { ...usual, elementType: 10, channels: 1, batch: 2 });
  assert.deepEqual(picture(input('x', [4, 224, 192, 3])), { ...usual, channelsLast: true, batch: 4 });
  assert.deepEqual(picture(input('x', [4, 224, 192, 1])), { ...usual, channelsLast: true, channels: 1, batch: 4 });
  // three rows of three channels, or four channels: the usual order
  assert.deepEqual(picture(input('x', [1, 3, 8, 3])), { ...usual, channels: 3, height: 8, width: 3, batch: 1 });
  assert.deepEqual(picture(input('x', [1, 4, 8, 9])), { ...usual, channels: 4, height: 8, width: 9, batch: 1 });
  const unknown = { ...usual, channels: null, height: null, width: null };
  for (const shape of [null, ['', '', '', ''], [0, 0, -1, 0], ['b', 'c', 'h', 'w']])
    assert.deepEqual(picture(input('x', shape)), unknown);
  for (const shape of [[], [3, 224, 224], [1, 1, 3, 224, 224]]) assert.equal(picture(input('x', shape)), null);
  assert.equal(picture(), null);
  assert.equal(picture(input('w', [1, 3, 8, 8])), null);
  assert.equal(picture(input('x', null), input('y', null)), null);
});

const preprocessing = {
  ...{ channels: 3, resize: { kind: 'exact', height: 8, width: 8 }, interpolation: 'bicubic', crop: null, rescale: 1 },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
}; // prettier-ignore
const notes = (text: string | object | undefined) =>
  exportedNotes({
    metadata: new Map(text === undefined ? [] : [['vit_inspector', typeof text === 'string' ? text : JSON.stringify(text)]]),
  } as unknown as OnnxModel); // prettier-ignore

test('what an export says of itself is used as it is, or refused', () => {
  assert.equal(notes(undefined), null);
  assert.deepEqual(notes({ preprocessing }), { preprocessing, labels: null, energyThreshold: undefined });
  const whole = { preprocessing, labels: ['a', 'b'], energyThreshold: -1.5 };
  assert.deepEqual(notes(whole), whole);
  assert.deepEqual(notes({ ...whole, labels: null })!.labels, null);
  const most = Array<string>(2 ** 20).fill('a');
  assert.equal(notes({ preprocessing, labels: most })!.labels!.length, 2 ** 20);
  const refused = (text: string | object, message: string | RegExp) => assert.throws(() => notes(text), { message });
  const labels = 'in its metadata the labels are no list of at most 1048576 names';
  for (const wrong of [{ 0: 'a' }, 'ab', ['a', 1], 7, [...most, 'a']])
    refused({ preprocessing, labels: wrong }, labels);
  for (const wrong of ['1', null, [1]])
    refused({ preprocessing, energyThreshold: wrong }, 'in its metadata the energy threshold is no number');
  refused({ preprocessing: { ...preprocessing, rescale: 0 } }, /^in its metadata rescale is 0, but must be a number/);
  for (const nothing of [{}, '3', 'null', '"text"', { preprocessing: null }, { preprocessing: 'a' }])
    refused(nothing, 'in its metadata channels is nothing, but must be from 1 to 1024');
  refused('{', 'its metadata is not JSON');
  refused('', 'its metadata is not JSON');
  refused('['.repeat(5000), 'its metadata is nested too deep');
});
