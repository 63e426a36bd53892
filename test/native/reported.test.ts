/** Models that were once read wrong, against what timm itself computed (test/golden/reported/README.md). */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { readNpy } from '../../extension/files/npy';
import { openModel } from '../../extension/models/open';
import { assertRunnable } from '../../extension/models/runnable';
import type { Binding } from '../../native/binding';

const ROOT = resolve(import.meta.dirname, '../..');
const REPORTED = join(ROOT, 'test/golden/reported');
const binding = createRequire(import.meta.url)(join(ROOT, 'build/Release/vit_inspector.node')) as Binding;

function largest(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let most = 0;
  for (let i = 0; i < expected.length; i++) most = Math.max(most, Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)));
  return most;
}

for (const name of readdirSync(REPORTED).filter((entry) => statSync(join(REPORTED, entry)).isDirectory())) {
  test(`${name} agrees with timm`, async () => {
    const read = (what: string) => readNpy(readFileSync(join(REPORTED, name, `${what}.npy`)));
    const { architecture, weights, findings, path } = await openModel(join(REPORTED, name), { root: ROOT });
    assertRunnable({ findings, path });
    assert.ok(architecture && weights.kind === 'tensors');
    const model = await binding.load({ architecture, weights, gemm: 'packed', precision: 'fp32', threads: 1 });
    const input = read('input');
    const [batch = 0] = input.shape;
    const run = await model.forward(input.values, batch, { attention: true, tokens: false });
    assert.ok(largest(run.logits, read('logits').values) < 1e-4);
    const attention = read('attention').values;
    const size = attention.length / batch / architecture.depth;
    for (let image = 0; image < batch; image++) {
      for (let layer = 0; layer < architecture.depth; layer++) {
        const from = (image * architecture.depth + layer) * size;
        assert.ok(largest(await run.attention(image, layer), attention.subarray(from, from + size)) < 1e-5);
      }
    }
    run.release();
    model.close();
  });
}
