/** Every family's fixture through the ONNX export and onnxruntime, against PyTorch's numbers. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { OnnxBackend } from '../../extension/engine/onnx/backend';
import { readNpy, type NpyArray } from '../../extension/files/npy';
import { mapsInOrder, ownOrder, tokensInOrder } from '../../extension/architecture/tokenOrder';
import { withInputSize } from '../../extension/models/inputSize';
import { openModel } from '../../extension/models/open';

const root = path.resolve(__dirname, '../..');
const cases = path.join(root, 'test/golden/cases');
const backend = new OnnxBackend(() => assert.fail('fixtures have weights'));
const { signal } = new AbortController();

const npy = (name: string, file: string): NpyArray => readNpy(readFileSync(path.join(cases, name, file)));

/** Within the absolute tolerance; relative to values above one. */
function assertClose(actual: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < actual.length; i++) {
    const [a, b] = [actual[i] ?? NaN, expected[i] ?? NaN];
    const allowed = tolerance * Math.max(1, Math.abs(b));
    assert.ok(Math.abs(a - b) <= allowed, `${what} [${i}]: ${a} is not ${b}`);
  }
}

for (const name of readdirSync(cases).sort()) {
  test(`${name}: the export run by onnxruntime gives PyTorch's numbers`, async () => {
    const input = npy(name, 'input.npy');
    const [batch = 0, , height = 0, width = 0] = input.shape;
    const shared = path.join(cases, name, 'case.json');
    const { model: from = name } = existsSync(shared)
      ? (JSON.parse(readFileSync(shared, 'utf8')) as { model?: string })
      : {};
    const description = withInputSize(await openModel(path.join(cases, from), { root }), height, width);
    const model = await backend.load(description, { engine: 'onnx', threads: 1, gemm: 'packed', precision: 'fp32' });
    const order = ownOrder(model.loaded.prefixNames, model.loaded.numTokens);
    const run = await model.forward({ input: input.values, batch, attention: true, tokens: true, signal });
    const logits = npy(name, 'logits.npy').values;
    assertClose(run.logits, logits, 1e-4, 'logits');
    // a batch of one is a side of one, which an operator may take for one to leave out
    const first = input.values.subarray(0, input.values.length / batch);
    const alone = await model.forward({ input: first, batch: 1, attention: true, tokens: true, signal });
    assertClose(alone.logits, logits.subarray(0, logits.length / batch), 1e-4, 'logits of one image alone');
    for (const [file, kind, count, tolerance] of [
      ['attention.npy', 'attention', model.loaded.layers, 1e-5],
      ['tokens.npy', 'tokens', model.loaded.layers + 1, 1e-4],
    ] as const) {
      if (!existsSync(path.join(cases, name, file))) continue;
      const expected = npy(name, file).values;
      const size = expected.length / batch / count;
      for (let image = 0; image < batch; image++) {
        for (let layer = 0; layer < count; layer++) {
          const { values: made } = await run.slice(image, { kind, layer });
          const values = order ? (kind === 'tokens' ? tokensInOrder : mapsInOrder)(made, order) : made;
          const at = (image * count + layer) * size;
          assertClose(values, expected.subarray(at, at + size), tolerance, `${kind} of image ${image}, layer ${layer}`);
        }
      }
    }
  });
}
