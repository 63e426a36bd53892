/** Every activation of the table: the addon and ONNX Runtime compute the same numbers of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { activations, NAMED_ACTIVATIONS, TORCH_ACTIVATIONS } from '../../extension/architecture/activations';
import type { Activation } from '../../extension/architecture/description';
import { exportOnnx } from '../../extension/onnx/export';
import { architecture, block, load, maxDifference, picture } from './support';

const ids = Object.keys(activations) as Activation[];

for (const activation of ids)
  test(`${activation} by the addon and by ONNX Runtime`, async () => {
    const arch = architecture({ depth: 1, block: block(24, { activation }) });
    const model = await load(arch);
    const input = picture(arch);
    const run = await model.forward(input, 1, { attention: false, tokens: false });
    const read = (name: string) => {
      try {
        return model.tensor(name);
      } catch {
        return null;
      }
    };
    const graph = Buffer.concat(exportOnnx('test', arch, read, { attention: false, tokens: false }));
    const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const { channels, height, width } = arch.image;
    const results = await session.run({ input: new ort.Tensor('float32', input, [1, channels, height, width]) });
    const logits = results['logits']?.data as Float32Array;
    assert.ok(maxDifference(run.logits, logits) < 1e-5, `${Math.max(...logits)}`);
    await session.release();
    model.close();
  });

test("rrelu evaluates with the mean of torch's bounds, 11/48", async () => {
  const arch = architecture({ depth: 1, block: block(24, { activation: 'rrelu' }) });
  const model = await load(arch);
  const run = await model.forward(picture(arch), 1, { attention: false, tokens: false });
  const before = (await run.step(0, 'blocks.0.mlp.fc1')).values;
  const after = (await run.step(0, 'blocks.0.mlp.act')).values;
  assert.ok(before.some((x) => x < 0));
  assert.ok(
    maxDifference(
      after,
      before.map((x) => (x > 0 ? x : (11 / 48) * x)),
    ) < 1e-7,
  );
});

test('each name means one activation, and each activation has a name somewhere', () => {
  const named = ids.flatMap((id) => activations[id].names ?? []);
  assert.equal(new Set(named).size, named.length);
  const reached = new Set([...Object.values(TORCH_ACTIVATIONS), ...Object.values(NAMED_ACTIVATIONS)]);
  assert.deepEqual(
    ids.filter((id) => !reached.has(id)),
    [],
  );
});
